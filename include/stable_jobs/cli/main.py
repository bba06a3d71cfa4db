"""`stable-jobs …`: the command line's commands and exit codes; the work is in `night` and below.

Exit 0: the night ended (held regions are reported and no failure). 1: a step broke. 2: wrong usage.
"""

from __future__ import annotations

import atexit
import io
import os
import sys
from typing import Annotated, NoReturn, TextIO

import typer

from stable_jobs import __version__
from stable_jobs.cli import airflow, batch, check, ledger, night, people, policy, returns, rulings
from stable_jobs.cli.demonstration import Commands
from stable_jobs.errors import StableJobsError, StepError, UsageError, store_fault
from stable_jobs.garbage import collect_rarely

# --- Standard output and error ---
# Standard output and error as every command prints to them.
#
# A name may have a character that the terminal's encoding lacks, and the reader of a pipe may have seen
# enough (`| head`). Neither ends a command: it goes on to its own end and exit code.


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


# --- Commands and exit codes ---

app = typer.Typer(
    name="stable-jobs",
    cls=Commands,
    help="Nightly eligibility and disbursement of the job-stabilisation refund (失业保险稳岗返还).",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(f"stable-jobs {__version__}")
        raise typer.Exit


@app.callback()
def before_command(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", is_eager=True, callback=_print_version)
    ] = False,
) -> None:
    """The options before a command."""


app.command("check")(check.check)
app.command("night")(night.night)
app.command("withdraw-night")(night.withdraw_night)
app.command("disburse")(batch.disburse)
app.command("explain")(night.explain)
app.command("hold")(batch.hold)
app.command("release")(batch.release)
app.command("holds")(batch.holds)
app.command("login")(people.login)
app.command("logout")(people.logout)
app.command("whoami")(people.whoami)
app.add_typer(rulings.objection_app, name="objection")
app.add_typer(batch.batch_app, name="batch")
app.add_typer(batch.approver_app, name="approver")
app.add_typer(returns.app, name="returns")
app.add_typer(policy.policy_app, name="policy")
app.add_typer(policy.proposal_app, name="proposal")
app.add_typer(rulings.code_app, name="code")
app.add_typer(rulings.recovery_app, name="recovery")
app.add_typer(rulings.refund_app, name="refund")
app.add_typer(rulings.doubt_app, name="doubt")
app.add_typer(batch.budget_app, name="budget")
app.add_typer(ledger.ledger_app, name="ledger")
app.add_typer(airflow.app, name="airflow")
app.add_typer(night.delivery_app, name="delivery")
app.add_typer(ledger.database_app, name="db")


def main() -> NoReturn:
    """Run the command line; an error is a sentence on standard error, never a traceback."""
    steady_streams()
    atexit.register(_hush)
    collect_rarely()
    try:
        _require_text(sys.argv)
        _run()
    except UsageError as error:
        _end(error, 2)
    except StableJobsError as error:
        _end(error, 1)
    except OSError as error:
        fault = StepError(
            f"{error.strerror or error}: {error.filename or 'no file is named'}; look at it, then run again"
        )
        _end(store_fault(error) or fault, 1)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] == "stable_jobs":
            raise
        _end(
            UsageError(
                f"this command needs {error.name}, which is not installed; what is here is enough for"
                " `stable-jobs check`, and a bureau installs requirements.txt"
            ),
            2,
        )
    except Exception as error:
        if not _is_of_the_database(error):
            raise
        _end(StepError(f"the database: {_first_line(error)}; look at its log, then run the command again"), 1)
    sys.exit(0)


def _is_of_the_database(error: Exception) -> bool:
    """Whether SQLAlchemy raised the error; if so it is loaded, and this check does not load it."""
    loaded = sys.modules.get("sqlalchemy.exc")
    return loaded is not None and isinstance(error, loaded.SQLAlchemyError)


def _run() -> None:
    """Run the command; output that cannot be written is an error, too."""
    try:
        app()
    finally:
        sys.stdout.flush()


def _require_text(words: list[str]) -> None:
    """UsageError for a word that is no text in the terminal's encoding: no store could look for it."""
    for word in words:
        if any("\ud800" <= character <= "\udfff" for character in word):
            raise UsageError(f"{word}: expected text in the terminal's encoding; next: check LANG")


def _first_line(error: Exception) -> str:
    """The server's message, without statement and values."""
    said = str(getattr(error, "orig", None) or type(error).__name__)
    return said.strip().partition("\n")[0]


def _hush() -> None:
    """Registered first, so run last: hides the messages about leaks that DuckDB's binding then prints."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        sys.stdout.flush()
    except OSError:  # told already: nothing more can be written there
        os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)


def _end(error: StableJobsError, code: int) -> NoReturn:
    typer.echo(f"stable-jobs: {error}", err=True)
    sys.exit(code)
