"""Policy files are read strictly: one broken file per error message; the packaged ones are whole."""
# One case a line reads as a table.
# ruff: noqa: E501

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from stable_jobs.contracts.load import contracts_as_of
from stable_jobs.errors import PolicyError
from stable_jobs.policy.catalogue import CATALOGUE, CATEGORIES, EXCLUSION_LISTS, LEGAL_FORMS, SIZES
from stable_jobs.policy.load import load_policies, load_sound, policies_fingerprint
from stable_jobs.settings import data_folder

GOOD = """\
region: "999900"
name_zh: 某市
name_en: Somewhere
scheme: general
parameters:
  refund_rate:
    unit: share
    values:
      - effective_from: 2020-01-01
        value: {large: "0.3", small: "0.6"}
        reference: 某文
"""
DEADLINE = """\
  deadline:
    unit: date
    values:
      - {effective_from: 2020-01-01, value: 2020-12-31, reference: 某文}
"""


def put(root: Path, text: str, name: str = "999900/general.yaml") -> Path:
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text(text, encoding="utf-8")
    return root


def rate(value: str) -> str:
    """GOOD with another value of refund_rate."""
    return GOOD.replace('{large: "0.3", small: "0.6"}', value)


def one(name: str, unit: str, value: str) -> str:
    """A file with one parameter."""
    head = GOOD.split("parameters:", maxsplit=1)[0].replace("general", "common")
    entry = f"{{effective_from: 2020-01-01, value: {value}, reference: 某文}}"
    return f"{head}parameters:\n  {name}:\n    unit: {unit}\n    values:\n      - {entry}\n"


