"""Being told to end, in processes of their own: in plain code, in a query, and while putting away."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

import stable_jobs
from stable_jobs.store.embedded import signals_unwind, signals_wait
from tests.processes import output_of

ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(stable_jobs.__file__).parents[1])}
FRAME = """
import signal, sys, time
from stable_jobs.store.embedded import signals_unwind, signals_wait
{before}
try:
    with signals_unwind():
        try:
            print("in", flush=True)
            {work}
        finally:
            with signals_wait():
                {put_away}
                print("put away", flush=True)
finally:
    print("out", flush=True)
"""
WAIT = "time.sleep(60)"
QUERY = (
    "import duckdb; con = duckdb.connect(); "
    "[con.execute('SELECT count(*) FROM range(100000000) WHERE hash(range) % 7 = 0').fetchone()"
    " for _ in iter(int, 1)]"
)
"""One query after another for ever: one that the main thread computes hears a signal only when it ends."""
HEEDED = (
    "signal.signal(signal.SIGINT, signal.default_int_handler); signal.signal(signal.SIGHUP, signal.SIG_DFL)"
)
"""A shell that started the tests in its background, or `nohup`, had them ignored."""
IGNORED = "signal.signal(signal.SIGINT, signal.SIG_IGN)"


def told(number: int, work: str, before: str = "", put_away: str = "pass") -> tuple[list[str], int]:
    return told_with_errors(number, work, before, put_away, subprocess.DEVNULL)[:2]


def told_with_errors(
    number: int, work: str, before: str = "", put_away: str = "pass", stderr: int = subprocess.PIPE
) -> tuple[list[str], int, str]:
    program = FRAME.format(before=before, work=work, put_away=put_away)
    process = subprocess.Popen(
        [sys.executable, "-c", program],
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=stderr,
        text=True,
    )
    assert output_of(process).readline() == "in\n"
    threading.Timer(0.3, process.send_signal, (number,)).start()
    try:
        said, errors = process.communicate(timeout=30)
    finally:
        with process:
            process.kill()
    lines = said.split("\n")[:-1]
    return lines, process.returncode, errors


@pytest.mark.parametrize(
    ("number", "work", "before"),
    [
        pytest.param(signal.SIGTERM, WAIT, "", id="SIGTERM in plain code"),
        pytest.param(signal.SIGHUP, WAIT, HEEDED, id="SIGHUP in plain code"),
        pytest.param(signal.SIGTERM, QUERY, "", id="SIGTERM in a query"),
        pytest.param(signal.SIGHUP, QUERY, HEEDED, id="SIGHUP in a query"),
        pytest.param(signal.SIGTERM, QUERY, IGNORED, id="SIGTERM in a query, in the background"),
    ],
)
def test_the_block_ends_in_order(number: int, work: str, before: str) -> None:
    assert told(number, work, before) == (["put away", "out"], 128 + number)


def test_sigint_ends_a_query_in_order() -> None:
    said, status = told(signal.SIGINT, QUERY, HEEDED)
    assert said == ["put away", "out"]
    assert status != 0


def test_putting_away_is_not_disturbed() -> None:
    raised = "[signal.raise_signal(n) for n in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)]"
    assert told(signal.SIGTERM, WAIT, put_away=raised) == (["put away", "out"], 128 + signal.SIGTERM)


FINALISER = """
            class Ends:
                def __del__(self):
                    signal.raise_signal(signal.SIGTERM)
            Ends()
            time.sleep(60)
"""


def test_a_signal_in_a_finaliser_is_told_again_and_says_nothing() -> None:
    said, status, errors = told_with_errors(signal.SIGURG, FINALISER.strip())
    assert (said, status, errors) == (["put away", "out"], 128 + signal.SIGTERM, "")


MISSED = """
            import os, threading
            signal.siginterrupt(signal.SIGTERM, False)
            threading.Timer(0.5, signal.siginterrupt, (signal.SIGTERM, True)).start()
            os.read(os.pipe()[0], 1)
"""
"""The system takes the call up again after the signal, as if that had come just before the call."""


def test_a_signal_that_comes_just_before_a_system_call_ends_the_block() -> None:
    assert told(signal.SIGTERM, MISSED.strip()) == (["put away", "out"], 128 + signal.SIGTERM)


def test_a_wakeup_descriptor_is_as_before() -> None:
    before = signal.set_wakeup_fd(-1)
    with signals_unwind():
        pass
    assert signal.set_wakeup_fd(before) == -1


def test_a_handler_of_someone_else_stays() -> None:
    before = "signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))"
    assert told(signal.SIGTERM, WAIT, before) == (["put away", "out"], 7)


@pytest.fixture
def _deadly() -> Iterator[None]:
    """The session's own server has put its handlers there."""
    before = {n: signal.signal(n, signal.SIG_DFL) for n in (signal.SIGTERM, signal.SIGHUP)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("_deadly")
@pytest.mark.parametrize("block", [signals_unwind, signals_wait])
def test_handlers_are_as_before(block: Callable[[], AbstractContextManager[None]]) -> None:
    numbers = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)
    before = [signal.getsignal(n) for n in numbers]
    with block():
        assert [signal.getsignal(n) for n in numbers] != before
    assert [signal.getsignal(n) for n in numbers] == before


@pytest.mark.parametrize("block", [signals_unwind, signals_wait])
def test_another_thread_changes_no_handler(block: Callable[[], AbstractContextManager[None]]) -> None:
    done = []

    def use() -> None:
        with block():
            done.append(True)

    thread = threading.Thread(target=use)
    thread.start()
    thread.join()
    assert done == [True]


def test_an_error_stays_an_error() -> None:
    with pytest.raises(ZeroDivisionError), signals_unwind():
        raise ZeroDivisionError
