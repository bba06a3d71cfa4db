"""What processes that a test starts have in common, and the command line with its modules loaded already."""

from __future__ import annotations

import atexit
import multiprocessing
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from functools import cache
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import IO

LOADED = "tests.loaded"


def heed_signals() -> None:
    """For `preexec_fn`: started in a shell's background or by nohup, tests and their children ignore some."""
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


def output_of(process: subprocess.Popen[str]) -> IO[str]:
    """The standard output of a process that was started with a pipe for it."""
    assert process.stdout is not None
    return process.stdout


def tell(process: subprocess.Popen[str], said: str) -> None:
    """Write to the standard input of a process that was started with a pipe for it."""
    assert process.stdin is not None
    process.stdin.write(said)
    process.stdin.flush()


def run_loaded(
    arguments: Sequence[str], environment: Mapping[str, str], said: str | None = None
) -> subprocess.CompletedProcess[str]:
    """`stable-jobs` in a process of its own that was forked with its modules loaded.

    Each saves four seconds of processor time; everything else is as if the program had been started. said:
    what stands on its standard input.
    """
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder, name) for name in ("in", "out", "err")]
        files[0].write_text(said or "", encoding="utf-8")
        given = ([*arguments], dict(environment), str(Path.cwd()), [str(file) for file in files])
        process = _server().Process(target=_become, args=given)
        process.start()
        process.join()
        told = (file.read_text(encoding="utf-8") for file in files[1:])
        return subprocess.CompletedProcess(["stable-jobs", *arguments], process.exitcode or 0, *told)


@cache
def _server() -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([LOADED])
    return context


def _become(arguments: list[str], environment: dict[str, str], folder: str, files: list[str]) -> None:
    """The body of the child: never returns."""
    for number, file in enumerate(files):
        opened = os.open(file, os.O_RDWR | os.O_CREAT)
        os.dup2(opened, number)
        os.close(opened)
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115  # lives as long as the process
    assert LOADED in sys.modules, "the server of processes could not load the command line"
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    sys.argv = ["stable-jobs", *arguments]
    from stable_jobs.cli.main import main

    try:
        main()
    finally:
        atexit._run_exitfuncs()
