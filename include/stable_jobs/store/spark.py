"""The session with Spark: where it runs, what it may not be configured to do, how it begins and ends."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING
from uuid import uuid4

from stable_jobs.errors import UsageError, engine_fault
from stable_jobs.settings import Settings

if TYPE_CHECKING:
    import duckdb
    from pyspark.sql import SparkSession

    from stable_jobs.store.spark_backend import SparkBackend

SHARED = "working"
"""The folder of the lake for what is on its way from the executors into one file."""
MEANING = {
    "spark.sql.ansi.enabled": "true",
    "spark.sql.decimalOperations.allowPrecisionLoss": "false",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.caseSensitive": "true",
    "spark.sql.parquet.datetimeRebaseModeInRead": "CORRECTED",
    "spark.sql.parquet.datetimeRebaseModeInWrite": "CORRECTED",
    "spark.sql.files.ignoreCorruptFiles": "false",
    "spark.sql.files.ignoreMissingFiles": "false",
    "spark.sql.execution.arrow.pyspark.enabled": "true",
}
"""The settings of Spark on which a result depends. No configuration of a cluster changes them."""
UNLESS_CONFIGURED = {"spark.ui.enabled": "false", "spark.log.level": "ERROR"}
"""Spark's own pages ask nobody for a login and listen on every address of the machine."""


def open_spark(settings: Settings, con: duckdb.DuckDBPyConnection) -> SparkBackend:
    """A session at STABLE_JOBS_SPARK_MASTER as Ibis sees it.

    con: the DuckDB of this process, which writes the files. UsageError where pyspark is not installed or the
    lake is one that executors cannot reach; StepError where no session begins.
    """
    store = settings.lake_url.partition("://")[0] if "://" in settings.lake_url else "file"
    if store in UNREACHED:
        raise UsageError(
            f"STABLE_JOBS_LAKE={settings.lake_url}: Spark's executors cannot reach a lake of this kind; next:"
            " give a folder that every worker mounts at the same path, or an object store"
        )
    try:
        from stable_jobs.store.spark_backend import SparkBackend
    except ImportError as error:
        raise UsageError(
            f"STABLE_JOBS_ENGINE=spark: {error}; next: install what Spark needs with `make setup-spark`"
            " (requirements-spark.txt)"
        ) from error
    try:
        session = _session(str(settings.spark_master))
    except Exception as error:
        if (fault := engine_fault(error)) is None:
            raise
        raise fault from error
    return SparkBackend.over(session, con, f"{settings.lake_url.rstrip('/')}/{SHARED}/{uuid4().hex}")


UNREACHED = frozenset({"memory", "zip", "tar", "http", "https"})


def _session(master: str) -> SparkSession:
    """A new session; what `spark-defaults.conf` says holds for everything that is not named here."""
    from pyspark import SparkConf
    from pyspark.sql import SparkSession

    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    os.environ.setdefault("PYSPARK_DRIVER_PYTHON", sys.executable)
    configured = SparkConf()
    builder = SparkSession.builder.appName("stable-jobs").master(master)
    for name, value in UNLESS_CONFIGURED.items():
        builder = builder.config(name, configured.get(name, value))
    for name, value in MEANING.items():
        builder = builder.config(name, value)
    return builder.getOrCreate()


def close_spark(backend: SparkBackend) -> None:
    """End the session and its Java process; remove what stood in the lake on its way into files."""
    from pyspark import SparkContext

    gateway = SparkContext._gateway
    try:
        backend.close()
    finally:
        backend.disconnect()
        # Otherwise the next session would ask the process that ends here.
        SparkContext._gateway = SparkContext._jvm = None
        gateway.shutdown()
        gateway.proc.stdin.close()  # by which it knows that it is to end
        gateway.proc.wait(SECONDS_TO_END)


SECONDS_TO_END = 60
