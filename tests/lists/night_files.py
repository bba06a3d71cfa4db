"""A small night's snapshots as Parquet, with names as hostile as departments send them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from stable_jobs.lists.inputs import Inputs, QuarantineFile
from stable_jobs.lists.lists import publish_lists
from stable_jobs.policy.verdict import COLUMNS, TESTS

D = date(2020, 5, 11)
XIAN, LIAOYUAN, BROKEN = "610100", "220400", "220500"

TYPES = {
    "business_date": "DATE",
    "is_taken": "BOOLEAN",
    "headcount": "BIGINT",
    "claimants": "BIGINT",
    "layoff_rate": "DECIMAL(9,6)",
    "months_paid": "BIGINT",
    "policy_year": "BIGINT",
    "premium_base": "DECIMAL(18,2)",
    "refund_rate": "DECIMAL(9,4)",
    "benefit_months": "BIGINT",
    "monthly_benefit": "DECIMAL(18,2)",
    "entitlement": "DECIMAL(18,2)",
    "already_paid": "DECIMAL(18,2)",
    "payable": "DECIMAL(18,2)",
    "priority": "BIGINT",
    "rows": "BIGINT",
    "amount": "DECIMAL(18,2)",
    "is_held": "BOOLEAN",
    "units_in": "BIGINT",
    "premium_in": "DECIMAL(18,2)",
    "delivery_id": "BIGINT",
    "row_no": "BIGINT",
    "rules": "VARCHAR[]",
    "is_unit_known": "BOOLEAN",
    **{f"meets_{test}": "BOOLEAN" for test in TESTS},
}

UNIT: dict[str, Any] = {
    "business_date": D,
    "region_code": XIAN,
    "uscc": "91610100000000001X",
    "unit_no": "610100000001",
    "unit_name": "西安第一有限公司",
    "policy_year": 2020,
    "scheme": "general",
    "is_taken": True,
    "lane": "no_application",
    "size_class": "small",
    "legal_form": "enterprise",
    "headcount": 20,
    "claimants": 1,
    "layoff_rate": Decimal("0.050000"),
    "layoff_formula": "F4",
    "months_paid": 12,
    "premium_base": Decimal("2469.12"),
    "refund_rate": Decimal("0.5000"),
    "benefit_months": None,
    "monthly_benefit": None,
    "entitlement": Decimal("1234.56"),
    "already_paid": Decimal("0.00"),
    "payable": Decimal("1234.56"),
    "decision": "eligible",
    "reasons": "",
    **{f"meets_{test}": True for test in TESTS},
    "account_source": "corporate",
    "priority": 7,
}
PAYEE = {
    "region_code": XIAN,
    "uscc": UNIT["uscc"],
    "account_name": UNIT["unit_name"],
    "account_no": "6222021234567890123",
    "bank_code": "102100099996",
    "bank_name": "中国工商银行西安分行",
    "account_source": "corporate",
}
OWED = {
    "region_code": XIAN,
    "uscc": "91610100000000005X",
    "unit_name": "未定有限公司",
    "scheme": "general",
    "reason": "active_unknown",
    "department": "tax",
    "extract": "taxpayers",
    "cause": "missing",
    "detail_zh": "没有记录或该项为空",
    "detail_en": "no record, or the field is empty",
}
ORPHAN = {
    "region_code": XIAN,
    "department": "tax",
    "extract": "premium_payments",
    "uscc": "91610100000000009X",
    "rows": 12,
    "amount": Decimal("240.00"),
}
LINE = {"region_code": XIAN, "units_in": 5, "premium_in": Decimal("99999.90"), "is_held": False}
HELD = {
    "region_code": BROKEN,
    "reason": "missing_delivery",
    "department": "tax",
    "extract": "premium_payments",
    "detail": "no accepted delivery within its acceptable age",
}
QUARANTINED = {
    "delivery_id": 7,
    "row_no": 3,
    "home_region": XIAN,
    "uscc": "91610100000000006X",
    "account_no": "6222029999888877776",
    "account_name": "张三",
    "rules": ["taxpayers.uscc.check", "taxpayers.arrears_amount.not_negative"],
    "is_unit_known": True,
}
UNREADABLE = {"row_no": 9, "uscc": "110101199003078515", "is_unit_known": False}


def hostile_units() -> list[dict[str, Any]]:
    """One region's rows: paid ones with hostile names, one rejected, one undecided, one unpriced."""
    names = {
        "91610100000000001X": ('=HYPERLINK("http://x","领")', 7),
        "91610100000000002X": (' ＝1+1,"引号"\r\n第二行', 1),
        "91610100000000003X": ("正常<b>&公司_x0041_\u202e\x07", 1),
    }
    paid = [{**UNIT, "uscc": u, "unit_name": n, "priority": p} for u, (n, p) in names.items()]
    rejected = {
        **_refused("91610100000000004X", "ineligible", "layoff_rate;applied"),
        "payable": Decimal("0.00"),
        "meets_layoff_rate": False,
        "meets_applied": False,
    }
    undecided = {
        **_refused(OWED["uscc"], "undecided", "active_unknown"),
        "payable": None,
        "meets_active": None,
    }
    unpriced = {**UNIT, "uscc": "91610100000000007X", "payable": None, "already_paid": None}
    return [*paid, rejected, undecided, unpriced]