BROKEN = [
    pytest.param(GOOD.replace("unit: share", "unit: months"), "parameters.refund_rate.unit: expected share; found months", id="unit"),
    pytest.param(GOOD.replace("    unit: share\n", ""), "parameters.refund_rate.unit: expected a value; found nothing", id="no unit"),
    pytest.param(GOOD.replace("        reference: 某文\n", ""), "values.0.reference: expected a value; found nothing", id="no reference"),
    pytest.param(GOOD.replace("某文", '""'), "values.0.reference", id="empty reference"),
    pytest.param(GOOD + "        demmo: true\n", "values.0.demmo: expected no such key", id="unknown key"),
    pytest.param(GOOD.replace("refund_rate", "refund_rat"), "expected a parameter of the catalogue; found refund_rat", id="unknown parameter"),
    pytest.param(GOOD.replace("2020-01-01", '"soon"'), "values.0.effective_from", id="no date"),
    pytest.param(GOOD.replace("999900", "999901"), "region: expected the folder's name 999900; found 999901", id="region is not the folder"),
    pytest.param(GOOD.replace('"999900"', "999900"), "region", id="region as a number"),
    pytest.param(GOOD.replace("scheme: general", "scheme: common"), "scheme: expected the file's name general", id="scheme is not the file"),
    pytest.param(GOOD.replace("region:", "region: [", 1), "line 2: expected YAML with every key once", id="no YAML"),
    pytest.param(GOOD + GOOD.split("parameters:\n")[1], "written twice: refund_rate", id="a key twice"),
    pytest.param("", "document", id="empty file"),
    pytest.param(rate("0.5"), "expected a share from 0 to 1 as text with at most 4 places", id="share as a float"),
    pytest.param(rate('"0.55555"'), "expected a share from 0 to 1 as text with at most 4 places", id="five places"),
    pytest.param(rate('"50 %"'), "expected a share from 0 to 1 as text with at most 4 places", id="per cent"),
    pytest.param(rate('{huge: "0.5"}'), "expected one value, or one for some of large, medium, small, micro", id="unknown size"),
    pytest.param(rate("{}"), "expected one value, or one for some of", id="no size"),
    pytest.param(GOOD.replace("scheme: general", "scheme: general") + "      - {effective_from: 2020-01-01, value: \"0.5\", reference: 某文}\n",
                 "expected effective_from dates that rise", id="a date twice"),
    pytest.param(GOOD.replace("parameters:", "parameters:\n  benefit_months:\n    unit: months\n    values:\n"
                 "      - {effective_from: 2020-01-01, value: 6, reference: 某文}"), "expected it in difficult.yaml; found it in general.yaml", id="wrong scheme"),
]  # fmt: skip
VALUES = [
    pytest.param(one("min_paid_months", "months", '"12"'), "a whole number from 0 to 600", id="months as text"),
    pytest.param(one("min_paid_months", "months", "true"), "a whole number from 0 to 600", id="months as a flag"),
    pytest.param(one("min_paid_months", "months", "-1"), "a whole number from 0 to 600", id="negative months"),
    pytest.param(one("new_unit_base_month", "month", "2"), "1 \\(January\\)", id="stand-in month"),
    pytest.param(one("deadline", "date", '"31 December"'), "a date like 2020-12-31", id="deadline"),
    pytest.param(one("deadline", "date", "2020-12-31 10:00:00"), "a date like 2020-12-31", id="deadline with a time"),
    pytest.param(one("abnormal_taxpayer_passes", "flag", '"yes"'), "true or false", id="flag"),
    pytest.param(one("headcount_basis", "code", "november"), "one of december, monthly_average", id="code"),
    pytest.param(one("headcount_basis", "code", "1"), "a word as text", id="code as a number"),
    pytest.param(one("pooling_region", "code", '"61"'), "six digits as text, or province", id="region code"),
    pytest.param(one("layoff_formulas", "list", "[F7]"), "different words out of F1", id="unknown formula"),
    pytest.param(one("layoff_formulas", "list", "[F1, F1]"), "different words out of F1", id="a formula twice"),
    pytest.param(one("layoff_formulas", "list", "F1"), "a list of words", id="no list"),
    pytest.param(one("refund_rate", "share", '"5.0"'), "a share from 0 to 1", id="a rate of 5.0 for 0.5"),
    pytest.param(one("refund_rate", "share", '"1.0001"'), "a share from 0 to 1", id="a rate just above 1"),
    pytest.param(one("refund_rate", "share", '{large: "0.5", micro: "5.0"}'), "a share from 0 to 1", id="a rate above 1 for one size"),
    pytest.param(one("refund_rate", "share", '"-0.5"'), "a share from 0 to 1", id="a rate below 0"),
    pytest.param(one("layoff_cap", "share", '"5.5"'), "a share from 0 to 1", id="a cap in per cent"),
    pytest.param(one("small_unit_cap", "share", '"20"'), "a share from 0 to 1", id="a small-unit cap in per cent"),
    pytest.param(one("declared_tolerance", "share", '"10"'), "a share from 0 to 1", id="a tolerance in per cent"),
    pytest.param(one("headcount_held_max_drop", "share", '"50"'), "a share from 0 to 1", id="a drop in per cent"),
    pytest.param(one("benefit_months", "months", "7"), "a whole number from 1 to 6", id="benefit of seven months"),
    pytest.param(one("approvals", "people", "3"), "a whole number from 0 to 2", id="three approvals"),
    pytest.param(one("approvals", "people", "{large: 3, micro: 0}"), "a whole number from 0 to 2", id="three approvals for one size"),
    pytest.param(one("approvals", "people", "-1"), "a whole number from 0 to 2", id="approvals below 0"),
    pytest.param(one("notice_working_days", "working_days", "61"), "a whole number from 0 to 60", id="notice of a quarter"),
    pytest.param(one("small_unit_headcount", "persons", "100001"), "a whole number from 0 to 100000", id="a small unit of a city"),
    pytest.param(one("fund_min_reserve_months", "months", "601"), "a whole number from 0 to 600", id="a reserve of fifty years"),
    pytest.param(one("deadline", "date", "2022-12-31"), "a date in the policy year 2020 or the year after", id="a deadline two years on"),
    pytest.param(one("total_factor", "factor", '"0.5"'), "a factor from 1 to 1000", id="a factor below 1"),
    pytest.param(one("total_factor", "factor", "3"), "a factor from 1 to 1000", id="a factor as a number"),
    pytest.param(one("total_floor", "yuan", "-1"), "a whole number from 0 to", id="a floor below 0"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "message"), BROKEN)
