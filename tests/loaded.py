"""What a command line of a night imports, for the process that others are forked from (`run_loaded`)."""

from importlib import import_module

from stable_jobs.validation.run import load_expectations

for name in ("cli.main", "night.steps", "disbursement.steps", "night.questions"):
    import_module(f"stable_jobs.{name}")
import_module("ibis.backends.duckdb")
load_expectations()
