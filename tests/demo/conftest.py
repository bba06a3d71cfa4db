"""One demonstration for the session: its units, its files, its key."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from stable_jobs.contracts.load import contracts_as_of
from stable_jobs.contracts.model import Contract
from stable_jobs.settings import data_folder
from stable_jobs_demo.block import Block
from stable_jobs_demo.city import COUNTIES
from stable_jobs_demo.moment import Moment
from stable_jobs_demo.plant import plant
from stable_jobs_demo.write import DemoResult, write_demo

DAY = date(2020, 5, 11)
SEED = 20200511


@dataclass(frozen=True)
class Demo:
    """What `write_demo` left."""

    landing: Path
    result: DemoResult
    key: dict[str, Any]


@pytest.fixture(scope="session")
def contracts() -> Mapping[str, Contract]:
    return contracts_as_of(data_folder("contracts"), DAY)


@pytest.fixture(scope="session")
def blocks() -> list[Block]:
    return plant(Moment(DAY), SEED, COUNTIES)


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory, contracts: Mapping[str, Contract]) -> Demo:
    home = tmp_path_factory.mktemp("demo")
    landing, key = home / "landing", home / "expected.json"
    result = write_demo(landing, seed=SEED, business_date=DAY, contracts=contracts, key=key)
    return Demo(landing, result, json.loads(key.read_text(encoding="utf-8")))
