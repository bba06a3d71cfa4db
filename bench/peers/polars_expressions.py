"""Peer: Polars, with the rules as expressions.

`python -m bench.peers.polars_expressions SPEC LANDING OUT SCRATCH`
"""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from decimal import Decimal
from typing import Any

import polars as pl

from bench.peers.spec import FOR_ALL, RESULT, Column, Extract, Job, Landed, Spec, headers, job

UNIT = ("region_code", "uscc")
BP = 10_000
TYPES = {
    "integer": pl.Int64,
    "month": pl.Int32,
    "money": pl.Decimal(24, 6),
    "date": pl.Date,
    "open_date": pl.Date,
    "timestamp": pl.Datetime,
}
NEVER = pl.date(9999, 12, 31)
WIDE = {chr(code + 0xFEE0): chr(code) for code in range(0x21, 0x7F)}
Rules = dict[str, pl.Expr]


def main() -> None:
    """Read, validate and reject, join, decide, and write one list per region."""
    work = job()
    with ThreadPoolExecutor(work.spec.threads) as pool:
        loaded = list(pool.map(lambda file: load(work.spec, file), work.files))
    accepted = {e.name: _concat(e.name, work, [frame for frame, _ in loaded]) for e in work.spec.extracts}
    rejected = pl.concat([names for _, names in loaded])
    for (region,), rows in decide(work.spec, accepted, rejected).group_by("region_code"):
        rows.select(RESULT).sort("uscc").write_csv(work.out / f"{region}.csv")


def _concat(name: str, work: Job, frames: list[pl.DataFrame]) -> pl.DataFrame:
    return pl.concat([f for f, file in zip(frames, work.files, strict=True) if file.extract.name == name])


# --- Reading and validating ---


