# The one image of the stack: Airflow, the package with its contracts and policies, DAGs and plugins.
# Nothing secret is read here, and Airflow never runs here: it would write generated keys into a layer.
ARG BASE=python:3.11-slim-bookworm@sha256:a36c24f9cbdf4fd0f52d67f0823eeac19c2028c637cecc392d97f980d4fec56b

FROM ${BASE} AS build
# A mirror in the bureau's own network. One that asks for a password belongs into BASE's pip.conf, not here.
ARG PIP_INDEX_URL
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PATH=/opt/venv/bin:$PATH
RUN python -m venv /opt/venv
COPY requirements.txt /src/
RUN pip install --only-binary :all: --require-hashes -r /src/requirements.txt
COPY . /src
RUN pip install --no-deps --no-build-isolation /src && mkdir -p /src/dags /src/plugins

FROM ${BASE}
ENV PATH=/opt/venv/bin:$PATH \
    LANG=C.UTF-8 \
    PYTHONIOENCODING=utf-8:backslashreplace \
    PYTHONUNBUFFERED=1 \
    AIRFLOW_HOME=/opt/airflow \
    AIRFLOW__CORE__DAGS_FOLDER=/opt/stable-jobs/dags \
    AIRFLOW__CORE__PLUGINS_FOLDER=/opt/stable-jobs/plugins \
    PYTHONPATH=/opt/stable-jobs/plugins \
    AIRFLOW__LOGGING__BASE_LOG_FOLDER=/var/log/airflow \
    AIRFLOW__LOGGING__DAG_PROCESSOR_CHILD_PROCESS_LOG_DIRECTORY=/var/log/airflow/dag_processor \
    STABLE_JOBS_HOME=/srv/stable-jobs
# A new named volume takes over the owner of the folder it is mounted on.
RUN useradd --uid 50000 --user-group --no-create-home --home-dir /opt/airflow --shell /usr/sbin/nologin airflow \
 && install -d -o airflow -g airflow -m 0750 /opt/airflow /var/log/airflow \
        /srv/stable-jobs /srv/stable-jobs/landing /srv/stable-jobs/bank /srv/stable-jobs/bank/answers \
        /srv/stable-jobs/lake /srv/stable-jobs/out
COPY --from=build /opt/venv /opt/venv
COPY --from=build /src/dags /opt/stable-jobs/dags
COPY --from=build /src/plugins /opt/stable-jobs/plugins
WORKDIR /srv/stable-jobs
USER 50000:50000
CMD ["airflow", "version"]
