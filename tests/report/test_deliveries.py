from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from stable_jobs.contracts.model import Contract, SendingRegion, Terms
from stable_jobs.errors import Problem
from stable_jobs.report.data import DeliveryLine
from stable_jobs.report.deliveries import Known, delivery_lines
from stable_jobs.store.deliveries import Delivery, Release
from stable_jobs.store.outcomes import DeliveryOutcome
from stable_jobs.words import Words
from tests.report.report_night import DROP, NAMES, NIGHT, PREMIUM_RULES, contract

CONTRACT = contract("tax", "premium_payments", "入库", "Payments", PREMIUM_RULES)
SENT = Delivery(
    id=1,
    department="tax",
    extract="premium_payments",
    business_date=NIGHT,
    region_code="610100",
    sequence=1,
    file_name="610100.csv",
    file_format="csv",
    sha256="a" * 64,
    size_bytes=1,
    rows=10,
    control_total=None,
    status="staged",
    problem=None,
    staged_snapshot_id=1,
)
AGAIN = replace(SENT, id=2, sequence=2, sha256="b" * 64)
FOR_ALL = replace(SENT, region_code="000000", file_name="000000.csv")
DETAIL = {"rows": 1204, "previous_rows": None, "quarantined": 3, "rules": [DROP]}
RELEASE = Release(1, 99, "a" * 64, DROP, "核实无误", "王芳", datetime(2020, 5, 11, tzinfo=UTC))
PROBLEM = Problem(
    "delivery.empty", "空", "empty", "tax", "premium_payments", "610100", "≥ 1", "0", "重发", "again", "tax"
)


def outcome(
    region: str = "610100",
    delivery: int = 1,
    rows: tuple[int, int, int] = (10, 9, 1),
    rule: str | None = None,
) -> DeliveryOutcome:
    return DeliveryOutcome(delivery, region, *rows, rule, DETAIL if rule else None)


def brief(lines: Iterable[DeliveryLine]) -> list[tuple[str, int, str, int | None]]:
    return [(d.place.code, d.sequence, d.status, d.received) for d in lines]


@pytest.mark.parametrize(
    ("deliveries", "outcomes", "releases", "lines"),
    [
        pytest.param([SENT], [outcome()], [], [("610100", 1, "accepted", 10)], id="accepted"),
        pytest.param([SENT], [], [], [("610100", 1, "pending", None)], id="not validated"),
        pytest.param([SENT], [outcome(rule=DROP)], [], [("610100", 1, "held", 10)], id="held"),
        pytest.param([SENT], [outcome(rule=DROP)], [RELEASE], [("610100", 1, "released", 10)], id="released"),
        pytest.param(
            [SENT],
            [outcome(rule=DROP)],
            [replace(RELEASE, sha256="f" * 64)],
            [("610100", 1, "held", 10)],
            id="other bytes were released",
        ),
        pytest.param(
            [SENT],
            [outcome(rule=DROP)],
            [replace(RELEASE, rule_id="another")],
            [("610100", 1, "held", 10)],
            id="released from another rule",
        ),
        pytest.param(
            [SENT, AGAIN],
            [outcome(delivery=2)],
            [],
            [("610100", 1, "superseded", None), ("610100", 2, "accepted", 10)],
            id="sent again",
        ),
        pytest.param(
            [SENT, replace(AGAIN, status="refused", problem=PROBLEM.as_dict())],
            [outcome()],
            [],
            [("610100", 1, "accepted", 10), ("610100", 2, "refused", None)],
            id="sent again and refused",
        ),
        pytest.param(
            [FOR_ALL],
            [outcome("000000", rows=(0, 0, 0)), outcome("610100"), outcome("360100", rule=DROP)],
            [],
            [("610100", 1, "accepted", 10), ("360100", 1, "held", 10)],
            id="one region of a file for all is held",
        ),
        pytest.param(
            [FOR_ALL],
            [outcome("000000", rows=(0, 0, 0), rule=DROP), outcome("610100")],
            [],
            [("000000", 1, "held", 0), ("610100", 1, "held", 10)],
            id="a whole file for all is held",
        ),
        pytest.param(
            [FOR_ALL],
            [outcome("000000", rows=(0, 0, 0))],
            [],
            [("000000", 1, "accepted", 0)],
            id="empty file for all",
        ),
    ],
)
def test_status(
    deliveries: list[Delivery],
    outcomes: list[DeliveryOutcome],
    releases: list[Release],
    lines: list[tuple[str, int, str, int | None]],
) -> None:
    assert brief(delivery_lines(Known(CONTRACT, NAMES, outcomes, releases), deliveries, [])) == lines


