"""Run as a program: Airflow is loaded once, and every program that is asked for runs in a fork of it.

One line of standard input asks for a program. The next line of standard output that begins with `ended` says
its exit code; Airflow logs there too.
"""

from __future__ import annotations

import json
import os
import sys
import traceback

import airflow.sdk  # noqa: F401  # what Airflow itself loads before it reads a file
from airflow.models.serialized_dag import SerializedDagModel  # noqa: F401  # what the programs load
from airflow.providers.standard.decorators import python, sensor  # noqa: F401
from airflow.providers.standard.operators import hitl  # noqa: F401
from airflow.serialization.serialized_objects import DagSerialization  # noqa: F401


def main() -> None:
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            run(**json.loads(line))
        _, status = os.waitpid(child, 0)
        print("ended", os.waitstatus_to_exitcode(status), flush=True)


def run(source: str, arguments: list[str], environment: dict[str, str], folder: str, told: list[str]) -> None:
    """The body of the child: never returns. told: the files of its standard output and error."""
    for number, path in enumerate(told, 1):
        os.dup2(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC), number)
    code = 1
    try:
        os.environ.update(environment)
        os.chdir(folder)
        sys.argv = ["program", *arguments]
        exec(compile(source, "program", "exec"), {"__name__": "__main__"})
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    main()
