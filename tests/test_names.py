"""When two names are the same; Python, the engine and the database say so alike."""

from __future__ import annotations

import re
import unicodedata

import duckdb
import ibis
import pyarrow as pa
import pytest

from stable_jobs.names import (
    HIDDEN,
    INVISIBLE,
    PRIVATE,
    STANDARD,
    UNPRINTABLE,
    comparable_name,
    has_sql,
    visible_text,
)
from stable_jobs.policy.facts import plain_name

# fmt: off
GB_18030_2022 = {
    0xE78D: 0xFE10, 0xE78E: 0xFE12, 0xE78F: 0xFE11, 0xE790: 0xFE13, 0xE791: 0xFE14, 0xE792: 0xFE15,
    0xE793: 0xFE16, 0xE794: 0xFE17, 0xE795: 0xFE18, 0xE796: 0xFE19, 0xE81E: 0x9FB4, 0xE826: 0x9FB5,
    0xE82B: 0x9FB6, 0xE82C: 0x9FB7, 0xE832: 0x9FB8, 0xE843: 0x9FB9, 0xE854: 0x9FBA, 0xE864: 0x9FBB,
}
"""The 18 characters that GB 18030-2022 moved out of the private use area."""
GB_18030_2005 = {
    0xE816: 0x20087, 0xE817: 0x20089, 0xE818: 0x200CC, 0xE831: 0x215D7, 0xE83B: 0x2298F, 0xE855: 0x241FE,
}
"""The six that stand beside them in GB 18030-2005, which makes 24."""
GB_18030_2000 = {0xE7C7: 0x1E3F}
GBK = {0xE76C: 0xA2E3, 0xE7C8: 0xA8BF} | {0xE7E7 + n: 0xA989 + n for n in range(13)} | {
    0xE815 + n: code for n, code in enumerate(c for c in range(0xFE50, 0xFEA1) if c != 0xFE7F)
}
"""Private code points of GBK and code page 936 and their two bytes."""
# fmt: on


@pytest.mark.parametrize(
    ("private", "standard"), [*GB_18030_2022.items(), *GB_18030_2005.items(), *GB_18030_2000.items()]
)
def test_a_character_that_a_standard_moved_is_what_it_is_now(private: int, standard: int) -> None:
    assert STANDARD[chr(private)] == chr(standard)


@pytest.mark.parametrize(("private", "code"), GBK.items())
def test_a_character_of_gbk_is_what_its_bytes_are_today(private: int, code: int) -> None:
    """Python's codec is an independent table, of the edition of 2005: it leaves the 24 private."""
    today = ord(code.to_bytes(2, "big").decode("gb18030"))
    assert STANDARD[chr(private)] == chr((GB_18030_2022 | GB_18030_2005).get(today, today))


def test_no_other_character_is_moved() -> None:
    assert {ord(c) for c in STANDARD} == {*GB_18030_2022, *GB_18030_2005, *GB_18030_2000, *GBK, 0xE5E5}
    assert not [c for c in STANDARD.values() if unicodedata.category(c) == "Co"]


PAIRS = [
    pytest.param("南昌龴科技", "南昌\ue81e科技", True, id="bytes FE59 of GB 18030-2022"),
    pytest.param("南昌䶮科技", "南昌\ue863科技", True, id="code page 936"),
    pytest.param("南昌𠂇科技", "南昌\ue816科技", True, id="outside the first plane"),
    pytest.param("南昌\ue000科技", "南昌\ue000科技", True, id="a private character in both"),
    pytest.param("南昌\ue000科技", "南昌\ue001科技", False, id="two private characters"),
    pytest.param("南昌\ue5e5科技", "南昌科技", True, id="a blank of code page 936"),
    pytest.param("南昌（集团）", "南昌(集团)", True, id="width"),
    pytest.param("南 昌\u3000科\u00a0技\u2028", "南昌科技", True, id="blanks"),
    pytest.param("南昌\u200b科技", "南昌科技", False, id="an invisible character"),
    pytest.param("南昌科技", "南昌科技厂", False, id="another name"),
]


@pytest.mark.parametrize(("one", "other", "same"), PAIRS)
def test_names_are_compared(one: str, other: str, same: bool) -> None:
    assert (comparable_name(one) == comparable_name(other)) is same


@pytest.mark.parametrize(("one", "other", "same"), PAIRS)
def test_the_engine_compares_alike(one: str, other: str, same: bool) -> None:
    table = ibis.memtable(pa.table({"one": [one], "other": [other]}))
    found = ibis.duckdb.connect().to_pyarrow(
        table.select(one=plain_name(table.one), other=plain_name(table.other))
    )
    row = found.to_pylist()[0]
    assert row == {"one": comparable_name(one), "other": comparable_name(other)}
    assert (row["one"] == row["other"]) is same


def of_category(*categories: str) -> set[str]:
    return {c for c in map(chr, range(0x110000)) if unicodedata.category(c) in categories}


def matched(characters: str) -> set[str]:
    pattern = re.compile(f"[{characters}]")
    return {c for c in map(chr, range(0x110000)) if pattern.match(c)}


def test_every_control_character_and_separator_and_non_character_is_unprintable() -> None:
    none = {chr(p + n) for p in range(0, 0x110000, 0x10000) for n in (0xFFFE, 0xFFFF)}
    none |= {chr(c) for c in range(0xFDD0, 0xFDF0)}
    assert matched(UNPRINTABLE) == of_category("Cc", "Zl", "Zp") | none


def test_every_format_character_is_invisible_and_every_private_one_private() -> None:
    assert of_category("Cf") <= matched(INVISIBLE)
    assert not matched(INVISIBLE) & of_category("Lu", "Ll", "Nd", "Po", "Ps", "Pe", "Co", "Cc", "Zs")
    assert matched(PRIVATE) == of_category("Co")


@pytest.mark.parametrize(
    "characters", [UNPRINTABLE, INVISIBLE, PRIVATE], ids=["unprintable", "invisible", "private"]
)
def test_the_engine_finds_the_same_characters(characters: str) -> None:
    duck = duckdb.connect()
    points = [c for c in range(1, 0x110000) if not 0xD800 <= c < 0xE000]
    duck.execute("CREATE TEMP TABLE points AS SELECT unnest(?) AS point", [points])
    found = duck.execute(
        f"SELECT point FROM points WHERE {has_sql('chr(point::INTEGER)', characters)}"
    ).fetchall()
    assert {chr(point) for (point,) in found} == matched(characters) - {"\0"} - {
        chr(c) for c in range(0xD800, 0xE000)
    }


def test_what_is_hidden_is_the_same_in_python_and_the_engine() -> None:
    """Every character once: controls, formats and what is none; no private and no new one."""
    every = [chr(n) for n in range(1, 0x110000) if not 0xD800 <= n <= 0xDFFF]
    shown = {c for c in every if visible_text(c) == c}
    with duckdb.connect() as con:
        con.register("every", pa.table({"c": every}))
        found = {c for (c,) in con.sql(f"SELECT c FROM every WHERE NOT {has_sql('c', HIDDEN)}").fetchall()}
        con.unregister("every")
    assert found == shown
    assert {unicodedata.category(c) for c in shown}.isdisjoint({"Cc", "Cf", "Zl", "Zp"})
    hidden = {unicodedata.category(c) for c in set(every) - shown}
    assert hidden <= {"Cc", "Cf", "Zl", "Zp", "Cn"}
    assert not re.search(f"[{PRIVATE}]", "".join(set(every) - shown))
