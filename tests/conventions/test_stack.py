"""The stack's files: every service, no secret and no default for one, nothing in the open, one image."""

from __future__ import annotations

import copy
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import URL, create_engine, text
from sqlalchemy.pool import NullPool

from tests.databases import run_sql

ROOT = Path(__file__).parents[2]
COMPOSE = ROOT / "docker-compose.yml"
STACK: dict[str, Any] = yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = STACK["services"]
AIRFLOW = ("init", "api-server", "scheduler", "dag-processor", "triggerer", "worker")
SECRETS = {
    "POSTGRES_PASSWORD",
    "STABLE_JOBS_APP_PASSWORD",
    "STABLE_JOBS_READER_PASSWORD",
    "AIRFLOW_DB_PASSWORD",
    "AIRFLOW_JWT_SECRET",
    "AIRFLOW_SECRET_KEY",
    "AIRFLOW_FERNET_KEY",
    "REDIS_PASSWORD",
    "AIRFLOW_ADMIN_PASSWORD",
}
REQUIRED = re.compile(r"\$\{([A-Z0-9_]+):\?[^}]+\}")
OPTIONAL = re.compile(r"\$\{([A-Z0-9_]+)(?::?-[^}]*)?\}")
SECRET_NAME = re.compile(r"PASSWORD|SECRET|_KEY$|_AUTH$|TOKEN")
URL_PASSWORD = re.compile(r"://[^/@\s]*:([^/@\s]*)@")
SPECIFICATION: dict[str, type] = {
    **dict.fromkeys(("build", "depends_on", "environment", "healthcheck", "logging"), dict),
    **dict.fromkeys(("cap_add", "cap_drop", "command", "ports", "security_opt", "tmpfs", "volumes"), list),
    **dict.fromkeys(("image", "mem_limit", "restart", "shm_size", "stop_grace_period", "user"), str),
    **dict.fromkeys(("init", "read_only"), bool),
}
"""What the compose specification lets a service have, as far as this stack uses it, and of which type."""
CONDITIONS = {"service_started", "service_healthy", "service_completed_successfully"}