def load(spec: Spec, file: Landed) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The accepted rows of a file, and `extract, region_code, uscc` of the rejected ones that name a unit."""
    frame = read(file)
    file.check(frame.height, _total(frame, file.extract))
    rules = rules_of(spec, file, frame)
    broken = frame.select(**rules).sum()
    is_sound = all(count == 0 for count in broken.row(0))
    bad = frame.clear() if is_sound else frame.filter(pl.any_horizontal(*rules.values()))
    file.tolerate(bad.height)
    if not is_sound:
        frame = frame.filter(~pl.any_horizontal(*rules.values()))
    return frame, _named(spec, file, bad)


def read(file: Landed) -> pl.DataFrame:
    """A file's rows as values; NULL where there is none or it cannot be read.

    A required column is read as its type, so that what cannot be read is NULL and breaks the rule `required`.
    An optional one is read as text first (`_text`), or the rule `readable` could not see it.
    """
    data = file.path.read_bytes()
    if file.extract.encoding == "gb18030":
        data = data.decode("gb18030").encode()
    columns = [file.extract.column(name) for name in headers(file)]
    frame = pl.read_csv(
        data,
        has_header=False,
        skip_rows=1,
        schema={_source(c): TYPES[c.kind] if _is_typed(c) else pl.String for c in columns},
        null_values=list(file.extract.null_words),
        ignore_errors=True,
    )
    fen = {c.name: _yuan(c.name) for c in columns if c.kind == "money"}
    return frame.with_columns(**{c.name: _value(c) for c in columns if not _is_typed(c)}, **fen)


def _yuan(name: str) -> pl.Expr:
    """An amount of whole fen; NULL for one of more decimals, which the reader would cut off."""
    whole = pl.col(name).cast(pl.Decimal(18, 2), strict=False)
    return pl.when(whole == pl.col(name)).then(whole)


def _is_typed(column: Column) -> bool:
    return column.required and column.kind in TYPES


def _source(column: Column) -> str:
    return column.name if _is_typed(column) or column.kind in ("text", "code") else f"{column.name}_text"


def _value(column: Column) -> pl.Expr:
    text, kind = pl.col(_source(column)), TYPES.get(column.kind)
    if column.kind == "boolean":
        truths = {label: value == "true" for label, value in column.labels.items()}
        return text.replace_strict(truths, default=None, return_dtype=pl.Boolean)
    if column.labels:
        values = pl.Enum(sorted(set(column.labels.values())))
        return text.replace_strict(dict(column.labels), default=None, return_dtype=values)
    if kind is not None:
        is_date = column.kind in ("date", "open_date")
        value = text.str.to_date("%Y-%m-%d", strict=False) if is_date else text.cast(kind, strict=False)
        return (
            pl.when(text.str.starts_with("9999")).then(None).otherwise(value) if _is_open(column) else value
        )
    return text


def _is_open(column: Column) -> bool:
    return column.kind == "open_date"


def _total(frame: pl.DataFrame, extract: Extract) -> Decimal:
    return sum((frame[name].sum() or Decimal(0) for name in extract.control_total), Decimal(0))


def rules_of(spec: Spec, file: Landed, frame: pl.DataFrame) -> Rules:
    """Every rule by its name, true for the rows that break it."""
    extract, rules = file.extract, Rules()
    for column in extract.columns:
        rules |= _column_rules(spec, column, frame)
    region = pl.col("region_code")
    rules["region_code.known"] = ~region.is_in(spec.known_regions) & (region != FOR_ALL)
    if file.regions:
        rules["region_code.expected"] = ~region.is_in(file.regions)
    repeated = frame.group_by(extract.key).len().filter(pl.col("len") > 1)
    if repeated.height:
        rules["key.unique"] = pl.struct(extract.key).is_duplicated()
    if extract.windows:
        inside = (pl.col(name).is_between(*_span(extract, name, ends)) for name, *ends in extract.windows)
        rules["window"] = ~pl.any_horizontal(*inside)
    rules |= {f"{late}.order": pl.col(late) < pl.col(early) for late, early in extract.orders}
    return {name: broken.fill_null(False) for name, broken in rules.items()}


def _column_rules(spec: Spec, column: Column, frame: pl.DataFrame) -> Rules:
    name, value = column.name, pl.col(column.name)
    rules = Rules()
    if column.required:
        rules["required"] = value.is_null()
    elif column.labels or column.kind in TYPES:
        text = pl.col(_source(column))
        is_open = text.str.starts_with("9999") if _is_open(column) else pl.lit(False)
        rules["readable"] = value.is_null() & text.is_not_null() & ~is_open
    if column.minimum is not None:
        rules["minimum"] = value < column.minimum
    if column.maximum is not None:
        rules["maximum"] = value > column.maximum
    if column.kind == "month":
        rules["month"] = ~(value % 100).is_between(1, 12)
    if column.length is not None:
        rules["length"] = ~value.str.len_chars().is_between(*column.length)
    if column.not_after is not None:
        rules["not_after"] = value > _limit(column, column.not_after)
    if column.check is not None:
        codes = frame[name].unique()
        wrong = codes.filter(~CHECKS[column.check](spec, codes)).drop_nulls()
        rules[column.check] = value.is_in(wrong.to_list())
    return {f"{name}.{rule}": broken for rule, broken in rules.items()}


def _limit(column: Column, text: str) -> Any:
    return pl.lit(text).str.to_date() if column.kind == "date" else int(text)


def _span(extract: Extract, name: str, ends: Iterable[str]) -> list[Any]:
    return [_limit(extract.column(name), end) for end in ends]


def _named(spec: Spec, file: Landed, bad: pl.DataFrame) -> pl.DataFrame:
    schema = {"extract": pl.String, "region_code": pl.String, "uscc": pl.String}
    if not file.extract.has_unit or bad.is_empty():
        return pl.DataFrame(schema=schema)
    region = pl.col("region_code") if file.region == FOR_ALL else pl.lit(file.region)
    named = bad.select(pl.lit(file.extract.name).alias("extract"), region.alias("region_code"), "uscc")
    return named.filter(CHECKS["unit_code"](spec, named["uscc"]).fill_null(False)).unique()


# --- Codes: each different one is checked once ---


def is_unit_code(spec: Spec, codes: pl.Series) -> pl.Series:
    """Whether it is a credit code or an old registration number."""
    is_old = mod_11_10(codes, 15) & codes.str.slice(0, 2).is_in(spec.provinces)
    return is_credit_code(spec, codes) | is_old


def is_credit_code(spec: Spec, codes: pl.Series) -> pl.Series:
    """Alphabet, authority and kind, province and check character of GB 32100-2015."""
    places = {character: place for place, character in enumerate(spec.alphabet)}
    values = [
        codes.str.slice(i, 1).replace_strict(places, default=None, return_dtype=pl.Int32) for i in range(18)
    ]
    total = sum((v * w for v, w in zip(values, spec.weights, strict=False)), pl.Series([0]))
    is_placed = codes.str.slice(2, 2).is_in(spec.provinces) | (codes.str.slice(2, 6) == "100000")
    is_whole = (codes.str.len_chars() == 18) & codes.str.slice(0, 2).is_in(spec.heads)
    is_right = ((31 - total % 31) % 31 == values[17]).fill_null(False)
    return is_whole & is_placed & codes.str.contains("^..[0-9]{6}") & is_right


def mod_11_10(codes: pl.Series, digits: int) -> pl.Series:
    """Whether it has so many digits, the last of them the check digit of ISO 7064 MOD 11,10."""
    values = [codes.str.slice(i, 1).cast(pl.Int32, strict=False) for i in range(digits)]
    product = pl.Series([10])
    for value in values[:-1]:
        product = ((product + value - 1) % 10 + 1) * 2 % 11
    is_right = ((product + values[-1]) % 10 == 1).fill_null(False)
    return codes.str.contains(f"^[0-9]{{{digits}}}$") & is_right


def is_account_no(_: Spec, codes: pl.Series) -> pl.Series:
    """5 to 34 digits and letters, five digits at least, no power of ten, no hexadecimal, not all alike."""
    shape = codes.str.contains("^[0-9A-Z]{5,34}$") & codes.str.contains("^(?:[A-Z]*[0-9]){5}")
    power = codes.str.contains("^(?:[0-9]+E[0-9]+[DFL]?|0X[0-9A-F]+)$")
    first = codes.str.slice(0, 1)
    is_varied = pl.select(pl.lit(codes).str.strip_chars(pl.lit(first)) != "").to_series()
    return shape & ~power & is_varied


CHECKS = {
    "unit_code": is_unit_code,
    "bank_code": lambda _, codes: mod_11_10(codes, 12),
    "account_no": is_account_no,
}


# --- The join and the general scheme's decision ---


def decide(spec: Spec, accepted: dict[str, pl.DataFrame], rejected: pl.DataFrame) -> pl.DataFrame:
    """`region_code, uscc, unit_name, amount` (yuan) of every unit that is paid under the general scheme."""
    rows = {name: frame.lazy() for name, frame in accepted.items()}
    units = rows["insured_units"].select(
        *UNIT, "unit_name", "legal_form", "industry_code", "insured_since", "insured_status",
        "is_labour_dispatch", "parent_uscc",
    )  # fmt: skip
    refused = rejected.lazy()
    t = units.filter(pl.col("uscc").str.len_chars() == 18)
    for part in (
        headcounts(spec, rows["monthly_headcount"]),
        claims(rows["benefit_claims"]),
        premiums(spec, rows["premium_payments"]),
        taxpayers(rows["taxpayers"]),
        applications(spec, rows["applications"]),
        refunds(spec, rows["prior_refunds"]),
        accounts(units, rows["payee_accounts"], rows["taxpayers"]),
        doubts(refused),
    ):
        t = t.join(part, on=UNIT, how="left")
    t = t.join(exclusions(spec, rows["exclusion_list"]), on="uscc", how="left")
    t = with_size(t, rows["enterprise_sizes"], refused)
    t = with_parameters(spec, t, rows["fund_balances"])
    t = t.filter(is_eligible(spec)).with_columns(amount=amount())
    return t.filter(pl.col("amount") > 0).select(RESULT).collect()


def headcounts(spec: Spec, rows: pl.LazyFrame) -> pl.LazyFrame:
    """The headcounts of December Y-2, January and December Y-1, its months, and the newest of Y."""
    last, (first_new, last_new) = (spec.year - 1) * 100, spec.newest_months
    month, count = pl.col("month"), pl.col("insured_count")
    in_year = month.is_between(last + 1, last + 12)
    is_new = month.is_between(first_new, last_new)
    newest = pl.when(is_new).then(month.cast(pl.Int64) * 100_000_000 + count).max() % 100_000_000
    return rows.group_by(UNIT).agg(
        december_before=pl.when(month == last - 88).then(count).max(),
        december_last=pl.when(month == last + 12).then(count).max(),
        january_last=pl.when(month == last + 1).then(count).max(),
        year_sum=pl.when(in_year).then(count).sum(),
        year_months=in_year.sum().cast(pl.Int64),
        newest_count=newest,
    )


def claims(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Claimants, layoffs and natural attrition of Y-1; an empty optional value stays empty."""
    whole = {
        n: pl.when(pl.col(n).null_count() == 0).then(pl.col(n).sum())
        for n in ("layoffs", "natural_attrition")
    }
    return rows.group_by(UNIT).agg(pl.col("claimants").sum(), **whole, has_claims=pl.lit(True))


