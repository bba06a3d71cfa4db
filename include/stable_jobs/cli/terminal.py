"""Standard output and error as every command prints to them.

A name may have a character that the terminal's encoding lacks, and the reader of a pipe may have seen
enough (`| head`). Neither ends a command: it goes on to its own end and exit code.
"""

from __future__ import annotations

import io
import os
import sys
from typing import TextIO


def steady_streams() -> None:
    """Make both streams of this process so."""
    sys.stdout, sys.stderr = _steady(sys.stdout), _steady(sys.stderr)


def _steady(stream: TextIO) -> TextIO:
    """The same stream that writes what its encoding lacks as `\\\\U0002cb4e`; itself if it is no file's."""
    try:
        stream.flush()
        raw = _Lasting(stream.fileno(), "wb", closefd=False)
    except (AttributeError, ValueError, OSError):  # closed, or a test's
        return stream
    return io.TextIOWrapper(
        io.BufferedWriter(raw),
        encoding=stream.encoding,
        errors="backslashreplace",
        line_buffering=stream.isatty() or stream is sys.stderr,
    )


class _Lasting(io.FileIO):
    """A file that nobody reads any more: later output goes nowhere."""

    def write(self, data: object) -> int:
        try:
            return super().write(data)  # type: ignore[arg-type]  # bytes, as for any raw stream
        except BrokenPipeError:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self.fileno())
            os.close(nowhere)
            return super().write(data)  # type: ignore[arg-type]
