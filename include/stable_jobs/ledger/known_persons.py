"""Persons whom the ledger knows: one key for all spellings of a name, and no two names that look alike.

The database makes the key (`person_key`). Unicode's list of confusables (UTS 39) gives a name's appearance.
"""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Mapping
from functools import lru_cache

from sqlalchemy import Connection, text

from stable_jobs.errors import LedgerRefused


def know_person(connection: Connection, name: str) -> None:
    """Note a person who acts or is assigned. LedgerRefused where the name looks like another person's."""
    key = check_person(connection, name)
    if key is not None:
        connection.execute(
            text("INSERT INTO known_persons (person_key, person, skeleton) VALUES (:key, :name, :skeleton)"),
            {"key": key, "name": name, "skeleton": skeleton(key)},
        )


def check_person(connection: Connection, name: str) -> str | None:
    """The key of somebody who is not known yet, else None. LedgerRefused for a look-alike."""
    key = str(connection.scalar(text("SELECT person_key(:name)"), {"name": name}))
    if not key:
        raise LedgerRefused("a person's name has no character that can be seen")
    query = "SELECT person_key, person FROM known_persons WHERE person_key = :key OR skeleton = :alike"
    rows = connection.execute(text(query), {"key": key, "alike": skeleton(key)})
    found = {str(known): str(person) for known, person in rows}
    if key in found:
        return None
    for other in found.values():
        raise LedgerRefused(
            f"{name} looks like {other}, whom the ledger knows: write {other} if it is the same person,"
            f" else a name that nobody can mistake ({_spelled(name)} is not {_spelled(other)})"
        )
    return key


def skeleton(key: str) -> str:
    """The appearance of a name's key: equal for all names that can be mistaken for one another."""
    prototypes = _prototypes()
    previous, shown = "", key
    while shown != previous:
        previous = shown
        parts = unicodedata.normalize("NFD", shown)
        shown = "".join(prototypes.get(character, character) for character in parts).casefold()
    return shown


def _spelled(name: str) -> str:
    """The characters that are not plain Latin letters or digits, by number."""
    return "".join(c if c.isascii() and c.isprintable() else f"⟨U+{ord(c):04X}⟩" for c in name)


@lru_cache(maxsize=1)
def _prototypes() -> Mapping[str, str]:
    """Character → what stands for all that look like it: the text that most of them are listed under."""
    from confusable_homoglyphs.confusables import confusables_data

    alike: dict[str, set[str]] = defaultdict(set)
    for one, others in confusables_data.items():
        for other in others:
            alike[one].add(other["c"])
            alike[other["c"]].add(one)
    prototypes: dict[str, str] = {}
    for one in alike:
        if one in prototypes:
            continue
        group, waiting = {one}, [one]
        while waiting:
            new = alike[waiting.pop()] - group
            group |= new
            waiting += new
        ideographs = {text for text in group if _is_ideograph(text)}
        chosen = max(
            ideographs if len(ideographs) == 1 else group - ideographs or group,
            key=lambda text: (len(alike[text]), text.isascii(), text),
        )
        prototypes |= {text: chosen for text in group - ideographs if len(text) == 1}
        prototypes |= {text: text for text in ideographs}
    return prototypes


def _is_ideograph(text: str) -> bool:
    """A Chinese character: two that look alike are two, as 土 and 士 in names."""
    return len(text) == 1 and ("\u3400" <= text <= "\u9fff" or text >= "\U00020000")