def premiums(spec: Spec, rows: pl.LazyFrame) -> pl.LazyFrame:
    """The base in yuan, that of back payments for other years, and the paid months without and with those."""
    last, kind = (spec.year - 1) * 100, pl.col("payment_kind")
    paid = pl.col("employer_amount") + pl.col("employee_amount")
    is_regular, is_back = kind == "regular", kind == "back_payment"
    in_year, of_year = (
        pl.col("paid_date").dt.year() == spec.year - 1,
        pl.col("fee_month").is_between(last + 1, last + 12),
    )
    counts = (paid > 0) & (pl.col("fee_month") <= last + 12)
    by_month = rows.group_by(*UNIT, "fee_month").agg(
        base=pl.when(in_year & (is_regular | (is_back & of_year))).then(paid).sum(),
        base_earlier=pl.when(in_year & is_back & ~of_year).then(paid).sum(),
        is_paid=(counts & is_regular).any(),
        is_paid_with_back=(counts & (is_regular | is_back)).any(),
    )
    return by_month.group_by(UNIT).agg(
        pl.col("base", "base_earlier").sum(),
        paid_months=pl.col("is_paid").sum().cast(pl.Int64),
        paid_months_with_back=pl.col("is_paid_with_back").sum().cast(pl.Int64),
    )


