"""Signals to end the process while files must still be removed: they become exceptions, or wait."""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_PATIENCE = 2.0
"""Seconds in which an exception may end a block before a running query is interrupted, and between two. An
engine told to stop takes its time to put its threads away, and may swallow what comes meanwhile."""


@contextmanager
def signals_unwind() -> Iterator[None]:
    """End the block with SystemExit(128 + n) on SIGTERM and SIGHUP, with KeyboardInterrupt on SIGINT.

    Two things can keep the exception away, so the process is told again until the block ends, and whatever it
    then ends with becomes the one exception. DuckDB runs a handler in the middle of a query but swallows what
    it raises, and gives way to SIGINT only, not to each. And CPython, whose handlers run between two of its
    own instructions, misses a signal that comes just before the main thread goes to sleep in a system call.
    Outside the main thread, and for a signal that someone handles already, nothing changes.
    """
    numbers = [number for number in ENDING if _is_deadly(number)]
    told = _Told()
    with _quiet(told), _handled(numbers, told.end), _told_again(told, numbers):
        try:
            yield
        except BaseException as error:
            if told.number is None:
                raise
            raise told.exception() from error
        finally:
            told.ended.set()


@contextmanager
def signals_wait() -> Iterator[None]:
    """Keep every signal that would end the process away from the block. Only the main thread gets signals."""
    with _handled(list(ENDING) if _is_main() else [], lambda _number, _frame: None):
        yield


class _Told:
    """Which signal told the process to end, if one did."""

    def __init__(self) -> None:
        self.number: int | None = None
        self.ended = threading.Event()
        self.raised: list[BaseException] = []

    def end(self, number: int, _frame: FrameType | None) -> None:
        if self.number is None:
            self.number = number
            signal.signal(signal.SIGINT, signal.default_int_handler)
        self.raised.append(self.exception())
        raise self.raised[-1]

    def exception(self) -> BaseException:
        if self.number == signal.SIGINT:
            return KeyboardInterrupt()
        return SystemExit(128 + (self.number or 0))

    def again(self, came: socket.socket, numbers: Sequence[int]) -> None:
        """After the first of these signals: itself until its handler has run, then SIGINT, until the end."""
        while (byte := came.recv(1)) and byte[0] not in numbers:
            pass
        while byte and not self.ended.wait(_PATIENCE):
            os.kill(os.getpid(), signal.SIGINT if self.number else byte[0])


@contextmanager
def _told_again(told: _Told, numbers: Sequence[int]) -> Iterator[None]:
    """Another thread hears of each signal when it comes, from the system's handler and not from Python's.

    numbers: those that tell the process to end; with none, there is nothing to hear.
    """
    if not numbers:
        yield
        return
    came, wakeup = socket.socketpair()
    wakeup.setblocking(False)
    before = signal.set_wakeup_fd(wakeup.fileno(), warn_on_full_buffer=False)
    thread = threading.Thread(target=told.again, args=(came, numbers), daemon=True)
    thread.start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(before)
        wakeup.close()
        thread.join()
        came.close()


def _is_main() -> bool:
    return threading.current_thread() is threading.main_thread()


def _is_deadly(number: signal.Signals) -> bool:
    return _is_main() and signal.getsignal(number) in (signal.SIG_DFL, signal.default_int_handler)


@contextmanager
def _quiet(told: _Told) -> Iterator[None]:
    """Where a signal's exception comes up in a finaliser, which cannot pass it on, Python prints it.

    That is noise: the process is told again until the block ends.
    """
    before = sys.unraisablehook

    def hook(found: sys.UnraisableHookArgs) -> None:
        if not any(found.exc_value is one for one in told.raised):
            before(found)

    sys.unraisablehook = hook
    try:
        yield
    finally:
        sys.unraisablehook = before


@contextmanager
def _handled(
    numbers: Sequence[signal.Signals], handler: Callable[[int, FrameType | None], None]
) -> Iterator[None]:
    before = {number: signal.signal(number, handler) for number in numbers}
    try:
        yield
    finally:
        for number, previous in before.items():
            signal.signal(number, previous)
