"""`stable-jobs demo`: five cities' extracts, a broken region and the answer key."""

from __future__ import annotations

from datetime import date as day
from pathlib import Path
from typing import Annotated

import typer

from stable_jobs.cli.options import read_date
from stable_jobs.settings import read_settings

FIRST_NIGHT = "2020-05-11"


def demo(
    date: Annotated[
        list[str] | None,
        typer.Option(
            "--date",
            help="Business date, YYYY-MM-DD; 2020-05-11 by default. Given again: a later night of the same "
            "cities, with what befell them since.",
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="Another seed makes other enterprises.")] = 20200511,
    tier: Annotated[
        str | None,
        typer.Option(help="county, prefecture, big_city, province, …: that many units, no answer key."),
    ] = None,
    landing: Annotated[
        Path | None, typer.Option(help="Where to write; the landing folder of the settings.")
    ] = None,
) -> None:
    """Write the five departments' extracts for the demonstration cities, and the answers expected.

    The generator makes last year's premium months only.
    """
    from stable_jobs_demo.write import check_night

    nights = [read_date(text) for text in date or [FIRST_NIGHT]]
    for night in nights:
        check_night(night, nights[0], tier)
    for night in nights:
        _write(night, nights[0], seed=seed, tier=tier, landing=landing)


def _write(night: day, first: day, *, seed: int, tier: str | None, landing: Path | None) -> None:
    from stable_jobs.contracts.load import contracts_as_of
    from stable_jobs_demo.write import write_demo

    settings = read_settings()
    result = write_demo(
        landing or settings.landing_root,
        seed=seed,
        business_date=night,
        first_night=first,
        tier=tier,
        contracts=contracts_as_of(settings.contracts_root, night),
        key=settings.home / "demo" / _key_name(night, first),
        progress=typer.echo,
    )
    typer.echo(f"{result.units:,} units, {result.rows:,} rows. {result.note}")
    if result.key is not None:
        typer.echo(f"Answer key: {result.key}")


def _key_name(night: day, first: day) -> str:
    return "expected.json" if night == first else f"expected-{night.isoformat()}.json"