def taxpayers(rows: pl.LazyFrame) -> pl.LazyFrame:
    """The worst status of the unit's rows, and its arrears."""
    status = pl.col("taxpayer_status")
    return rows.group_by(UNIT).agg(
        pl.col("arrears_amount").sum(),
        is_cancelled=(status == "cancelled").any(),
        is_abnormal=(status == "abnormal").any(),
    )


def applications(spec: Spec, rows: pl.LazyFrame) -> pl.LazyFrame:
    """The newest application for the general scheme until the end of the business date."""
    on = pl.lit(spec.business_date).str.to_date()
    rows = rows.filter(pl.col("scheme") == "general", pl.col("submitted_at").dt.date() <= on)
    newest = rows.sort("submitted_at", "application_no").group_by(UNIT).last()
    return newest.select(
        *UNIT, "declared_headcount", "declared_size", pl.col("submitted_at").dt.date().alias("applied_on"),
        pl.col("commitment_signed").alias("is_signed"),
    )  # fmt: skip


def refunds(spec: Spec, rows: pl.LazyFrame) -> pl.LazyFrame:
    """Yuan that was already paid for the policy year."""
    return rows.group_by(UNIT).agg(refunded=pl.col("amount").sum())


def accounts(units: pl.LazyFrame, payees: pl.LazyFrame, tax: pl.LazyFrame) -> pl.LazyFrame:
    """Units with an account: a verified one in their name, else the one that premiums are paid from."""
    names = units.select(*UNIT, "unit_name", "legal_form")
    is_own = _is_same(pl.col("account_name"), pl.col("unit_name"))
    verified = payees.filter(pl.col("account_status") == "verified").join(names, on=UNIT)
    failed = payees.filter(pl.col("account_status") == "failed").select(*UNIT, key=_key("account_no"))
    whole = tax.filter(
        pl.col("account_no").is_not_null(), pl.col("bank_code").is_not_null(), _plain("account_name") != ""
    )
    others = whole.with_columns(key=_key("account_no")).join(failed, on=[*UNIT, "key"], how="anti")
    others = others.join(names, on=UNIT).filter((pl.col("legal_form") == "individual_business") | is_own)
    found = pl.concat([verified.filter(is_own).select(UNIT), others.select(UNIT)]).unique()
    return found.with_columns(has_account=pl.lit(True))


