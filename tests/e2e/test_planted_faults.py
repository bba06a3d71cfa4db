"""The answer key catches what it was built to catch: one fault at a time, and the traps that find it."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.e2e.answer_key import decided_rows, differences
from tests.e2e.faults import Fault, plant, run_night, run_tests
from tests.e2e.home import Home, new_home

pytestmark = pytest.mark.long

Say = Callable[[str], None]


@pytest.fixture
def say(capsys: pytest.CaptureFixture[str]) -> Say:
    """Print to the terminal, whatever is captured: the table of faults is a result."""

    def spoken(line: str) -> None:
        with capsys.disabled():
            print(f"\n{line}")

    return spoken


def differing(small: Home, fault: Fault | None, folder: Path) -> dict[str, list[str]]:
    """Trap → how its units differ from the key in a night by a copy of the package with that fault."""
    with faulty_night(small, fault, folder) as (home, done):
        assert done.returncode == 0, done.stderr[-2000:]
        return differences(small.key(), decided_rows(home.out))


@contextmanager
def faulty_night(
    small: Home, fault: Fault | None, folder: Path
) -> Iterator[tuple[Home, subprocess.CompletedProcess[str]]]:
    include = plant(fault, folder / "include")
    with new_home(STABLE_JOBS_LANDING=str(small.path / "landing")) as home:
        yield home, run_night(home, include)


def test_without_a_fault_nothing_differs(small: Home, tmp_path: Path, say: Say) -> None:
    found = differing(small, None, tmp_path)

    say("no fault: no difference" if not found else f"no fault: {found}")
    assert found == {}


FAULTS = [
    (
        Fault(
            "the exclusion list is not joined",
            "policy/facts.py",
            'aggregates.exclusions(lists["exclusion_list"], on)',
            'aggregates.exclusions(lists["exclusion_list"].limit(0), on)',
        ),
        "excluded_zombie",
    ),
    (
        Fault(
            "< for ≤ in the layoff cap",
            "policy/layoff.py",
            "is_strict.ifelse(scaled < limit, scaled <= limit)",
            "is_strict.ifelse(scaled < limit, scaled < limit)",
        ),
        "cap_equal",
    ),
    (
        Fault(
            "≤ for < in the cap of large firms",
            "policy/layoff.py",
            "is_strict.ifelse(scaled < limit, scaled <= limit)",
            "is_strict.ifelse(scaled <= limit, scaled <= limit)",
        ),
        "large_cap_equal",
    ),
    (
        Fault(
            "a missing size is taken as small",
            "policy/situation.py",
            "else_=t.economy_size,",
            'else_=t.economy_size.fill_null("small"),',
        ),
        "size_missing",
    ),
    (
        Fault(
            "floor for half-up",
            "policy/verdict.py",
            "(a.cast(EXACT) * b.cast(EXACT)).round(2)",
            "((a.cast(EXACT) * b.cast(EXACT)) * 100).floor() / 100",
        ),
        "odd_fen",
    ),
    (
        Fault(
            "facts but premiums are joined on the credit code alone",
            "policy/facts.py",
            "joined.left_join(part, list(UNIT), ",
            'joined.left_join(*((part, list(UNIT)) if "premium_rows" in part.columns else '
            '(part.distinct(on="uscc", keep="first"), ["uscc"])), ',
        ),
        "two_cities",
    ),
    (
        Fault(
            "a quarantined row is read as absent",
            "policy/extracts.py",
            "named = renamed(broken.filter(broken.extract.isin(UNIT_EXTRACTS)), walk)",
            "named = broken.limit(0)",
        ),
        "premium_quarantined_thirteenth",
    ),
    (
        Fault(
            "what was paid before is not subtracted",
            "policy/verdict.py",
            "(t.entitlement - t.already_paid).cast(YUAN)",
            "t.entitlement.cast(YUAN)",
        ),
        "paid_less",
    ),
    (
        Fault(
            "a refund of the other scheme does not count",
            "policy/aggregates.py",
            "(rows.policy_year == on.year) & (rows.paid_date <= on)",
            '(rows.scheme == "general") & (rows.paid_date <= on)',
        ),
        "paid_difficult",
    ),
    (
        Fault(
            "a branch takes its own size",
            "policy/facts.py",
            "takes_parent = t.parent_sized.notnull() | t.unsized_uscc.notnull()",
            "takes_parent = t.unsized_uscc.notnull()",
        ),
        "branch_large_parent",
    ),
    (
        Fault(
            "the day of removal still counts",
            "policy/aggregates.py",
            "(rows.removed_on > on)",
            "(rows.removed_on >= on)",
        ),
        "removed_on_the_day",
    ),
    (
        Fault(
            "the day of listing does not count",
            "policy/aggregates.py",
            "(rows.listed_on <= on)",
            "(rows.listed_on < on)",
        ),
        "listed_on_the_day",
    ),
    (
        Fault(
            "back payments of earlier years are in the base",
            "policy/verdict.py",
            "t.back_payment_earlier_years.ifelse(t.base_back_earlier, _zero())",
            "t.base_back_earlier",
        ),
        "back_payment_earlier_year",
    ),
    (
        Fault(
            "late fees are in the base",
            "policy/verdict.py",
            "(t.base_regular + t.base_back).cast(SUM)",
            "(t.base_regular + t.base_back + t.late_fees).cast(SUM)",
        ),
        "late_fee",
    ),
    (
        Fault(
            "30 heads are no small unit",
            "policy/layoff.py",
            "t.headcount <= t.small_unit_headcount",
            "t.headcount < t.small_unit_headcount",
        ),
        "small_unit_thirty",
    ),
    (
        Fault(
            "31 heads are a small unit",
            "policy/layoff.py",
            "t.headcount <= t.small_unit_headcount",
            "t.headcount <= t.small_unit_headcount + 1",
        ),
        "small_unit_thirty_one",
    ),
    (
        Fault(
            "eleven months are enough",
            "policy/verdict.py",
            "months_paid(t) >= t.min_paid_months",
            "months_paid(t) >= t.min_paid_months - 1",
        ),
        "eleven_months",
    ),
    (
        Fault(
            "the oldest application counts",
            "policy/aggregates.py",
            "rows.submitted_at.desc(), rows.application_no.desc()",
            "rows.submitted_at, rows.application_no",
        ),
        "newest_unsigned",
    ),
    (
        Fault(
            "old registration numbers are not replaced",
            "policy/facts.py",
            "walk = materialize(crosswalk(units, clashing))",
            "walk = materialize(crosswalk(units.limit(0), clashing))",
        ),
        "crosswalk",
    ),
]


@pytest.mark.parametrize(("fault", "trap"), [pytest.param(f, t, id=f.name) for f, t in FAULTS])
def test_the_key_finds(small: Home, tmp_path: Path, say: Say, fault: Fault, trap: str) -> None:
    found = differing(small, fault, tmp_path)

    others = f", and {len(found) - 1} more traps" if len(found) > 1 else ""
    units = sum(map(len, found.values()))
    say(f"{fault.name}: {units} rows differ; {trap} ({len(found.get(trap, ()))}){others}")
    assert trap in found


STOPPED = [
    (
        Fault(
            "facts are joined on the credit code alone",
            "policy/facts.py",
            "joined.left_join(part, list(UNIT), ",
            'joined.left_join(part.distinct(on="uscc", keep="first"), ["uscc"], ',
        ),
        "units or premium do not add up",
    ),
    (
        Fault(
            "the payable in the lists is another than the decision's",
            "lists/sheets.py",
            '返还金额（元） Amount (yuan)", Kind.MONEY, "payable")',
            '返还金额（元） Amount (yuan)", Kind.MONEY, "payable + 1")',
        ),
        "notice.csv",
    ),
]


@pytest.mark.parametrize(("fault", "says"), [pytest.param(f, s, id=f.name) for f, s in STOPPED])
def test_the_night_itself_refuses(small: Home, tmp_path: Path, say: Say, fault: Fault, says: str) -> None:
    with faulty_night(small, fault, tmp_path) as (home, done):
        last = done.stderr.splitlines()[-1]
        say(f"{fault.name}: the night stops, {last}")
        assert done.returncode == 1
        assert says in last
        left = decided_rows(home.out)
        assert [row for row in left.values() if row[-1]] == []
        assert left == {} or says == "notice.csv", "only regions whose lists add up: nobody is paid there"


OWN_TESTS = [
    (
        Fault(
            "an individual business needs no account name",
            "policy/facts.py",
            "whole = numbered.filter(~is_blank(numbered.account_name))",
            "whole = numbered",
        ),
        "tests/policy/test_facts.py",
    ),
    (
        Fault(
            "a quarantined row whose region cannot be read is nobody's, in a region's own file too",
            "validation/quarantine.py",
            "({is_code_valid} AND {HOME_REGION} <> '{NATION}')",
            "({is_code_valid} AND {IS_REGION_KNOWN})",
        ),
        "tests/validation/test_validate.py::test_whose_a_quarantined_row_is",
    ),
    (
        Fault(
            "an old number that is another unit's own key is replaced",
            "policy/extracts.py",
            "return one.anti_join(clashing, is_theirs)",
            "return one.anti_join(clashing.limit(0), is_theirs)",
        ),
        "tests/policy/test_doubts.py",
    ),
    (
        Fault(
            "in January the row of January counts",
            "policy/aggregates.py",
            "if on.month == 1:",
            "if on.month == 0:",
        ),
        "tests/policy/test_tests.py::test_in_january",
    ),
    (
        Fault(
            "a province takes no part",
            "policy/parameters.py",
            "not (is_province(code) and province_fault(policies, code, on))",
            "not is_province(code)",
        ),
        "tests/policy/test_suspended.py::test_a_provinces_own_units_are_decided",
    ),
    (
        Fault(
            "a file above its limit is copied",
            "intake/landing.py",
            'NOT_COPIED = ("delivery.too_large", "delivery.no_access")',
            'NOT_COPIED = ("delivery.no_access",)',
        ),
        "tests/intake/test_landing.py::test_a_file_above_the_limit_is_refused_without_a_byte_of_it",
    ),
    (
        Fault(
            "of a slot the oldest file is read first",
            "intake/staging.py",
            "if _may_be_read(contract, delivery)][::-1]",
            "if _may_be_read(contract, delivery)]",
        ),
        "tests/intake/test_staging.py::test_of_a_slot_only_what_can_count_is_read",
    ),
    (
        Fault(
            "a NUL in a name is a character of it",
            "intake/contents.py",
            'f"NOT contains({r.raw}, {NUL}) AND {r.clean} NOT IN',
            'f"{r.clean} NOT IN',
        ),
        "tests/intake/test_reading.py",
    ),
    (
        Fault(
            "an agreement of a region holds before its date",
            "contracts/model.py",
            "if (entry := as_of(found, on)) is not None]",
            "if (entry := as_of(found, date.max)) is not None]",
        ),
        "tests/contracts/test_load_sending.py::test_where_and_when_an_entry_holds",
    ),
    (
        Fault(
            "a region whose lists do not add up is published",
            "lists/lists.py",
            "if code not in held and fault is None:",
            "if code not in held:",
        ),
        "tests/lists/test_lists.py::test_a_region_whose_promise_breaks_is_held_alone",
    ),
]


@pytest.mark.parametrize(("fault", "node"), OWN_TESTS, ids=lambda one: getattr(one, "name", ""))
def test_a_fault_is_caught_by_its_own_tests(fault: Fault, node: str, tmp_path: Path, say: Say) -> None:
    sound = run_tests(node, plant(None, tmp_path / "sound"))
    assert sound.returncode == 0, sound.stdout[-2000:]

    found = run_tests(node, plant(fault, tmp_path / "faulty"))

    assert found.returncode == 1, found.stdout[-2000:] + found.stderr[-2000:]
    failed = [line for line in found.stdout.splitlines() if line.startswith("FAILED")]
    say(f"{fault.name}: caught by {failed[0].removeprefix('FAILED ')[:150]}")
    assert failed
