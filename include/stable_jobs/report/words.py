"""Places with their names in both languages, and a delivery's rows in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stable_jobs.contracts.model import Contract
from stable_jobs.messages import words_of
from stable_jobs.money import share
from stable_jobs.regions import NATION
from stable_jobs.rendering.text import count
from stable_jobs.words import Place, Words


def place_of(code: str, names: Mapping[str, Words]) -> Place:
    """A region with its name. A region that no policy names is called unknown, not left out."""
    if code in names and code != NATION:
        return Place(code, names[code])
    return Place(code, words_of("place", "none" if code == NATION else "unknown"))


def slot_of(code: str, names: Mapping[str, Words]) -> Place:
    """The same for a delivery's slot: `000000` is a file for all regions."""
    return Place(code, words_of("place", "all")) if code == NATION else place_of(code, names)


def expected_of(rule_id: str, agreed: Contract, detail: Mapping[str, Any]) -> Words | None:
    """How many rows a delivery of that size may have, by the contract as it holds for who sent it.

    detail: `rows`, `previous_rows`, as an outcome keeps them. None for a rule that is not about rows.
    """
    rows, previous = detail.get("rows"), detail.get("previous_rows")
    what = rule_id.removeprefix(f"{agreed.extract}.rows.")
    if what == "tolerance" and rows is not None:
        most = int(agreed.tolerance * rows)
        return _said("most_quarantined", share=share(agreed.tolerance), most=count(most), rows=count(rows))
    if what == "drop" and previous is not None and agreed.largest_drop is not None:
        fewest = int(previous * (1 - agreed.largest_drop)) + 1
        drop, before = share(agreed.largest_drop), count(previous)
        return _said("fewest_rows", share=drop, fewest=count(fewest), previous_rows=before)
    return None


def measured(detail: Mapping[str, Any]) -> Words:
    """The rows of a held delivery, as an outcome keeps them: received, quarantined, last accepted."""
    none = words_of("measure", "none")
    values = {name: detail.get(name) for name in ("rows", "quarantined", "previous_rows")}
    return _said("rows", **{name: none if n is None else count(n) for name, n in values.items()})


def _said(code: str, **values: str | Words) -> Words:
    template = words_of("measure", code)
    zh, en = ({k: _in(v, language) for k, v in values.items()} for language in ("zh", "en"))
    return Words(zh=template.zh % zh, en=template.en % en)


def _in(value: str | Words, language: str) -> str:
    return value if isinstance(value, str) else value.of(language)