def _is_same(a: pl.Expr, b: pl.Expr) -> pl.Expr:
    """Written alike, or alike in half width and without blanks."""
    return (a == b) | (_plain(a) == _plain(b))


def _plain(name: str | pl.Expr) -> pl.Expr:
    text = pl.col(name) if isinstance(name, str) else name
    return text.str.replace_many(WIDE).str.replace_all(r"\s+", "")


def _key(name: str) -> pl.Expr:
    return pl.col(name).str.strip_chars_start("0")


def exclusions(spec: Spec, rows: pl.LazyFrame) -> pl.LazyFrame:
    """The lists on which an enterprise is on the business date."""
    on = pl.lit(spec.business_date).str.to_date()
    in_force = rows.filter(pl.col("listed_on") <= on, pl.col("removed_on").fill_null(NEVER) > on)
    return in_force.group_by("uscc").agg(lists=pl.col("list_type").cast(pl.String).unique())


def doubts(rejected: pl.LazyFrame) -> pl.LazyFrame:
    """Per unit the extracts in which a row of it was rejected."""
    return rejected.group_by(UNIT).agg(doubts=pl.col("extract"))


def with_size(t: pl.LazyFrame, rows: pl.LazyFrame, rejected: pl.LazyFrame) -> pl.LazyFrame:
    """The newest size of the head office where it has one, else of the unit; NULL where in doubt."""
    newest = rows.filter(pl.col("determined_on") == pl.col("determined_on").max().over("uscc"))
    size = pl.when(pl.col("size_class").n_unique() == 1).then(pl.col("size_class").first().cast(pl.String))
    sizes = newest.group_by("uscc").agg(economy_size=size)
    refused = rejected.filter(pl.col("extract") == "enterprise_sizes").select("uscc").unique()
    unknown = refused.with_columns(economy_size=pl.lit(None, pl.String))
    sizes = pl.concat([sizes.join(refused, on="uscc", how="anti"), unknown])
    parents = sizes.select(pl.col("uscc").alias("parent_uscc"), parent_size="economy_size", has_parent=True)
    listed = rejected.filter(pl.col("extract") == "exclusion_list").select("uscc").unique()
    t = t.join(sizes, on="uscc", how="left").join(parents, on="parent_uscc", how="left")
    t = t.join(listed.with_columns(is_list_in_doubt=pl.lit(True)), on="uscc", how="left")
    is_parents = pl.col("has_parent").fill_null(False)
    return t.with_columns(
        economy_size=pl.when(is_parents).then(pl.col("parent_size")).otherwise(pl.col("economy_size"))
    )


