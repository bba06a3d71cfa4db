from dataclasses import replace
from decimal import Decimal

import pytest

from stable_jobs.report.balance import totals
from tests.report.report_night import line

LINE = line((3, 2, 1, 4), "10.01", late="0.02", orphan="0.03", held=5)


def test_parts_stand_beside_their_whole() -> None:
    assert (LINE.units_in, LINE.premium_in) == (15, Decimal("10.06"))
    assert dict(LINE.units) == {"eligible": 3, "ineligible": 2, "undecided": 1, "held": 5, "quarantined": 4}
    assert dict(LINE.premium)["orphan"] == Decimal("0.03")
    assert LINE.stages == (("units_in", 15), ("readable", 11), ("decided", 5), ("eligible", 3))


@pytest.mark.parametrize(
    ("field", "what"),
    [
        pytest.param("units_eligible", "units", id="a unit appears"),
        pytest.param("premium_late_fee", "premium", id="a yuan appears"),
    ],
)
def test_a_line_that_does_not_add_up_is_not_made(field: str, what: str) -> None:
    with pytest.raises(AssertionError, match=f"{what} do"):
        replace(LINE, **{field: getattr(LINE, field) + 1})


def test_totals() -> None:
    both = totals([LINE, line((1, 0, 0, 0), "1.00")])
    assert both is not None
    assert (both.units_in, both.premium_in) == (16, Decimal("11.06"))
    assert totals([]) is None
