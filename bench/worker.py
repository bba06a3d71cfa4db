"""What one fresh process of the benchmark does: a whole night, or the floor. Prints its measures as JSON."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import date
from pathlib import Path

from bench.measure import Measure, measured

BUSINESS_DATE = date(2020, 5, 11)
NIGHTS = {"night": BUSINESS_DATE, "second": date(2020, 5, 12)}
"""The nights that a worker runs, the second in the home of the first."""


def main() -> None:
    """Home and landing come from the environment, as for the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=(*NIGHTS, "floor"))
    parser.add_argument("started", type=float, help="time.monotonic() when this process was asked for")
    arguments = parser.parse_args()
    if arguments.what == "floor":
        made = _floor(arguments.started)
    else:
        made = _night(NIGHTS[arguments.what], arguments.started)
    print(json.dumps([vars(one) for one in made]), flush=True)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # what DuckDB's binding says of its leaks at the end


def _night(on: date, started: float) -> Iterator[Measure]:
    """The steps as `stable-jobs night` runs them: same night, same lock, same order."""
    with measured("start", since=started) as start:
        from stable_jobs.night.context import open_night
        from stable_jobs.night.steps import run_night
        from stable_jobs.settings import Settings

        opened = open_night(Settings(), on)
        night = opened.__enter__()
    yield start
    try:
        yield from _steps(lambda progress: run_night(night, progress))
    finally:
        with measured("stop") as stop:
            opened.__exit__(None, None, None)
    yield stop


def _steps(run: Callable[[Callable[[str], None]], object]) -> list[Measure]:
    """A measure for each step of what is run, from its name to the next one's."""
    made = list[Measure]()
    with ExitStack() as current:

        def begin(name: str) -> None:
            current.close()
            print(f"  {name}", file=sys.stderr, flush=True)
            made.append(current.enter_context(measured(name)))

        run(begin)
    return made


def _floor(started: float) -> Iterator[Measure]:
    with measured("floor", since=started) as measure:
        from bench.floor import floor
        from stable_jobs.contracts.load import contracts_as_of
        from stable_jobs.settings import Settings

        settings = Settings()
        contracts = contracts_as_of(settings.contracts_root, BUSINESS_DATE)
        encodings = {name: contract.encoding for name, contract in contracts.items()}
        settings.home.mkdir(parents=True, exist_ok=True)
        floor(settings.landing_root, BUSINESS_DATE, encodings, Path(settings.home), settings.threads)
    yield measure


if __name__ == "__main__":
    main()