def with_parameters(spec: Spec, t: pl.LazyFrame, funds: pl.LazyFrame) -> pl.LazyFrame:
    """The parameters of the region, its fund, and those of the size."""
    every = pl.DataFrame([asdict(one) for one in spec.parameters], infer_schema_length=None).lazy()
    by_size = ("size", "cap_bp", "cap_is_strict", "rate", "lane")
    regions = every.drop(by_size).unique("region_code")
    pools = regions.select("region_code", fund_region="fund_regions").explode("fund_region")
    pools = pools.with_columns(distance=pl.int_range(pl.len()).over("region_code"))
    funds = pools.join(funds, left_on="fund_region", right_on="region_code").sort("distance")
    funds = funds.group_by("region_code").first().select("region_code", "rolling_balance", "annual_payout")
    t = t.join(regions, on="region_code").join(funds, on="region_code", how="left")
    average = (2 * pl.col("year_sum") + pl.col("year_months")) // (2 * pl.col("year_months"))
    average = pl.when(pl.col("year_months") > 0).then(average)
    t = t.with_columns(
        headcount=pl.when(pl.col("headcount_basis") == "december")
        .then(pl.col("december_last"))
        .otherwise(average),
        is_dispatch=pl.col("is_labour_dispatch") | (pl.col("industry_code") == "7263"),
        is_by_reference=pl.col("legal_form")
        .cast(pl.String)
        .is_in(pl.col("by_reference_forms"))
        .fill_null(False),
    )
    t = t.with_columns(size=_policy_size())
    return t.join(every.select("region_code", *by_size), on=["region_code", "size"])


def _policy_size() -> pl.Expr:
    limit = pl.col("by_reference_large_headcount")
    by_reference = (
        pl.when(limit.is_null())
        .then(pl.col("by_reference_size"))
        .when(pl.col("headcount").is_null())
        .then(None)
        .when(pl.col("headcount") >= limit)
        .then(pl.lit("large"))
        .otherwise(pl.col("by_reference_size"))
    )
    is_finance = pl.col("industry_code").str.slice(0, 2).is_in(["66", "67", "68", "69"])
    counts_as_large = (pl.col("finance_section_counts_as_large") & is_finance) | (
        pl.col("dispatch_counts_as_large") & pl.col("is_dispatch")
    )
    large = pl.when(counts_as_large).then(pl.lit("large")).otherwise(pl.col("economy_size"))
    return pl.when(pl.col("is_by_reference")).then(by_reference).otherwise(large)


def is_eligible(spec: Spec) -> pl.Expr:
    """Every test of the general scheme passes; NULL is not enough."""
    on = pl.lit(spec.business_date).str.to_date()
    deadline = pl.col("deadline").str.to_date()
    lane = pl.when(pl.col("is_dispatch")).then(pl.lit("application")).otherwise(pl.col("lane"))
    applied = (pl.col("applied_on") <= deadline) & pl.col("is_signed") & ~_differs()
    months = (
        pl.when(pl.col("back_payment_counts_as_month"))
        .then(pl.col("paid_months_with_back"))
        .otherwise(pl.col("paid_months"))
    )
    balance, payout = pl.col("rolling_balance"), pl.col("annual_payout")
    reserve = pl.when(payout == 0).then(balance > 0)
    reserve = reserve.otherwise(balance * 12 >= payout * pl.col("fund_min_reserve_months"))
    drop = pl.col("headcount_held_max_drop_bp")
    held = pl.col("newest_count") * pl.col("year_months") * BP >= (BP - drop) * pl.col("year_sum")
    return pl.all_horizontal(
        pl.col("legal_form").cast(pl.String).is_in(pl.col("in_scope_forms")),
        (pl.col("insured_since") <= on) & (pl.col("insured_status") == "active"),
        ~pl.col("is_cancelled") & (~pl.col("is_abnormal") | pl.col("abnormal_taxpayer_passes")),
        months >= pl.col("min_paid_months"),
        pl.col("arrears_amount") <= 0,
        _is_within_cap(spec),
        drop.is_null() | ((pl.col("year_months") > 0) & held),
        pl.col("lists").list.set_intersection("exclusion_lists").list.len().fill_null(0) == 0,
        pl.col("has_account"),
        pl.col("fund_min_reserve_months").is_null() | reserve,
        pl.when(lane == "application").then(applied).otherwise(on <= deadline),
        ~_is_in_doubt(lane),
    ).fill_null(False)


