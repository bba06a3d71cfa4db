"""The peers' work, generated from the product's contracts and policies as they hold on the business date.

Every critical rule about rows is either said by a `Column` or an `Extract` of `spec.py`, or the generation
ends with an error: a new kind of rule is noticed. The warnings and hints, which reject nothing, are left to
the product, and so are the rules about whole deliveries but for the manifest's counts and the tolerance.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

import yaml

from bench.peers.spec import Column, Extract, Parameters, Spec
from stable_jobs.contracts.load import contracts_as_of
from stable_jobs.contracts.model import Column as ContractColumn
from stable_jobs.contracts.model import Contract, Rule, Scope, Severity
from stable_jobs.credit_code import ALPHABET, HEADS, PROVINCES, WEIGHTS
from stable_jobs.policy.catalogue import FORMULAS, SIZES
from stable_jobs.policy.load import load_sound
from stable_jobs.policy.parameters import Row, levels, parameter_table
from stable_jobs.regions import known_codes
from stable_jobs.settings import Settings

OF_A_COLUMN = {
    "required", "readable", "known_value", "minimum", "maximum", "length", "month", "code", "account_no",
    "not_after",
}  # fmt: skip
OF_THE_EXTRACT = {"known", "expected", "unique", "window", "order"}
SAID = OF_A_COLUMN | OF_THE_EXTRACT
"""The last parts of the ids of the rules that the peers check."""
CHECKS = {"uscc": "unit_code", "bank_code": "bank_code"}
"""The check of a column whose `code` rule is critical."""


def spec_of(settings: Settings, business_date: date) -> Spec:
    """The work of a night. ValueError where a contract has a critical rule that no peer knows."""
    contracts = contracts_as_of(settings.contracts_root, business_date)
    policies = load_sound(settings.policies_root)
    rows = tuple(row for row in parameter_table(policies, business_date) if row["scheme"] == "general")
    pools = levels(policies, business_date, rows, pooled=True)
    windows = _windows(settings, business_date)
    return Spec(
        business_date=business_date.isoformat(),
        extracts=tuple(_extract(one, windows[one.extract], business_date) for one in contracts.values()),
        parameters=tuple(_parameters(row, pools) for row in rows if row["size"] in SIZES),
        known_regions=tuple(sorted(known_codes())),
        alphabet=ALPHABET,
        weights=WEIGHTS,
        heads=HEADS,
        provinces=PROVINCES,
        threads=settings.threads,
    )


def row_rules(contract: Contract) -> list[Rule]:
    """The rules that reject a row."""
    return [r for r in contract.rules if r.severity is Severity.CRITICAL and r.scope is Scope.ROW]


def _extract(contract: Contract, windows: tuple[tuple[str, str, str], ...], on: date) -> Extract:
    rules = {rule.id.split(".", 1)[1]: rule for rule in row_rules(contract)}
    unknown = sorted(name for name in rules if name.split(".")[1] not in SAID)
    if unknown:
        raise ValueError(f"{contract.extract}: no peer checks the rules {', '.join(unknown)}")
    orders = (rule.arguments for name, rule in rules.items() if name.endswith(".order"))
    return Extract(
        department=contract.department,
        name=contract.extract,
        encoding=contract.encoding,
        null_words=contract.null_words,
        columns=tuple(_column(column, rules, on) for column in contract.columns),
        key=tuple(dict.fromkeys(("region_code", *contract.key))),
        control_total=contract.control_total,
        row_region=contract.row_region,
        subject=contract.subject,
        tolerance=str(contract.tolerance),
        windows=windows,
        orders=tuple((one["column_A"], one["column_B"]) for one in orders),
    )


def _column(column: ContractColumn, rules: Mapping[str, Rule], on: date) -> Column:
    def argument(what: str, name: str) -> Any:
        rule = rules.get(f"{column.name}.{what}")
        return None if rule is None else rule.arguments[name]

    has_length = f"{column.name}.length" in rules
    check = CHECKS[column.name] if f"{column.name}.code" in rules else None
    is_limited = f"{column.name}.not_after" in rules
    last = f"{on:%Y%m}" if column.kind == "month" else on.isoformat()
    return Column(
        name=column.name,
        header=column.header,
        kind=column.kind.value,
        required=column.required,
        labels=dict(column.labels),
        minimum=argument("minimum", "min_value"),
        maximum=argument("maximum", "max_value"),
        length=(argument("length", "min_value"), argument("length", "max_value")) if has_length else None,
        check="account_no" if f"{column.name}.account_no" in rules else check,
        not_after=last if is_limited else None,
    )


def _windows(settings: Settings, on: date) -> dict[str, tuple[tuple[str, str, str], ...]]:
    """By extract, as the documents say them: the contract itself has them only as SQL."""
    found = {}
    for path in settings.contracts_root.glob("*/*.odcs.yaml"):
        said = yaml.safe_load(path.read_text(encoding="utf-8"))
        kinds = {c["name"]: _property(c, "kind") for c in said["schema"][0]["properties"]}
        entries = _property(said, "windows") or ()
        found[said["schema"][0]["name"]] = tuple(
            (one["column"], *(_bound(kinds[one["column"]], one[end], on) for end in ("from", "to")))
            for one in entries
        )
    return found


def _property(said: Mapping[str, Any], name: str) -> Any:
    return next((one["value"] for one in said["customProperties"] if one["property"] == name), None)


def _bound(kind: str, text: str, on: date) -> str:
    """`Y-1`, `Y-3/01` or `D` as a year, a month (YYYYMM) or an ISO date."""
    year, _, month = text.partition("/")
    if year == "D":
        return f"{on:%Y%m}" if kind == "month" else on.isoformat()
    whole = on.year - int(year[2:] or 0)
    if kind == "integer":
        return str(whole)
    return f"{whole}{int(month):02d}" if kind == "month" else f"{whole}-{int(month):02d}-01"


def _parameters(row: Row, pools: tuple[Row, ...]) -> Parameters:
    same = set(Parameters.__dataclass_fields__) & set(row)
    fund = sorted(
        (one["distance"], one["level"]) for one in pools if one["region_code"] == row["region_code"]
    )
    others = {
        "formulas": tuple(name for name in FORMULAS if row[f"place_{name}"] is not None),
        "cap_bp": row["cap_low_bp"],
        "cap_is_strict": row["cap_low_is_strict"],
        "rate": int(Decimal(row["refund_rate"]) * 10_000),
        "deadline": row["deadline"].isoformat(),
        "fund_regions": tuple(level for _, level in fund),
    }
    return Parameters(**{name: row[name] for name in same} | others)
