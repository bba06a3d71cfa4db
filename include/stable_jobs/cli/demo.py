"""`stable-jobs demo`: five cities' extracts, a broken region and the answer key."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from stable_jobs.cli.options import DateOption, read_date, read_settings


def demo(
    date: DateOption = "2020-05-11",
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
    from stable_jobs.contracts.load import contracts_as_of
    from stable_jobs.demo.write import write_demo

    settings = read_settings()
    business_date = read_date(date)
    result = write_demo(
        landing or settings.landing_root,
        seed=seed,
        business_date=business_date,
        tier=tier,
        contracts=contracts_as_of(settings.contracts_root, business_date),
        key=settings.home / "demo" / "expected.json",
        progress=typer.echo,
    )
    typer.echo(f"{result.units:,} units, {result.rows:,} rows. {result.note}")
    if result.key is not None:
        typer.echo(f"Answer key: {result.key}")