def _refused(uscc: str, decision: str, reasons: str) -> dict[str, Any]:
    return {**UNIT, "uscc": uscc, "is_taken": False, "decision": decision, "reasons": reasons}


def write_night(
    con: duckdb.DuckDBPyConnection, folder: Path, **changed: Sequence[Mapping[str, Any]]
) -> Inputs:
    """The snapshots of a small night; any replaced by keyword. Region names and versions are fixed."""
    units = changed.get("eligibility", hostile_units())
    unpriced = {
        **OWED,
        "uscc": "91610100000000007X",
        "reason": "already_paid_unknown",
        "department": "finance",
    }
    tables: dict[str, Sequence[Mapping[str, Any]]] = {
        "eligibility": units,
        "payees": [
            {**PAYEE, "region_code": u["region_code"], "uscc": u["uscc"], "account_name": u["unit_name"]}
            for u in units
            if u["is_taken"]
        ],
        "owed": [OWED, {**unpriced, "extract": "prior_refunds", "cause": "quarantined"}],
        "orphans": [ORPHAN, {**ORPHAN, "extract": "taxpayers", "rows": 1, "amount": None}],
        "reconciliation": [LINE],
        "held": [HELD],
        "quarantine": [QUARANTINED, {**QUARANTINED, **UNREADABLE}],
    } | changed
    folder.mkdir(parents=True, exist_ok=True)
    samples = {
        "eligibility": UNIT, "payees": PAYEE, "owed": OWED, "orphans": ORPHAN,
        "reconciliation": LINE, "held": HELD, "quarantine": QUARANTINED,
    }  # fmt: skip
    for name, rows in tables.items():
        write_parquet(con, folder / f"{name}.parquet", rows, samples[name])
    return inputs_of(folder)


def inputs_of(folder: Path) -> Inputs:
    """The night whose snapshots were written there."""
    names = ("eligibility", "payees", "owed", "orphans", "reconciliation", "held")
    paths = {name: str(folder / f"{name}.parquet") for name in names}
    return Inputs(
        business_date=D,
        **paths,
        quarantine=(QuarantineFile("tax", "taxpayers", str(folder / "quarantine.parquet")),),
        names={XIAN: ("西安市", "Xi'an"), LIAOYUAN: ("辽源市", "Liaoyuan"), BROKEN: ("通化市", "Tonghua")},
        versions={"code": "c0de", "policies": "90l1c1e5"},
        files={7: "2020-05-11/610100.csv"},
        demo_regions=frozenset({XIAN}),
    )


def publish_night(snapshots: str, out: str, start: Any) -> None:
    """One process of several that publish the same night at once; `start` is a barrier."""
    with duckdb.connect(config={"threads": 1}) as con:
        start.wait()
        publish_lists(con, inputs_of(Path(snapshots)), out=Path(out), workbook_rows=50_000)


def write_parquet(
    con: duckdb.DuckDBPyConnection, path: Path, rows: Sequence[Mapping[str, Any]], sample: Mapping[str, Any]
) -> None:
    """Rows of one layout; the sample names the columns of an empty one too."""
    columns = COLUMNS if sample is UNIT else tuple(sample)
    typed = ", ".join(f'CAST("{c}" AS {TYPES.get(c, "VARCHAR")}) AS "{c}"' for c in columns)
    con.register("sample_rows", pa.table({c: [row[c] for row in rows] for c in columns}))
    con.execute(f"COPY (SELECT {typed} FROM sample_rows) TO '{path}' (FORMAT parquet)")
    con.unregister("sample_rows")


def with_versions(inputs: Inputs, **versions: str) -> Inputs:
    """The same night under other versions."""
    return replace(inputs, versions=versions)