def strings(node: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Every text in a parsed document with where it stands."""
    if isinstance(node, str):
        yield path, node
    elif isinstance(node, dict):
        for key, value in node.items():
            yield from strings(value, f"{path}.{key}")
    elif isinstance(node, list):
        for at, value in enumerate(node):
            yield from strings(value, f"{path}.{at}")


def literal_secrets(stack: dict[str, Any]) -> list[str]:
    """Where a secret stands otherwise than as `${NAME:?…}`: by its variable's name, or within a URL."""
    found = []
    for path, value in strings(stack):
        name = path.rsplit(".", 1)[-1]
        is_variable = ".environment." in path or path.startswith(".x-environment.")
        if is_variable and SECRET_NAME.search(name) and not REQUIRED.fullmatch(value):
            found.append(path)
        blanked = REQUIRED.sub("<required>", value)
        found += [path for password in URL_PASSWORD.findall(blanked) if password != "<required>"]
        found += [path for known in SECRETS if re.search(rf"\$\{{{known}(?!:\?)", value)]
    return found


def published(stack: dict[str, Any]) -> dict[str, list[str]]:
    """Service → its ports on the host, with the defaults put in."""
    services = stack["services"].items()
    return {
        name: [re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", port) for port in service.get("ports", [])]
        for name, service in services
        if "ports" in service or service.get("network_mode") == "host"
    }


def test_the_stack_has_its_services() -> None:
    assert set(SERVICES) == {"postgres", "redis", *AIRFLOW}


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_written_as_compose_reads_it(name: str) -> None:
    service = SERVICES[name]

    assert {key: value for key, value in service.items() if not isinstance(value, SPECIFICATION[key])} == {}
    assert {one["condition"] for one in service.get("depends_on", {}).values()} <= CONDITIONS
    assert set(service.get("depends_on", {})) <= set(SERVICES)
    for volume in service.get("volumes", []):
        source = volume["source"] if isinstance(volume, dict) else volume.rsplit(":/", 1)[0]
        named = re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", source)
        assert named.startswith((".", "/")) or named in STACK["volumes"], volume


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_may_do_no_more_than_it_must(name: str) -> None:
    service = SERVICES[name]

    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert set(service.get("cap_add", [])) == (
        {"CHOWN", "DAC_OVERRIDE", "FOWNER", "SETGID", "SETUID"} if name == "postgres" else set()
    )
    assert "no-new-privileges:true" in service["security_opt"]
    assert {"mem_limit", "logging", "stop_grace_period"} <= set(service)
    assert service["logging"]["options"] == {"max-size": "10m", "max-file": "5"}


@pytest.mark.parametrize("name", sorted(set(SERVICES) - {"init"}))
def test_a_service_that_stays_is_watched_and_comes_back(name: str) -> None:
    assert SERVICES[name]["restart"] == "unless-stopped"
    assert SERVICES[name]["healthcheck"]["test"][0] in ("CMD", "CMD-SHELL")


@pytest.mark.parametrize("name", sorted(set(AIRFLOW) - {"init"}))
def test_nothing_of_airflow_starts_before_init_has_ended_well(name: str) -> None:
    assert SERVICES[name]["depends_on"]["init"] == {"condition": "service_completed_successfully"}
    assert SERVICES["init"]["restart"] == "no"
    assert SERVICES["init"]["depends_on"] == {"postgres": {"condition": "service_healthy"}}


def test_no_secret_is_written_down() -> None:
    assert literal_secrets(STACK) == []


@pytest.mark.parametrize(
    ("service", "variable", "value"),
    [
        pytest.param("redis", "REDISCLI_AUTH", "changeme", id="a literal"),
        pytest.param("postgres", "POSTGRES_PASSWORD", "${POSTGRES_PASSWORD:-postgres}", id="a default"),
        pytest.param("postgres", "POSTGRES_PASSWORD", "${POSTGRES_PASSWORD}", id="empty when missing"),
        pytest.param("worker", "BROKER", "redis://:guest@redis:6379/0", id="in a URL"),
        pytest.param("worker", "BROKER", "redis://:${REDIS_PASSWORD}@redis", id="unset in a URL"),
        pytest.param("worker", "AIRFLOW__CORE__FERNET_KEY", "", id="empty"),
    ],
)
def test_a_secret_written_down_is_found(service: str, variable: str, value: str) -> None:
    stack = copy.deepcopy(STACK)
    stack["services"][service]["environment"][variable] = value

    assert literal_secrets(stack) != []


def test_exactly_these_secrets_are_required() -> None:
    assert {name for _, value in strings(STACK) for name in REQUIRED.findall(value)} == SECRETS


def test_the_example_names_every_secret_and_fills_none() -> None:
    lines = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    settings = [line for line in lines if line and not line.startswith("#")]

    assert sorted(settings) == sorted(f"{name}=" for name in SECRETS)


def test_the_example_names_every_other_setting_and_its_default() -> None:
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    named = set(re.findall(r"^# ([A-Z_]+)=", example, re.MULTILINE))
    optional = {name for _, value in strings(STACK) for name in OPTIONAL.findall(value)}
    unset = re.findall(r"^ +([A-Z_]+):(?: #.*)?$", COMPOSE.read_text(encoding="utf-8"), re.MULTILINE)

    assert named == optional | set(unset)


def test_only_the_api_server_is_published_and_only_here() -> None:
    assert published(STACK) == {"api-server": ["127.0.0.1:8080:8080"]}


@pytest.mark.parametrize("name", AIRFLOW)
def test_airflow_runs_from_one_image_with_one_set_of_keys(name: str) -> None:
    service, scheduler = SERVICES[name], SERVICES["scheduler"]

    assert service["image"] == scheduler["image"]
    assert ("build" in service) is (name == "init")
    assert scheduler["environment"].items() <= service["environment"].items()


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("AIRFLOW__CORE__EXECUTOR", "CeleryExecutor"),
        ("AIRFLOW__CORE__LOAD_EXAMPLES", "false"),
        ("AIRFLOW__CORE__EXECUTION_API_SERVER_URL", "http://api-server:8080/execution/"),
        ("GX_ANALYTICS_ENABLED", "false"),
        ("TZ", "Asia/Shanghai"),
        (
            "AIRFLOW__CORE__AUTH_MANAGER",
            "stable_jobs_auth.NamedFabAuthManager",
        ),
    ],
)
def test_airflow_is_set_up_for_the_stack(variable: str, value: str) -> None:
    assert SERVICES["scheduler"]["environment"][variable] == value


