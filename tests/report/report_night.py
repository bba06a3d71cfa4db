"""A made-up night for the report's tests: every state it can show, and names meant to break a page."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from stable_jobs.contracts.model import Contract, Rule, Scope, Severity
from stable_jobs.report.build import ExtractFacts, NightFacts, SuspensionFact, build_report
from stable_jobs.report.data import DeliveryLine, NightReport, OrphanLine, Release, Sample
from stable_jobs.report.parts import Reconciliation, Trouble, place_of
from stable_jobs.store.catalog import HistoryPoint, RuleResult
from stable_jobs.words import Words

NIGHT = date(2020, 5, 11)
NAMES = {
    "220400": Words("辽源市", "Liaoyuan"),
    "360100": Words("南昌市", "Nanchang"),
    "620100": Words("兰州市", "Lanzhou"),
    "230200": Words("齐齐哈尔市", "Qiqihar"),
    "610100": Words("西安市", "Xi'an"),
    "220500": Words("通化市", "Tonghua"),
}
HOSTILE = (
    "<script>alert('西安')</script>",
    '" onmouseover="alert(1)',
    "javascript:alert(1)",
    "\u202eexe.单名贴补岗稳",
    "𠮷野家&copy;<b>有限</b>公司",
    "长" * 500,
    "{{ 7*7 }} %(num)s %s",
    "</style></title><img src=https://evil.example/x>",
)


def result(rule_id: str, region: str, evaluated: int, failed: int) -> RuleResult:
    return RuleResult(rule_id, "", "", region, evaluated, failed)


def rule(rule_id: str, severity: str, zh: str, en: str, scope: str = "row") -> Rule:
    return Rule(
        id=rule_id,
        severity=Severity(severity),
        scope=Scope(scope),
        expectation="ExpectColumnValuesToNotBeNull",
        arguments={},
        columns=(),
        sentence_zh=zh,
        sentence_en=en,
        next_step_zh="请在源系统更正后重新报送",
        next_step_en="Correct it at the source and send the delivery again",
    )


def contract(department: str, extract: str, zh: str, en: str, rules: tuple[Rule, ...]) -> Contract:
    return Contract(
        department=department,
        extract=extract,
        version="1.0.0",
        effective_from=date(2015, 1, 1),
        title_zh=zh,
        title_en=en,
        columns=(),
        key=("uscc",),
        encoding="gb18030",
        formats=("csv",),
        null_words=(),
        max_bytes=1,
        rows_required=True,
        control_total=(),
        absence="unknown",
        row_region="own",
        subject="unit",
        due_hours=20,
        oldest_days=3,
        tolerance=Decimal("0.05"),
        rules=rules,
        fingerprint="0" * 64,
    )


def trouble(rule_id: str, zh: str, en: str, found: str, **more: Any) -> Trouble:
    values: dict[str, Any] = {
        "rule_id": rule_id,
        "what": Words(zh, en),
        "expected": Words("GB18030", "GB18030"),
        "found": Words(found, found),
        "next_step": Words("请用 GB18030 重新导出", "Export it again in GB18030"),
    }
    return Trouble(**{**values, **more})


def delivery(
    region: str, status: str = "accepted", rows: int | None = 0, bad: int = 0, **more: Any
) -> DeliveryLine:
    values: dict[str, Any] = {
        "file_name": f"{region}.csv",
        "place": place_of(region, NAMES),
        "business_date": NIGHT,
        "sequence": 1,
        "sha256": "ab12cd34" * 8,
        "status": status,
        "received": rows,
        "accepted": None if rows is None else rows - bad,
        "quarantined": None if rows is None else bad,
        "trouble": None,
        "release": None,
    }
    return DeliveryLine(**{**values, **more})


def past(rule_id: str, region: str, *failed: int) -> list[HistoryPoint]:
    """Counts of the nights before, the last one last night."""
    first = NIGHT - timedelta(days=len(failed))
    return [HistoryPoint(first + timedelta(days=i), rule_id, region, 1, n) for i, n in enumerate(failed)]


def line(
    units: tuple[int, int, int, int], base: str, late: str = "0.00", orphan: str = "0.00", held: int = 0
) -> Reconciliation:
    eligible, ineligible, undecided, quarantined = units
    nothing = Decimal("0.00")
    return Reconciliation(
        sum(units) + held, eligible, ineligible, undecided, quarantined, held,
        Decimal(base) + Decimal(late) + Decimal(orphan), Decimal(base), Decimal(late),
        nothing, nothing, Decimal(orphan), nothing,
    )  # fmt: skip


CODE, AMOUNT = "premium_payments.uscc.code", "premium_payments.employer_amount.minimum"
PLAUSIBLE, DROP = "premium_payments.plausible", "premium_payments.rows.drop"
KEY, BANK = "premium_payments.key.unique", "premium_payments.bank"
PREMIUM_RULES = (
    rule(CODE, "critical", "统一社会信用代码有效", "The credit code is valid"),
    rule(AMOUNT, "critical", "单位缴费金额不小于 0", "The employer's amount is 0 or more"),
    rule(PLAUSIBLE, "warning", "缴费金额与参保人数相称", "The premium fits the headcount"),
    rule(DROP, "critical", "行数没有骤降", "The row count did not fall", "delivery"),
    rule(KEY, "critical", "同一缴费记录不重复", "No payment stands twice"),
    rule(BANK, "info", "开户行名称已填", "The bank's name is given"),
)
PREMIUM_RESULTS = (
    result(CODE, "610100", 240_000, 37),
    result(CODE, "230200", 61_000, 4),
    result(CODE, "360100", 70_000, 0),
    result(AMOUNT, "610100", 240_000, 0),
    result(PLAUSIBLE, "610100", 240_000, 1_204),
    result(PLAUSIBLE, "230200", 61_000, 88),
    result(PLAUSIBLE, "360100", 70_000, 12),
    result(DROP, "610100", 1, 0),
    result(DROP, "620100", 1, 1),
    result(KEY, "610100", 240_000, 0),
    result(BANK, "610100", 240_000, 1),
)


def premium() -> ExtractFacts:
    history = (
        *past(CODE, "610100", 3, 0, 0, 12, 18, 22, 30),
        *past(CODE, "230200", 0, 0, 0, 0, 0, 0, 0),
        *past(AMOUNT, "610100", 0, 0, 0, 0, 0, 9, 4),
        *past(PLAUSIBLE, "610100", 1_300, 1_299, 1_298, 1_297, 1_296, 1_295, 1_294),
        *past(PLAUSIBLE, "230200", 80, 81, 85, 80, 88, 90, 70),
    )
    samples = {CODE: [sample(i, name) for i, name in enumerate(HOSTILE, 17)]}
    orphans = [
        OrphanLine(place_of("610100", NAMES), 211, 2_502, 239_963, Decimal("88123.45")),
        OrphanLine(place_of("230200", NAMES), 3, 36, 60_996, Decimal("1023.00")),
    ]
    stated = contract("tax", "premium_payments", "失业保险费入库", "Premium payments", PREMIUM_RULES)
    return ExtractFacts(stated, premium_deliveries(), PREMIUM_RESULTS, history, samples, orphans)


def premium_deliveries() -> list[DeliveryLine]:
    encoding = ("delivery.encoding", "编码与约定不符", "Not in the encoding agreed", "0xff")
    refused = trouble(*encoding, row=381, column="单位<名称>")
    dropped = trouble(DROP, "行数骤降", "The row count fell", "1,204", expected=None)
    release = Release(DROP, "<b>季度清理</b> 已核实", "王芳")
    return [
        delivery("610100", rows=240_000, bad=37, sequence=2, file_name="610100.2.csv"),
        delivery("610100", "superseded", rows=None),
        delivery("230200", rows=61_000, bad=4),
        delivery("360100", "released", rows=70_000, release=release),
        delivery("620100", "held", rows=1_204, trouble=dropped),
        delivery("220500", "refused", rows=None, trouble=refused),
        delivery("220400", "stand_in", rows=None, business_date=NIGHT - timedelta(days=2)),
    ]


def sample(row: int, name: str) -> Sample:
    values = (
        ("uscc", "统一社会信用代码", "91610100MA6T****8X"),
        ("account_name", "缴费账户名称", name),
        ("paid_date", "入库日期", None),
    )
    return Sample(f"{name[:40]}.csv", place_of("610100", NAMES), row, values)


def exclusion() -> ExtractFacts:
    rules = (rule("exclusion_list.uscc.code", "critical", "信用代码有效", "The credit code is valid"),)
    results = [result(rules[0].id, "220500", 402, 1)]
    stated = contract("development", "exclusion_list", "惩戒与限制名单", "Exclusion list", rules)
    return ExtractFacts(stated, [delivery("220500", rows=402, bad=1)], results)


def units() -> ExtractFacts:
    rules = (rule("insured_units.uscc.unique", "critical", "单位不重复", "No unit stands twice"),)
    results = [result(rules[0].id, code, 5_000, 0) for code in NAMES]
    stated = contract("labor", "insured_units", "参保单位", "Insured units", rules)
    return ExtractFacts(stated, [delivery(code, rows=5_000) for code in NAMES if code != "220500"], results)


def facts(**changes: Any) -> NightFacts:
    held = [
        SuspensionFact("220500", "missing_delivery", "tax", "premium_payments", None),
        SuspensionFact("220500", "missing_delivery", "labor", "insured_units", None),
        SuspensionFact("220500", "unreadable_unit", "development", "exclusion_list", None),
        SuspensionFact("620100", "held_delivery", "tax", "premium_payments", None),
        SuspensionFact("990100", "no_parameters", None, None, "2020"),
    ]
    night = NightFacts(
        business_date=NIGHT,
        is_demo=True,
        versions={"stable_jobs": "0.1.0", "code": "c" * 64, "policies": "d" * 64, "contracts": "e" * 64},
        names=NAMES,
        extracts=[premium(), exclusion(), units()],
        held=held,
        reconciliation={
            "220400": line((812, 140, 12, 0), "39790000.00", "1200.50"),
            "360100": line((6_208, 1_010, 96, 3), "228830000.12", "20.00"),
            "230200": line((1_302, 201, 40, 4), "61230000.00", orphan="1023.00"),
            "220500": line((0, 0, 0, 2), "0.00", held=1_240),
            "000000": line((0, 0, 0, 1), "0.00"),
            "610100": line((14_021, 3_300, 411, 37), "882001234.56", "9000.10", "88123.45"),
        },
    )
    return replace(night, **changes)


def a_night(**changes: Any) -> NightReport:
    return build_report(facts(**changes))
