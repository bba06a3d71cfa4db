"""A small landing with every trap and every refusal: a night over it takes seconds.

Liaoyuan is whole, as published: with its traps alone too large a share of its rows would be quarantined. Of
the other cities there are the traps only. So the totals are not the published ones, and every unit's answer
in the key is as it is in the whole demonstration.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from unittest.mock import patch

from stable_jobs.contracts.load import contracts_as_of
from stable_jobs.settings import data_folder
from stable_jobs_demo.block import Block
from stable_jobs_demo.city import FIVE, LIAOYUAN, City
from stable_jobs_demo.moment import Moment
from stable_jobs_demo.plant import Plot, plant_city, plant_traps
from stable_jobs_demo.write import write_demo

SEED = 20200511


def write_small(landing: Path, key: Path, day: date, first: date | None = None) -> None:
    """Write the landing of one business date and its answer key. first: a later night of that day's."""
    contracts = contracts_as_of(data_folder("contracts"), day)
    with patch("stable_jobs_demo.write.plant", _plant):
        write_demo(landing, seed=SEED, business_date=day, contracts=contracts, key=key, first_night=first)


def _plant(moment: Moment, seed: int, counties: tuple[City, ...]) -> list[Block]:
    plots = [Plot(city, moment, seed, place) for place, city in enumerate((*FIVE, *counties))]
    return [plant_city(plot) if plot.city is LIAOYUAN else plant_traps(plot, 0) for plot in plots]