def test_a_stand_in_keeps_its_own_date() -> None:
    earlier = replace(SENT, business_date=date(2020, 5, 9))
    (line,) = delivery_lines(Known(CONTRACT, NAMES, [], []), [], [earlier])
    assert (line.status, line.business_date, line.received) == ("stand_in", date(2020, 5, 9), None)


def test_a_held_delivery_says_the_rule_in_both_languages_and_the_measure() -> None:
    known = Known(CONTRACT, NAMES, [outcome(rule=DROP)], [])
    trouble = delivery_lines(known, [SENT], [])[0].trouble
    assert trouble is not None
    assert (trouble.rule_id, trouble.what.en) == (DROP, "The row count did not fall")
    assert trouble.found.en == "1,204 rows; 3 quarantined; last accepted none"
    assert trouble.found.zh == "1,204 行；隔离 3；上次采用 无"


def test_a_refused_delivery_says_what_intake_said() -> None:
    refused = replace(SENT, status="refused", problem=PROBLEM.as_dict())
    trouble = delivery_lines(Known(CONTRACT, NAMES, [], []), [refused], [])[0].trouble
    assert trouble is not None
    assert trouble.expected is not None
    assert (trouble.what.zh, trouble.expected.en, trouble.next_step.zh) == ("空", "≥ 1", "重发")


@pytest.mark.parametrize(
    ("held", "status"),
    [
        pytest.param({(CONTRACT.extract, "610100")}, "held", id="it was held when the night was decided"),
        pytest.param({(CONTRACT.extract, "360100"), ("another", "610100")}, "released", id="others were"),
    ],
)
def test_a_release_after_the_decision_does_not_count(held: set[tuple[str, str]], status: str) -> None:
    known = Known(CONTRACT, NAMES, [outcome(rule=DROP)], [RELEASE], frozenset(held))
    assert [one.status for one in delivery_lines(known, [SENT], [])] == [status]


def test_a_release_is_named() -> None:
    line = delivery_lines(Known(CONTRACT, NAMES, [outcome(rule=DROP)], [RELEASE]), [SENT], [])[0]
    assert line.release is not None
    assert (line.release.released_by, line.release.reason, line.trouble) == ("王芳", "核实无误", None)


TOLERANCE, LIMITS = "premium_payments.rows.tolerance", (Decimal("0.01"), Decimal("0.6"))
HELD_BY_TOLERANCE = replace(
    CONTRACT,
    tolerance=LIMITS[0],
    largest_drop=LIMITS[1],
    rules=(*CONTRACT.rules, replace(CONTRACT.rules[0], id=TOLERANCE)),
)
XIAN_MAY_HAVE_MORE = replace(
    HELD_BY_TOLERANCE,
    sending_regions=(SendingRegion("610000", NIGHT, "来函", Terms(tolerance=Decimal("0.005"))),),
)


@pytest.mark.parametrize(
    ("contract_", "rule", "previous", "zh", "en"),
    [
        pytest.param(
            HELD_BY_TOLERANCE,
            TOLERANCE,
            None,
            "隔离的行最多 1%：1,204 行中最多 12 行",
            "at most 1% of the rows quarantined: 12 of 1,204",
            id="tolerance",
        ),
        pytest.param(
            XIAN_MAY_HAVE_MORE,
            TOLERANCE,
            None,
            "隔离的行最多 0.5%：1,204 行中最多 6 行",
            "at most 0.5% of the rows quarantined: 6 of 1,204",
            id="the tolerance of the region that sent",
        ),
        pytest.param(
            HELD_BY_TOLERANCE,
            DROP,
            4000,
            "比上次采用的减少不到 60%：上次 4,000 行，本次至少 1,601 行",
            "less than 60% below the last accepted: at least 1,601 rows after 4,000",
            id="drop",
        ),
    ],
)
def test_a_held_delivery_says_what_was_expected(
    contract_: Contract, rule: str, previous: int | None, zh: str, en: str
) -> None:
    held = replace(outcome(rule=rule), held_detail={**DETAIL, "previous_rows": previous})
    [line] = delivery_lines(Known(contract_, NAMES, [held], []), [SENT], [])
    assert line.trouble is not None
    assert line.trouble.expected == Words(zh, en)


def test_a_rule_that_is_not_about_rows_has_no_figure_to_expect() -> None:
    other = replace(CONTRACT, rules=(replace(CONTRACT.rules[0], id="premium_payments.batch.odd"),))
    [line] = delivery_lines(Known(other, NAMES, [outcome(rule="premium_payments.batch.odd")], []), [SENT], [])
    assert line.trouble is not None
    assert line.trouble.expected is None
