"""What processes that a test starts have in common."""

from __future__ import annotations

import signal


def heed_signals() -> None:
    """For `preexec_fn`: started in a shell's background or by nohup, tests and their children ignore some."""
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