def test_only_these_reach_the_business_database_and_only_init_as_its_owner() -> None:
    urls = {
        name: service["environment"]["STABLE_JOBS_DATABASE_URL"]
        for name, service in SERVICES.items()
        if "STABLE_JOBS_DATABASE_URL" in service["environment"]
    }

    assert set(urls) == {"init", "worker", "api-server"}
    for name in ("worker", "api-server"):
        assert urls[name].startswith("postgresql+psycopg://stable_jobs_app:")


def test_the_review_pages_read_lake_and_lists_and_write_neither() -> None:
    volumes = SERVICES["api-server"]["volumes"]
    scratch = [one for one in SERVICES["api-server"]["tmpfs"] if one.startswith("/srv/stable-jobs:")]

    assert volumes == [
        "logs:/var/log/airflow",
        "lake:/srv/stable-jobs/lake:ro",
        "${STACK_OUT:-out}:/srv/stable-jobs/out:ro",
    ]
    assert [re.findall(r"size=(\w+)", one)[0] for one in scratch] == ["512m"]
    assert set(SERVICES["scheduler"]["tmpfs"]) < set(SERVICES["api-server"]["tmpfs"])


def test_init_makes_the_roles_once_there_are_tables_for_them() -> None:
    lines = [line.strip() for line in shell().splitlines()]

    assert lines.index("python -m stable_jobs_roles") > lines.index("airflow db migrate")


def test_departments_files_are_only_read() -> None:
    mounts = [volume for volume in SERVICES["worker"]["volumes"] if isinstance(volume, dict)]

    assert [(m["target"], m["read_only"]) for m in mounts] == [
        ("/srv/stable-jobs/landing", True),
        ("/srv/stable-jobs/bank/answers", True),
    ]


def test_the_image_is_built_without_secrets_and_runs_as_nobody_special() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    default = SERVICES["init"]["build"]["args"]["BASE"]

    assert re.findall(r"^ARG BASE=(\S+)$", dockerfile, re.MULTILINE) == re.findall(r":-([^}]+)\}", default)
    assert re.findall(r"^USER (\d+):\d+$", dockerfile, re.MULTILINE)[-1:] == ["50000"]
    assert all("uid=50000," in SERVICES[name]["tmpfs"][0] for name in AIRFLOW)
    assert SECRET_NAME.search(re.sub(r"#.*", "", dockerfile)) is None


def test_every_image_from_elsewhere_is_pinned_by_digest() -> None:
    """A tag is what its publisher makes of it next week."""
    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    defaults = re.findall(r"\$\{STACK_(?:BASE|POSTGRES_IMAGE|REDIS_IMAGE):-([^}]+)\}", text)
    asked = re.findall(r"^# STACK_(?:BASE|POSTGRES_IMAGE|REDIS_IMAGE)=(.+)$",
                       (ROOT / ".env.example").read_text(encoding="utf-8"), re.MULTILINE)  # fmt: skip

    assert len(defaults) == 3
    assert sorted(asked) == sorted(defaults)
    assert [one for one in defaults if not re.fullmatch(r"[a-z]+:[0-9a-z.-]+@sha256:[0-9a-f]{64}", one)] == []


def test_the_build_sees_only_what_the_image_is_made_of() -> None:
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]

    assert rules[0] == "*"
    assert {rule[1:] for rule in rules if rule.startswith("!")} == {
        *("requirements.txt", "pyproject.toml", "setup.py", "README.md", "include", "dags", "plugins")
    }


def shell() -> str:
    """Init's shell script as bash gets it."""
    return str(SERVICES["init"]["command"][-1]).replace("$$", "$")


CHECK, ROLES = re.findall(r"<<'END'\n(.*?)^END$", shell(), re.DOTALL | re.MULTILINE)
"""Init's two Python programs: the one that refuses secrets and the one that makes roles."""


def run_python(script: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """A program as init runs it: by standard input."""
    together = {**os.environ, **environment}
    return subprocess.run([sys.executable, "-"], input=script, env=together, capture_output=True, text=True)


def good_secrets() -> dict[str, str]:
    return {name: (name.replace("_", "-") + "=" * 64)[:64] for name in SECRETS}


def test_init_takes_good_secrets() -> None:
    done = run_python(CHECK, good_secrets())

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(pytest.param(name, "short", id=f"short {name}") for name in sorted(SECRETS)),
        pytest.param("AIRFLOW_JWT_SECRET", "x" * 63, id="63 bytes sign no token"),
        pytest.param("REDIS_PASSWORD", "p@ss:w/rd?" * 4, id="what a URL would misread"),
        pytest.param("POSTGRES_PASSWORD", "x" * 30 + "\n", id="a line's end"),
        pytest.param("REDIS_PASSWORD", good_secrets()["POSTGRES_PASSWORD"], id="one secret for two"),
    ],
)
def test_init_refuses_a_bad_secret_without_showing_it(name: str, value: str) -> None:
    done = run_python(CHECK, {**good_secrets(), name: value})

    assert done.returncode == 1
    assert "secrets" in done.stderr or name in done.stderr
    assert value not in done.stderr


