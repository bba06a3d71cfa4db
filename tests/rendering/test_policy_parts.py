"""Changed values and totals as pages show them: foreign text stays text; what waits for people says so."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from stable_jobs.rendering.environment import environment
from stable_jobs.report.parts import PolicyFacts, PolicyLine, TotalLine
from stable_jobs.words import Place, Words

HERE = Place("360100", Words("南昌市", "Nanchang"))
OTHER = Place("610100", Words("西安市", "Xi'an"))
FIRST = date(2020, 5, 12)
OPEN = PolicyLine(HERE, "general.refund_rate.small", "0.5", "<b>1</b>", "旧文", "新文", FIRST, "", "")
AGREED = PolicyLine(HERE, "general.approvals.large", "", "0", "", "新文", FIRST, "李四", "王五")
TOTAL = TotalLine(OTHER, Decimal("276000.00"), Decimal("3.0000"), FIRST, Decimal("27600.00"), "")
ACCEPTED = TotalLine(HERE, Decimal("9.00"), Decimal(3), FIRST, Decimal("1.00"), "孙六")
FACTS = PolicyFacts((OPEN, AGREED), (TOTAL, ACCEPTED))
PAGE = """
{% import "policy_parts.html" as shown %}
{{ shown.change_table(facts.changes, true) }}{{ shown.totals(facts.totals, true) }}
"""


@pytest.mark.parametrize(
    ("language", "nobody", "times"),
    [
        pytest.param(
            "en", "nobody yet", "276,000.00 yuan are entitled to, more than 3 times the 27,600.00", id="en"
        ),
        pytest.param(
            "zh", "尚无人", "应返还总额 276,000.00 元，超过 2020-05-12 的 27,600.00 元的 3 倍", id="zh"
        ),
    ],
)
def test_old_new_first_night_and_people(language: str, nobody: str, times: str) -> None:
    page = environment(language).from_string(PAGE).render(facts=FACTS)
    assert page.count(nobody) == 2
    assert times in page
    for text in ("general.refund_rate.small", "旧文", "2020-05-12", "李四", "王五", "孙六"):
        assert text in page
    assert "<b>1</b>" not in page


def test_regions_that_wait() -> None:
    assert FACTS.stopped == (HERE, OTHER)
    assert PolicyFacts((AGREED,), (ACCEPTED,)).stopped == ()
