.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
SPARK := $(VENV)/.installed-spark
SQL := include/stable_jobs/ledger/sql include/stable_jobs/store/schema
TEST := $(BIN)/python -m pytest -n 3 --dist loadgroup -m "not long and not spark"
COVERAGE := tests/coverage.txt
PEERS := .venv-bench
PEERS_STAMP := $(PEERS)/.installed
TIER ?= prefecture
DATE ?= 2020-05-11
LATER ?= 2020-05-19
# A proxy or mirror is taken from pip's own configuration.
UV := $(BIN)/uv
# One lock for every supported Python: what only one of them needs has a marker.
LOCK := $(UV) pip compile --quiet --no-annotate --no-header --generate-hashes --universal --python-version 3.11

.PHONY: help setup setup-spark demo night run up test test-long test-peers test-spark coverage check format lock digests messages schema dictionary docs bench bench-batch bench-ledger bench-peers bench-review bench-spark clean

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

setup: $(STAMP) ## a virtual environment in .venv with everything pinned

$(STAMP): requirements.txt requirements-dev.txt requirements-uv.txt pyproject.toml demo/pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null || \
		{ echo "Python 3.11, 3.12 or 3.13 is needed as '$(PYTHON)'; set PYTHON=/path/to/python3"; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	test -x $(UV) || $(BIN)/python -m pip install --quiet --disable-pip-version-check --only-binary :all: \
		--require-hashes -r requirements-uv.txt
	$(UV) pip install --quiet --compile-bytecode --only-binary :all: --require-hashes --python $(BIN)/python \
		-r requirements-dev.txt
	$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable . \
		--editable ./demo
	touch $@

setup-spark: $(SPARK) ## what STABLE_JOBS_ENGINE=spark needs, into the same environment; Java 17 or 21 is to be there

# PySpark comes as a source archive without code to compile: this environment's own setuptools unpacks it.
$(SPARK): $(STAMP) requirements-spark.txt
	$(UV) pip install --quiet --require-hashes --no-deps --no-build-isolation --python $(BIN)/python \
		-r requirements-spark.txt
	touch $@

demo: setup ## five cities' extracts for DATE and LATER under var/landing, and the answer keys
	$(BIN)/stable-jobs demo --date $(DATE) --date $(LATER)

night: setup ## demo, then the night of DATE: decisions, lists and the validation report under var/out
	test -e var/demo/expected-$(LATER).json || $(BIN)/stable-jobs demo --date $(DATE) --date $(LATER)
	$(BIN)/stable-jobs night --date $(DATE)

run: setup ## demo, then both nights in a real Airflow, on to the bank's answer; stops everything at the end
	test -e var/demo/expected-$(LATER).json || $(BIN)/stable-jobs demo --date $(DATE) --date $(LATER)
	exec $(BIN)/stable-jobs airflow run --date $(DATE) --date $(LATER) --bank-stand-in

up: setup ## demo, then Airflow in the browser until Ctrl-C: http://127.0.0.1:8080
	test -e var/demo/expected-$(LATER).json || $(BIN)/stable-jobs demo --date $(DATE) --date $(LATER)
	exec $(BIN)/stable-jobs airflow up

test: setup ## every test but the long ones; prints the coverage that `make coverage` found last
	$(TEST)
	@cat $(COVERAGE) 2>/dev/null || echo "Branch coverage: not measured yet (make coverage)"

# What a test starts as a program of its own is not measured, so the figure is lower than what the tests run.
coverage: setup ## `make test` with branch coverage: two thirds more processor time, so a target of its own
	$(TEST) --cov --cov-report=
	@share=$$($(BIN)/coverage report --format=total --precision=1) && \
		echo "Branch coverage: $$share % in the tests' own processes, $$(date -u +%F), $$(git rev-parse --short HEAD)" \
		| tee $(COVERAGE)

test-long: setup ## kills, planted faults, a real Airflow killed, doubled and backfilled, then Spark: hours
	$(BIN)/python -m pytest -m long
	$(MAKE) test-spark

test-spark: setup-spark ## Spark beside DuckDB, on a cluster of this machine: each difference, whole nights, a lost worker
	$(BIN)/python -m pytest -m spark
	$(BIN)/python -m pytest -m "not long and not spark" --engine spark tests/policy tests/test_compare.py

check: setup ## ruff, ruff format, sqlfluff, mypy --strict, import directions, declared dependencies, spelling
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/sqlfluff lint --disable-progress-bar $(SQL)
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/deptry . --config deptry.toml --no-ansi
	$(BIN)/typos

format: setup ## apply ruff's formatting
	$(BIN)/ruff format .

lock: setup ## compile the pins from requirements*.in, every file's hash with them
	$(LOCK) requirements.in -o requirements.txt
	$(LOCK) requirements-dev.in -o requirements-dev.txt
	$(LOCK) requirements-uv.in -o requirements-uv.txt
	$(LOCK) requirements-bench.in -o requirements-bench.txt
	$(LOCK) -c requirements.txt requirements-spark.in -o requirements-spark.txt

digests: ## ask the registry for the digests of the stack's images; to be compared with docker-compose.yml
	@for image in $$(sed -nE 's/^.*:-([a-z]+:[0-9a-z.-]+)@sha256:.*$$/\1/p' docker-compose.yml); do \
		echo "$$image@$$(docker buildx imagetools inspect $$image --format '{{.Manifest.Digest}}')"; \
	done

schema: setup ## describe the database of the newest migration, for `ledger verify`
	$(BIN)/python -m stable_jobs.store.schema_check

dictionary: setup ## regenerate docs/reference/data-dictionary.md from the contracts
	$(BIN)/python -m stable_jobs.contracts.dictionary > docs/reference/data-dictionary.md

docs: setup ## the documentation as a site in build/site, without the network; fails on any warning
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

messages: setup ## collect the sentences of the pages into the Chinese catalog and compile it
	mkdir -p build
	cd include/stable_jobs/rendering && $(abspath $(BIN))/pybabel -q extract -F babel.cfg --omit-header \
		--no-location --sort-output --no-wrap -o $(abspath build)/messages.pot .
	$(BIN)/pybabel -q update -i build/messages.pot -d include/stable_jobs/rendering/locale -l zh \
		--no-wrap --ignore-obsolete --no-fuzzy-matching --ignore-pot-creation-date
	$(BIN)/pybabel -q compile -d include/stable_jobs/rendering/locale

bench: setup ## seconds and peak memory per step beside the floor; TIER=county|prefecture|big_city|province
	$(BIN)/python -m bench.night --tier $(TIER)

bench-batch: setup ## seconds and peak memory of a batch of 300,000 payment lines; fails over 30 s or 500 MB
	$(BIN)/python -m bench.batch

bench-ledger: setup ## microseconds a unit per step of the ledger, 300,000 units that are all due, median of three
	$(BIN)/python -m bench.ledger

bench-review: setup ## milliseconds of each review page over a province's night, and the server's memory
	$(BIN)/python -m bench.review

# An environment of their own, so that the product is measured as it is installed.
$(PEERS_STAMP): $(STAMP) requirements-bench.txt
	test -x $(PEERS)/bin/python || $(PYTHON) -m venv $(PEERS)
	$(UV) pip install --quiet --compile-bytecode --only-binary :all: --no-binary pyspark --require-hashes \
		--build-constraints requirements-bench.txt --python $(PEERS)/bin/python -r requirements-bench.txt
	touch $@

bench-peers: $(PEERS_STAMP) ## the night beside pandas, PostgreSQL, Polars and Spark; needs Java 17; writes bench/README.md
	$(BIN)/python -m bench.peers.compare --tier $(TIER)

test-peers: $(PEERS_STAMP) ## whether the peers pay what the product pays, with sound and with rejected rows; needs Java 17
	$(BIN)/python -m pytest bench/peers/test_agreement.py

bench-spark: setup-spark ## the decision of one TIER by DuckDB, by Spark in one process and by a cluster of two workers
	$(BIN)/python -m bench.spark --tier $(TIER)

clean: ## remove the environment, caches and var/
	rm -rf $(VENV) $(PEERS) var build .coverage* demo/build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache include/*.egg-info demo/*.egg-info