def test_init_makes_the_roles_and_sets_their_passwords_again(postgres_url: URL) -> None:
    server = {"PGHOST": str(postgres_url.query["host"]), "PGUSER": str(postgres_url.username)}

    verifiers = []
    for _ in range(2):
        done = run_python(ROLES, {**server, **good_secrets()})
        assert (done.returncode, done.stderr) == (0, "")
        verifiers.append(passwords_of_roles(postgres_url))

    assert set(verifiers[0]) == {"airflow", "stable_jobs_app", "stable_jobs_reader"}
    assert all(one.startswith("SCRAM-SHA-256$") for one in verifiers[0].values())
    assert verifiers[0] != verifiers[1]
    run_sql(
        postgres_url,
        "DROP DATABASE airflow",
        "DROP ROLE airflow",
        "ALTER ROLE stable_jobs_app PASSWORD NULL",
        "ALTER ROLE stable_jobs_reader PASSWORD NULL",
    )


def passwords_of_roles(server: URL) -> dict[str, str]:
    """Role → what the server keeps of its password."""
    engine = create_engine(server, poolclass=NullPool)
    with engine.connect() as connection:
        kept = "SELECT rolname, rolpassword FROM pg_authid WHERE rolpassword IS NOT NULL AND NOT rolsuper"
        found = {row.rolname: row.rolpassword for row in connection.execute(text(kept))}
    engine.dispose()
    return found


def test_inits_shell_script_is_whole_and_names_no_secret_in_an_argument() -> None:
    bash = subprocess.run(["bash", "-n"], input=shell(), capture_output=True, text=True)
    outside = re.sub(r"<<'END'\n.*?^END$", "", shell(), flags=re.DOTALL | re.MULTILINE)
    naming = [line for line in outside.splitlines() if SECRET_NAME.search(line)]

    assert (bash.returncode, bash.stderr) == (0, "")
    assert all(line.startswith("printf ") and line.endswith("|") for line in naming), naming
    assert "$" not in re.sub(r"\$\$", "", str(SERVICES["redis"]["command"]))


def has_compose() -> bool:
    """Whether this machine has `docker compose`. Reading a file needs no engine."""
    if shutil.which("docker") is None:
        return False
    return subprocess.run(["docker", "compose", "version"], capture_output=True).returncode == 0


def compose_config(tmp_path: Path, secrets: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """`docker compose config` with exactly these secrets, whatever the environment says."""
    (tmp_path / ".env").write_text("".join(f"{name}={value}\n" for name, value in secrets.items()))
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "DOCKER_CONFIG")}
    command = ["docker", "compose", "-f", str(COMPOSE), "--env-file", str(tmp_path / ".env"), "config", "-q"]
    return subprocess.run(command, env=kept, capture_output=True, text=True)


def accepts(secrets: dict[str, str]) -> bool:
    """What compose does with `${NAME:?…}`, for a machine that has no compose."""
    return all(secrets.get(name) for _, value in strings(STACK) for name in REQUIRED.findall(value))


@pytest.mark.parametrize("missing", [None, *sorted(SECRETS)])
def test_compose_takes_the_file_with_all_secrets_and_only_then(missing: str | None, tmp_path: Path) -> None:
    secrets = {**good_secrets(), **({} if missing is None else {missing: ""})}

    assert accepts(secrets) is (missing is None)
    if has_compose():
        done = compose_config(tmp_path, secrets)
        assert (done.returncode == 0) is (missing is None), done.stderr
        assert missing is None or missing in done.stderr


def test_airflows_executor_works_with_the_pinned_celery(tmp_path: Path) -> None:
    program = "import airflow.providers.celery.executors.celery_executor_utils"
    home = {"AIRFLOW_HOME": str(tmp_path), "AIRFLOW__CORE__EXECUTOR": "CeleryExecutor"}
    done = run_python(program, home)

    assert done.returncode == 0, done.stderr[-2000:]