def _is_in_doubt(lane: pl.Expr) -> pl.Expr:
    """A rejected row of the unit where a test reads it."""
    found = pl.col("doubts").fill_null([])
    always = ["insured_units", "monthly_headcount", "premium_payments", "taxpayers", "payee_accounts"]
    is_any = pl.any_horizontal(*(found.list.contains(name) for name in (*always, "prior_refunds")))
    claimed = found.list.contains("benefit_claims") & (pl.col("formulas").list.join(",") != "F1")
    applied = found.list.contains("applications") & (lane == "application")
    return is_any | claimed | applied | pl.col("is_list_in_doubt").fill_null(False)


def _differs() -> pl.Expr:
    tolerance, headcount = pl.col("declared_tolerance_bp"), pl.col("headcount")
    gap = (pl.col("declared_headcount") - headcount).abs() * BP > tolerance * headcount
    other = (pl.col("declared_size").cast(pl.String) != pl.col("economy_size")) & ~pl.col("is_by_reference")
    return tolerance.is_not_null() & (gap.fill_null(False) | other.fill_null(False))


def _is_within_cap(spec: Spec) -> pl.Expr:
    """Any of the region's formulas is within the cap of the unit."""
    is_new = pl.col("insured_since") >= pl.date(spec.year - 1, 1, 1)
    stands_in = is_new & pl.col("new_unit_base_month").is_not_null()
    before = pl.when(stands_in).then(pl.col("january_last")).otherwise(pl.col("december_before"))
    last, has_claims = pl.col("december_last"), pl.col("has_claims").fill_null(False)
    said = {
        name: pl.when(has_claims).then(pl.col(name)).otherwise(0)
        for name in ("claimants", "layoffs", "natural_attrition")
    }
    lost = before - last
    third = (said["claimants"] * pl.col("year_months"), pl.col("year_sum"))
    fractions = {
        "F1": (lost.clip(0), before),
        "F2": (said["claimants"], before),
        "F3": third,
        "F4": third,
        "F5": (said["layoffs"], said["layoffs"] + last),
        "F6": ((lost - said["natural_attrition"]).clip(0), before),
    }
    return pl.any_horizontal(
        *(
            pl.col("formulas").list.contains(name) & _is_within(*fraction)
            for name, fraction in fractions.items()
        )
    )


def _is_within(numerator: pl.Expr, denominator: pl.Expr) -> pl.Expr:
    scaled, limit = numerator * BP, pl.col("cap_bp") * denominator
    low = pl.when(pl.col("cap_is_strict")).then(scaled < limit).otherwise(scaled <= limit)
    small = scaled <= pl.col("small_unit_cap_bp") * denominator
    has_rule = pl.col("small_unit_headcount").is_not_null() & pl.col("small_unit_cap_bp").is_not_null()
    is_small = pl.col("headcount") <= pl.col("small_unit_headcount")
    within = pl.when(~has_rule).then(low).when(is_small.is_null()).then(low & small)
    return within.when(is_small).then(small).otherwise(low) & (denominator != 0)


def amount() -> pl.Expr:
    """Rate times base, rounded half-up to the fen, less what was paid before; yuan."""
    earlier = pl.when(pl.col("back_payment_earlier_years")).then(pl.col("base_earlier")).otherwise(0)
    fen = ((pl.col("base") + earlier) * 100).cast(pl.Int64)
    paid = (pl.col("refunded").fill_null(0) * 100).cast(pl.Int64)
    left = (fen * pl.col("rate") + BP // 2) // BP - paid
    return left.cast(pl.Decimal(18, 0)).cast(pl.Decimal(18, 2)) / 100


if __name__ == "__main__":
    main()
