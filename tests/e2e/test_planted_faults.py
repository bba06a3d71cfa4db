"""The answer key catches what it was built to catch: one fault at a time, and the traps that find it."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.e2e.answer_key import decided_rows, differences
from tests.e2e.faults import Fault, plant, run_night
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
            'enterprises.exclusions(lists["exclusion_list"], on)',
            'enterprises.exclusions(lists["exclusion_list"].limit(0), on)',
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
            "policy/amounts.py",
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
            "policy/doubts.py",
            "known = rows.filter(rows.is_unit_known)",
            "known = rows.limit(0)",
        ),
        "premium_quarantined_thirteenth",
    ),
    (
        Fault(
            "what was paid before is not subtracted",
            "policy/amounts.py",
            "_yuan(t.entitlement - t.already_paid)",
            "_yuan(t.entitlement)",
        ),
        "paid_less",
    ),
    (
        Fault(
            "a refund of the other scheme does not count",
            "policy/paid.py",
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
            "policy/enterprises.py",
            "(rows.removed_on > on)",
            "(rows.removed_on >= on)",
        ),
        "removed_on_the_day",
    ),
    (
        Fault(
            "the day of listing does not count",
            "policy/enterprises.py",
            "(rows.listed_on <= on)",
            "(rows.listed_on < on)",
        ),
        "listed_on_the_day",
    ),
    (
        Fault(
            "back payments of earlier years are in the base",
            "policy/amounts.py",
            "t.back_payment_earlier_years.ifelse(t.base_back_earlier, _zero())",
            "t.base_back_earlier",
        ),
        "back_payment_earlier_year",
    ),
    (
        Fault(
            "late fees are in the base",
            "policy/amounts.py",
            "_sum(t.base_regular + t.base_back)",
            "_sum(t.base_regular + t.base_back + t.late_fees)",
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
            "policy/tests.py",
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
            "walk = hold(crosswalk(units, clashing))",
            "walk = hold(crosswalk(units.limit(0), clashing))",
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
            "payout/sheets/notice.py",
            'Kind.MONEY, "payable")',
            'Kind.MONEY, "payable + 1")',
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
