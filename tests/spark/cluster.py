"""A standalone cluster of this machine, on loopback: master and two workers, by PySpark's distribution."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

import duckdb
import psutil
from pydantic import SecretStr

from stable_jobs.settings import Settings
from stable_jobs.store.engine import Computing
from tests.policy import engines

LOOPBACK = "127.0.0.1"
DEFAULTS = {
    "spark.driver.host": LOOPBACK,
    "spark.driver.bindAddress": LOOPBACK,
    "spark.driver.memory": "1g",
    "spark.executor.memory": "900m",
    "spark.executor.cores": "1",
    "spark.sql.shuffle.partitions": "2",
    "spark.default.parallelism": "2",
    "spark.sql.codegen.cache.maxEntries": "2000",
    "spark.ui.showConsoleProgress": "false",
    "spark.log.level": "ERROR",
}
"""`spark-defaults.conf` of the tests."""
STARTED = re.compile(r"spark://127\.0\.0\.1:\d+")
IGNORED = ("ignore:unclosed <socket:ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
"""py4j leaves the closing of its sockets to the garbage collector."""
PATIENCE = 90
"""Seconds for a daemon to say that it runs."""


@dataclass
class Cluster:
    """A master with its workers. folder: logs, configuration and work of the daemons."""

    folder: Path
    master: str = ""
    daemons: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self, name: str, kind: str, *arguments: str) -> None:
        """Start a daemon and wait until its log says that it is there."""
        import pyspark

        home = Path(pyspark.__file__).parent
        environment = os.environ | {
            "SPARK_HOME": str(home),
            "SPARK_LOCAL_IP": LOOPBACK,
            "SPARK_CONF_DIR": str(self.folder / "conf"),
            "SPARK_DAEMON_MEMORY": "256m",
        }
        command = [str(home / "bin/spark-class"), f"org.apache.spark.deploy.{kind}", "--host", LOOPBACK]
        with (self.folder / f"{name}.log").open("wb") as log:
            self.daemons[name] = subprocess.Popen(
                [*command, "--webui-port", "0", *arguments],
                env=environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def said(self, name: str, words: re.Pattern[str]) -> str:
        """What a daemon's log says, waited for."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            text = (self.folder / f"{name}.log").read_text(errors="replace")
            if found := words.search(text):
                return found[0]
            assert self.daemons[name].poll() is None, text[-3000:]
            time.sleep(0.2)
        raise AssertionError(f"{name} did not say {words.pattern}: {text[-3000:]}")

    def executors(self) -> list[psutil.Process]:
        """The executors that run now, in the order in which they began."""
        found = [
            one
            for daemon in self.daemons.values()
            if daemon.poll() is None
            for one in psutil.Process(daemon.pid).children(recursive=True)
            if "CoarseGrainedExecutorBackend" in " ".join(one.cmdline())
        ]
        return sorted(found, key=lambda one: one.create_time())

    def stop(self) -> None:
        """End every process that was started here, workers first."""
        for daemon in reversed(self.daemons.values()):
            if daemon.poll() is None:
                for one in psutil.Process(daemon.pid).children(recursive=True):
                    one.kill()
                daemon.kill()
            daemon.wait()


@contextmanager
def cluster(
    more: Mapping[str, str] = MappingProxyType({}), workers: int = 2, memory: str = "1g"
) -> Iterator[Cluster]:
    """A running cluster; this process's sessions take its configuration meanwhile."""
    with tempfile.TemporaryDirectory(prefix="stable-jobs-spark-") as name, ExitStack() as stack:
        made = Cluster(Path(name))
        write_defaults(made.folder / "conf", DEFAULTS | dict(more))
        stack.callback(made.stop)
        made.start("master", "master.Master", "--port", "0")
        made.master = made.said("master", STARTED)
        for number in range(workers):
            work = str(made.folder / f"work-{number}")
            share = ("--cores", "1", "--memory", memory, "--work-dir", work, "--port", "0")
            made.start(f"worker-{number}", "worker.Worker", *share, made.master)
        for number in range(workers):
            made.said(f"worker-{number}", re.compile("Successfully registered with master"))
        stack.enter_context(configured(made.folder / "conf"))
        yield made


def write_defaults(folder: Path, values: dict[str, str]) -> None:
    """A folder for SPARK_CONF_DIR."""
    folder.mkdir(parents=True)
    lines = (f"{name} {value}" for name, value in values.items())
    (folder / "spark-defaults.conf").write_text("\n".join(lines) + "\n", encoding="utf-8")


@contextmanager
def configured(folder: Path) -> Iterator[None]:
    """Sessions of this process are configured by that folder."""
    before = {name: os.environ.get(name) for name in ("SPARK_CONF_DIR", "SPARK_LOCAL_IP")}
    os.environ |= {"SPARK_CONF_DIR": str(folder), "SPARK_LOCAL_IP": LOOPBACK}
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value


def spark_settings(home: Path, master: str) -> Settings:
    """Settings of a night that is decided by Spark."""
    unused = SecretStr("postgresql+psycopg://unused")
    return Settings(_env_file=None, home=home, engine="spark", spark_master=master, database_url=unused)


@contextmanager
def computing(master: str) -> Iterator[Computing]:
    """Spark as a night has it, with a lake of its own."""
    with tempfile.TemporaryDirectory(prefix="stable-jobs-spark-home-") as home, duckdb.connect() as con:
        found = Computing(con, spark_settings(Path(home), master))
        try:
            yield found
        finally:
            found.close()


@contextmanager
def beside() -> Iterator[None]:
    """Every world that is decided meanwhile is decided by Spark too, in one process: few rows take less."""
    with tempfile.TemporaryDirectory(prefix="stable-jobs-spark-") as name:
        write_defaults(Path(name) / "conf", DEFAULTS | {"spark.driver.memory": "2g"})
        with configured(Path(name) / "conf"), computing("local[2]") as spark:
            engines.BESIDE.append(spark)
            try:
                yield
            finally:
                engines.BESIDE.pop()
    print(f"\n{engines.DECIDED['worlds']} worlds, {engines.DECIDED['rows']} rows: the same on both engines")
