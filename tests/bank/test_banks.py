"""Bank profiles: which one holds, every refusal with its place, and never an account in a message."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml

from stable_jobs.bank.banks import load_banks
from stable_jobs.credit_code import is_cnaps
from stable_jobs.errors import PolicyError
from stable_jobs.settings import data_folder

PACKAGED = data_folder("banks") / "000000.yaml"
SHIPPED: dict[str, Any] = yaml.safe_load(PACKAGED.read_text(encoding="utf-8"))
ACCOUNT = "6222021234567890123"


def write(root: Path, code: str = "000000", **changes: Any) -> Path:
    """The shipped profile with values at dotted places changed (None: taken out)."""
    document = copy.deepcopy(SHIPPED) | {"region": code}
    document["debtor"]["account_no"] = ACCOUNT
    for place, value in changes.items():
        *way, last = place.split("__")
        node = document
        for step in way:
            node = node[int(step)] if isinstance(node, list) else node[step]
        if value is None:
            del node[last]
        else:
            node[int(last) if isinstance(node, list) else last] = value
    root.mkdir(exist_ok=True)
    file = root / f"{code}.yaml"
    file.write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")
    return file


def test_the_shipped_profile_is_a_demonstration() -> None:
    shipped = load_banks(PACKAGED.parent)
    profile = shipped.of("610124")
    assert (profile.region, profile.demo, profile.transactions_per_file) == ("000000", True, 10_000)
    assert set(profile.debtor.account_no) == {"0"}
    assert is_cnaps(profile.debtor.bank_code)
    assert "account_no" not in repr(profile.debtor)


@pytest.mark.parametrize(
    ("profiles", "region", "expected"),
    [
        pytest.param(("000000", "610000", "610100", "610124"), "610124", "610124", id="its own"),
        pytest.param(("000000", "610000", "610100"), "610124", "610100", id="the city's"),
        pytest.param(("000000", "610000"), "610124", "610000", id="the province's"),
        pytest.param(("000000", "620000"), "610124", "000000", id="the nation's"),
    ],
)
def test_the_nearest_region_upward_holds(
    tmp_path: Path, profiles: tuple[str, ...], region: str, expected: str
) -> None:
    for code in profiles:
        write(tmp_path, code)
    assert load_banks(tmp_path).of(region).region == expected


def test_a_region_without_a_bank_is_an_error(tmp_path: Path) -> None:
    write(tmp_path, "620000")
    with pytest.raises(PolicyError, match=r"610124.*add the profile"):
        load_banks(tmp_path).of("610124")


def test_the_fingerprint_is_of_names_and_bytes(tmp_path: Path) -> None:
    write(tmp_path / "a", "610000")
    write(tmp_path / "b", "610000", debtor__name="另一户")
    write(tmp_path / "c", "620000")
    prints = {name: load_banks(tmp_path / name).fingerprint for name in "abc"}
    assert len(set(prints.values())) == 3
    assert prints["a"] == load_banks(tmp_path / "a").fingerprint


FAULTS = [
    pytest.param({"region": "610000"}, "region", "the file's name 000000", id="another region"),
    pytest.param({"surplus": 1}, "surplus", "no such key", id="unknown key"),
    pytest.param({"account_no": ACCOUNT}, "account_no", "no such key", id="account at the wrong place"),
    pytest.param({"debtor__bank_code": "999999999991"}, "debtor.bank_code", "check digit", id="check digit"),
    pytest.param({"debtor__account_no": "6222 02"}, "debtor.account_no", "pattern", id="blank in account"),
    pytest.param({"debtor__account_no": 6222021234567890123}, "debtor.account_no", "string", id="no text"),
    pytest.param({"debtor__name": "甲" * 141}, "debtor.name", "140", id="debtor's name too long"),
    pytest.param({"debtor__name": "甲\n乙"}, "debtor.name", "control", id="line break in debtor's name"),
    pytest.param({"debtor__acount": ACCOUNT}, "debtor.acount", "no such key", id="misspelled key of debtor"),
    pytest.param({"debtor": ACCOUNT}, "debtor", "dictionary", id="debtor is a text"),
    pytest.param({"debtor": None}, "debtor", "a value", id="no debtor"),
    pytest.param({"transactions_per_file": 0}, "transactions_per_file", "greater", id="no transactions"),
    pytest.param({"transactions_per_file": "9"}, "transactions_per_file", "integer", id="text for number"),
    pytest.param({"file__name": "../bank.csv"}, "file.name", "name for a published file", id="path"),
    pytest.param({"file__name": "manifest.csv"}, "file.name", "name for a published file", id="manifest"),
    pytest.param({"file__name": "payment.001.xml"}, "file.name", "does not begin with", id="our own name"),
    pytest.param({"file__encoding": "gbk"}, "file.encoding", "gb18030", id="unknown encoding"),
    pytest.param({"file__delimiter": "-"}, "file.delimiter", "','", id="delimiter that ids contain"),
    pytest.param({"file__line_end": "cr"}, "file.line_end", "'crlf'", id="unknown line end"),
    pytest.param({"file__header": "yes"}, "file.header", "boolean", id="text for a flag"),
    pytest.param({"file__columns": []}, "file.columns", "at least 1", id="no columns"),
    pytest.param({"file__columns__0__value": "sum"}, "file.columns.0.value", "'line_no'", id="no such field"),
    pytest.param({"file__columns__0__constant": "x"}, "file.columns.0", "either", id="field and constant"),
    pytest.param({"file__columns__0__value": None}, "file.columns.0", "either", id="neither of both"),
    pytest.param({"file__columns__0__header": "金额"}, "file", "every header once", id="header twice"),
    pytest.param({"file__columns__1__value": "uscc"}, "file", "end_to_end_id", id="no end-to-end id"),
    pytest.param({"file__columns__3__value": "uscc"}, "file", "account_no", id="no account"),
    pytest.param({"file__columns__7__value": "uscc"}, "file", "amount", id="no amount"),
    pytest.param({"answer__columns__status": None}, "answer.columns.status", "a value", id="no status"),
    pytest.param(
        {"answer__columns__status": "金额"}, "answer", "every header once", id="answer's header twice"
    ),
    pytest.param({"answer__paid": []}, "answer.paid", "at least 1", id="no text for paid"),
    pytest.param({"answer__returned": ["成功"]}, "answer", "either paid or returned", id="both at once"),
    pytest.param({"answer__date_format": "%d/%m"}, "answer.date_format", "%Y", id="date without year"),
    pytest.param({"answer__date_format": "%Y%m%d%H"}, "answer.date_format", "%Y", id="date with hour"),
]


@pytest.mark.parametrize(("changes", "place", "expected"), FAULTS)
def test_a_wrong_profile_says_where_and_never_the_account(
    tmp_path: Path, changes: dict[str, Any], place: str, expected: str
) -> None:
    write(tmp_path, **changes)
    with pytest.raises(PolicyError) as raised:
        load_banks(tmp_path)
    label, found_place, rest = str(raised.value).split(": ", 2)
    assert (label, found_place.startswith(place)) == ("000000.yaml", True), raised.value
    assert expected in rest.split("; found")[0]
    assert ACCOUNT not in str(raised.value)
    assert "correct this place" in rest


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param(f"debtor: {{account_no: '{ACCOUNT}'".encode(), "line", id="broken YAML"),
        pytest.param(f"a: '{ACCOUNT}'\na: '{ACCOUNT}'".encode(), "key written twice", id="key twice"),
        pytest.param("户: 1".encode("gb18030"), "UTF-8", id="another encoding"),
        pytest.param(f"{ACCOUNT}".encode(), "dictionary", id="not a mapping"),
    ],
)
def test_an_unreadable_profile(tmp_path: Path, content: bytes, expected: str) -> None:
    (tmp_path / "000000.yaml").write_bytes(content)
    with pytest.raises(PolicyError, match=expected) as raised:
        load_banks(tmp_path)
    assert ACCOUNT not in str(raised.value)


@pytest.mark.parametrize("name", ["none", "empty"])
def test_no_profiles(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(PolicyError, match="set STABLE_JOBS_BANKS"):
        load_banks(tmp_path / name)


@pytest.mark.parametrize("said", [None, True])
def test_formulas_are_inert_unless_a_profile_says_otherwise(tmp_path: Path, said: bool | None) -> None:
    write(tmp_path, file__inert=said)
    assert load_banks(tmp_path).of("610100").file.inert
    assert load_banks(PACKAGED.parent).of("610100").file.inert


def test_a_bank_that_takes_no_apostrophe_gets_cells_as_they_are(tmp_path: Path) -> None:
    write(tmp_path, file__inert=False)
    assert not load_banks(tmp_path).of("610100").file.inert
