"""`stable-jobs explain`: the reasons why one enterprise was or was not paid."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from stable_jobs.cli.options import DateOption, RegionOption, read_date, read_home


def explain(
    uscc: Annotated[str, typer.Argument(metavar="USCC", help="Unified social credit code.")],
    date: DateOption,
    region: RegionOption = None,
    lang: Annotated[Literal["zh", "en"], typer.Option(help="Language of the text.")] = "zh",
) -> None:
    """Print every test of one enterprise: inputs, their delivery and row, threshold, law, outcome."""
    from stable_jobs.night.context import open_night
    from stable_jobs.night.explain import explain_enterprise

    with open_night(read_home(), read_date(date)) as night:
        typer.echo(explain_enterprise(night, uscc, region=region, lang=lang))
