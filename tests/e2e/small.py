"""A small landing with every trap and every refusal: a night over it takes seconds.

Liaoyuan is whole, as published: with its traps alone too large a share of its rows would be quarantined. Of
the other cities there are the traps only. So the totals are not the published ones, and every unit's answer
in the key is as it is in the whole demonstration.
"""

from __future__ import annotations

import shutil
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
from tests.shared import made_once

SEED = 20200511


def write_small(landing: Path, key: Path, day: date, first: date | None = None) -> None:
    """Write the landing of one business date and its answer key. first: a later night of that day's.

    The same dates give the same bytes, so a session makes them once.
    """
    made = made_once(f"small-{day}-{first}", lambda folder: _write(folder, day, first))
    shutil.copytree(made / "landing", landing, dirs_exist_ok=True)
    key.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(made / "key.json", key)


def _write(folder: Path, day: date, first: date | None) -> Path:
    landing, key = folder / "landing", folder / "key.json"
    contracts = contracts_as_of(data_folder("contracts"), day)
    with patch("stable_jobs_demo.write.plant", _plant):
        write_demo(landing, seed=SEED, business_date=day, contracts=contracts, key=key, first_night=first)
    return folder


def _plant(moment: Moment, seed: int, counties: tuple[City, ...]) -> list[Block]:
    plots = [Plot(city, moment, seed, place) for place, city in enumerate((*FIVE, *counties))]
    return [plant_city(plot) if plot.city is LIAOYUAN else plant_traps(plot, 0) for plot in plots]