def test_broken_file(text: str, message: str, tmp_path: Path) -> None:
    """The message names file and place, what was expected and found, and what to do."""
    with pytest.raises(PolicyError, match=message) as error:
        load_policies(put(tmp_path, text))
    assert str(error.value).startswith("999900/general.yaml: ")
    assert "; next: " in str(error.value)


@pytest.mark.parametrize(("text", "message"), VALUES)
def test_broken_value(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match=f"values.0.value: expected {message}"):
        load_policies(put(tmp_path, text, "999900/common.yaml"))


@pytest.mark.parametrize("code", ["361100", "360000", "000000"])
def test_a_fault_is_one_folders_own(code: str, tmp_path: Path) -> None:
    """The others are read; what is wrong is kept as a sentence, also where the whole file cannot be read."""
    put(tmp_path, GOOD)
    put(tmp_path, rate('"5.0"').replace("999900", code), f"{code}/general.yaml")
    found = load_sound(tmp_path)
    assert set(found.regions) == {"999900"}
    assert found.faults[code].startswith(f"{code}/general.yaml: parameters.refund_rate.values.0.value: ")


def test_one_parameter_in_two_files(tmp_path: Path) -> None:
    put(tmp_path, GOOD)
    put(tmp_path, GOOD.replace("scheme: general", "scheme: common"), "999900/common.yaml")
    with pytest.raises(PolicyError, match="each parameter once for scheme general"):
        load_policies(tmp_path)


def test_one_region_with_two_names(tmp_path: Path) -> None:
    put(tmp_path, GOOD)
    put(tmp_path, one("deadline", "date", "2020-12-31").replace("某市", "某县"), "999900/common.yaml")
    with pytest.raises(PolicyError, match="name_zh: expected 某县 / Somewhere; found 某市"):
        load_policies(tmp_path)


@pytest.mark.parametrize("make", [pytest.param(False, id="no folder"), pytest.param(True, id="empty folder")])
def test_no_policies(make: bool, tmp_path: Path) -> None:
    root = tmp_path / "policies"
    if make:
        root.mkdir()
    with pytest.raises(PolicyError, match="set STABLE_JOBS_POLICIES"):
        load_policies(root)


def test_not_utf8(tmp_path: Path) -> None:
    put(tmp_path, GOOD)
    (tmp_path / "999900/general.yaml").write_bytes(GOOD.encode("gb18030"))
    with pytest.raises(PolicyError, match="byte 28: expected UTF-8"):
        load_policies(tmp_path)


def test_fingerprint_follows_every_byte(tmp_path: Path) -> None:
    before = policies_fingerprint(put(tmp_path, GOOD))
    assert policies_fingerprint(tmp_path) == before
    assert policies_fingerprint(put(tmp_path, rate('"0.5"'))) != before


PACKAGED = load_policies(data_folder("policies"))


@pytest.mark.parametrize("code", [pytest.param(c, id=c) for c in sorted(PACKAGED.regions)])
def test_packaged_values(code: str) -> None:
    """Every value has a unit and a reference (the model demands both); what is demo says where it comes from."""
    region = PACKAGED.regions[code]
    for (scheme, name), versions in region.values.items():
        assert scheme in CATALOGUE[name].schemes
        assert all(v.reference.strip() for v in versions)
        assert all(
            ("calibrated" in v.reference or "demonstration" in v.reference) for v in versions if v.demo
        )


def test_codes_are_the_contracts() -> None:
    """The words a policy may use are those that a file of a department can carry."""
    contracts = contracts_as_of(data_folder("contracts"), date(2020, 5, 11))

    def values(extract: str, column: str) -> set[str]:
        return set(contracts[extract].column(column).labels.values())

    assert values("insured_units", "legal_form") == set(LEGAL_FORMS)
    assert values("exclusion_list", "list_type") == set(EXCLUSION_LISTS)
    assert values("priority_list", "category") == set(CATEGORIES)
    assert values("enterprise_sizes", "size_class") == set(SIZES)
