"""Peer: pandas, with Great Expectations: `python -m bench.peers.pandas_gx SPEC LANDING OUT SCRATCH`.

One extract at a time: read, validate, reject, aggregate, forget. Amounts are whole fen in int64.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from decimal import Decimal
from itertools import groupby
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from bench.peers.spec import FOR_ALL, RESULT, Column, Extract, Landed, Spec, headers, job

UNIT = ["region_code", "uscc"]
BP = 10_000
TYPES = {
    "integer": pa.int64(),
    "month": pa.int32(),
    "money": pa.decimal128(18, 2),
    "date": pa.date32(),
    "open_date": pa.date32(),
    "timestamp": pa.timestamp("s"),
}
READABLE = {
    "integer": r"-?\d{1,18}",
    "month": r"\d{6}",
    "money": r"-?\d{1,16}(?:\.\d{1,2})?",
    "date": r"\d{4}-\d{2}-\d{2}",
    "open_date": r"\d{4}-\d{2}-\d{2}",
    "timestamp": r"\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}",
}
FILE = "file_region"
WIDE = str.maketrans({chr(code + 0xFEE0): chr(code) for code in range(0x21, 0x7F)})
Frames = dict[str, pd.DataFrame]


def main() -> None:
    """Validate, aggregate, join, decide, and write one list per region."""
    work = job()
    accepted, rejected = Frames(), list[pd.DataFrame]()
    validator = Validator()
    for name, files in groupby(work.files, lambda file: file.extract.name):
        rows, names = load(validator, work.spec, list(files))
        accepted[name] = PARTS[name](work.spec, rows) if name in PARTS else rows
        rejected.append(names)
    paid = decide(work.spec, accepted, pd.concat(rejected))
    for region, rows in paid.groupby("region_code"):
        rows.sort_values("uscc").to_csv(work.out / f"{region}.csv", columns=list(RESULT), index=False)


# --- Reading ---


def load(validator: Validator, spec: Spec, files: Sequence[Landed]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The accepted rows of an extract, and `extract, region_code, uscc` of rejected ones that name a unit."""
    extract = files[0].extract
    frame = read(files)
    facts = derived(spec, files, frame)
    bad = validator.broken(extract, frame.assign(**facts), list(facts))
    counts = frame[FILE][bad].value_counts()
    for file in files:
        file.tolerate(int(counts.get(file.region, 0)))
    names = _named(spec, extract, frame[bad])
    return (_whole(extract, frame[~bad]) if bad.any() else frame), names


def _whole(extract: Extract, rows: Any) -> Any:
    """Accepted rows with their required numbers as integers again."""
    numbers = [c.name for c in extract.columns if c.required and c.kind in ("integer", "month", "money")]
    return rows.astype(dict.fromkeys(numbers, "int64"))


def read(files: Sequence[Landed]) -> pd.DataFrame:
    """All files of an extract as values; NULL where there is none or it cannot be read.

    They are read as their types; where a value does not fit its type, they are read as text and converted,
    with `<column>_readable` beside each.
    """
    extract = files[0].extract
    try:
        tables = [_table(file, is_text=False) for file in files]
        _check_promises(files, tables)
        return _frame(extract, pa.concat_tables(tables))
    except pa.ArrowInvalid:
        tables = [_table(file, is_text=True) for file in files]
        frame = pa.concat_tables(tables).to_pandas()
        frame = _converted(extract, frame)
        _check_sums(files, frame)
        return frame


def _table(file: Landed, *, is_text: bool) -> pa.Table:
    kinds = {c.name: pa.string() if is_text else TYPES.get(c.kind, pa.string()) for c in file.extract.columns}
    encoding = "gb18030" if file.extract.encoding == "gb18030" else "utf-8"
    table = pa.csv.read_csv(
        file.path,
        read_options=pa.csv.ReadOptions(
            column_names=headers(file), skip_rows=1, encoding=encoding, block_size=4 << 20,
        ),
        convert_options=pa.csv.ConvertOptions(
            column_types=kinds, null_values=list(file.extract.null_words), strings_can_be_null=True,
            timestamp_parsers=["%Y-%m-%d %H:%M:%S"],
        ),
    )  # fmt: skip
    return table.append_column(FILE, pa.array([file.region] * len(table), pa.string()))


def _check_promises(files: Sequence[Landed], tables: Sequence[pa.Table]) -> None:
    for file, table in zip(files, tables, strict=True):
        sums = (pc.sum(table[name]).as_py() or Decimal(0) for name in file.extract.control_total)
        file.check(len(table), sum(sums, Decimal(0)))


def _check_sums(files: Sequence[Landed], frame: pd.DataFrame) -> None:
    for file in files:
        rows = frame[frame[FILE] == file.region]
        fen = sum(int(rows[name].sum()) for name in file.extract.control_total)
        file.check(len(rows), Decimal(fen) / 100)


def _frame(extract: Extract, table: pa.Table) -> pd.DataFrame:
    for column in extract.columns:
        place = table.schema.get_field_index(column.name)
        if column.kind == "money":
            fen = pc.cast(pc.multiply(table[column.name], pa.scalar(Decimal(100))), pa.int64())
            table = table.set_column(place, column.name, fen)
        elif column.labels or column.name in ("uscc", "region_code"):
            table = table.set_column(place, column.name, pc.dictionary_encode(table[column.name]))
    place = table.schema.get_field_index(FILE)
    table = table.set_column(place, FILE, pc.dictionary_encode(table[FILE]))
    frame = table.unify_dictionaries().to_pandas(date_as_object=False, split_blocks=True, self_destruct=True)
    return _labelled(extract, frame)


def _labelled(extract: Extract, frame: pd.DataFrame) -> pd.DataFrame:
    """Labels as categories of values, and an open end as none."""
    for column in extract.columns:
        if column.labels:
            known = frame[column.name].astype("category").cat.set_categories(list(column.labels))
            frame[f"{column.name}_known"] = known.notna() | frame[column.name].isna()
            frame[column.name] = known.cat.rename_categories(dict(column.labels))
        elif column.kind == "open_date":
            frame[column.name] = frame[column.name].where(frame[column.name].dt.year < 9999)
    return frame


def _converted(extract: Extract, frame: pd.DataFrame) -> pd.DataFrame:
    for column in extract.columns:
        if column.kind in TYPES:
            text = frame[column.name]
            value = _values(column, text.where(text.str.fullmatch(READABLE[column.kind])))
            frame[column.name] = value
            frame[f"{column.name}_readable"] = value.notna() | text.isna()
    for name in {FILE, "uscc", "region_code"} & set(frame.columns):
        frame[name] = frame[name].astype("category")
    return _labelled(extract, frame)


def _values(column: Column, text: Any) -> Any:
    if column.kind in ("date", "open_date", "timestamp"):
        return pd.to_datetime(text, errors="coerce", format="ISO8601").dt.as_unit("s")
    if column.kind == "money":
        whole, _, cents = (part for _, part in text.str.partition(".").items())
        fen = whole + cents.fillna("").str.pad(2, "right", "0")
        return pd.to_numeric(fen, errors="coerce").astype("float64")
    return pd.to_numeric(text, errors="coerce").astype("float64")


# --- Validating ---


def derived(spec: Spec, files: Sequence[Landed], frame: pd.DataFrame) -> dict[str, Any]:
    """True for the rows that hold a rule which is no expectation of its own, one column each."""
    extract, found = files[0].extract, dict[str, Any]()
    for column in extract.columns:
        value = frame[column.name]
        if column.check is not None:
            found[f"{column.name}_checked"] = _checked(spec, column, value)
        if column.kind == "month":
            found[f"{column.name}_month"] = (value % 100).between(1, 12) | value.isna()
    found |= {name: frame[name] for name in frame.columns if name.endswith(("_known", "_readable"))}
    region = frame["region_code"]
    found["region_known"] = region.isin((*spec.known_regions, FOR_ALL)) | region.isna()
    found["region_expected"] = _is_expected(files, frame)
    if extract.windows:
        inside = [
            frame[name].between(*(_limit(extract.column(name), end) for end in ends))
            for name, *ends in extract.windows
        ]
        is_empty = [frame[name].isna() for name, *_ in extract.windows]
        found["window"] = np.logical_or.reduce([*inside, *is_empty])
    return found


def _is_expected(files: Sequence[Landed], frame: pd.DataFrame) -> Any:
    """Whether a row's region is one that its file may speak of."""
    pairs = pd.MultiIndex.from_tuples(
        [(file.region, r) for file in files for r in file.regions] or [("", "")]
    )
    seen = frame[[FILE, "region_code"]].drop_duplicates().astype(str)
    is_right = pd.MultiIndex.from_frame(seen).isin(pairs) | (seen[FILE] == FOR_ALL).to_numpy()
    if is_right.all():
        return np.ones(len(frame), dtype=bool)
    wrong = pd.MultiIndex.from_frame(seen[~is_right])
    return (
        ~pd.MultiIndex.from_frame(frame[[FILE, "region_code"]].astype(str)).isin(wrong)
        | frame["region_code"].isna()
    )


def _checked(spec: Spec, column: Column, value: Any) -> Any:
    """The check of each different code, spread over the rows; an empty code holds."""
    codes = value.astype("category")
    is_right = CHECKS[str(column.check)](spec, codes.cat.categories.to_numpy(dtype=object))
    return np.append(is_right, True)[codes.cat.codes.to_numpy()]


def _limit(column: Column, text: str) -> Any:
    return pd.Timestamp(text) if column.kind == "date" else int(text)


class Validator:
    """Great Expectations over frames in memory; imported and set up once."""

    def __init__(self) -> None:
        os.environ["GX_ANALYTICS_ENABLED"] = "false"
        import great_expectations as gx

        self.gx = gx
        context: Any = gx.get_context(mode="ephemeral")
        context.variables.progress_bars = {"globally": False}
        self.source = context.data_sources.add_pandas("peers")

    def broken(self, extract: Extract, frame: pd.DataFrame, facts: Sequence[str]) -> Any:
        """True for each row that breaks a rule. Only where one is broken its rows are asked for."""
        asset = self.source.add_dataframe_asset(extract.name)
        batch = asset.add_batch_definition_whole_dataframe("all").get_batch({"dataframe": frame})
        rules = [
            getattr(self.gx.expectations, name)(**arguments, meta={"rule": number})
            for number, (name, arguments) in enumerate(_expectations(extract, facts))
        ]
        outcome = batch.validate(
            self.gx.ExpectationSuite(extract.name, expectations=rules), result_format="BOOLEAN_ONLY"
        )
        bad = np.zeros(len(frame), dtype=bool)
        for result in outcome.results:
            _raise_if_broken(extract, result)
            if not result.success:
                rule = rules[_number(result)]
                rows = batch.validate(rule, result_format="COMPLETE").result["unexpected_index_list"]
                bad[frame.index.get_indexer(rows)] = True
        return bad


def _number(result: Any) -> int:
    return int(result.expectation_config.meta["rule"])


def _raise_if_broken(extract: Extract, result: Any) -> None:
    infos = result.exception_info or {}
    for info in [infos] if "raised_exception" in infos else infos.values():
        if info["raised_exception"]:
            raise SystemExit(f"{extract.name}: {info['exception_message']}")


def _expectations(extract: Extract, facts: Sequence[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The name and the arguments of each expectation."""
    for column in extract.columns:
        name = column.name
        if column.required:
            yield "ExpectColumnValuesToNotBeNull", {"column": name}
        if column.minimum is not None or column.maximum is not None:
            low, high = (
                None if n is None else n * (100 if column.kind == "money" else 1)
                for n in (column.minimum, column.maximum)
            )
            yield "ExpectColumnValuesToBeBetween", {"column": name, "min_value": low, "max_value": high}
        if column.length is not None:
            low, high = column.length
            yield "ExpectColumnValueLengthsToBeBetween", {"column": name, "min_value": low, "max_value": high}
        if column.not_after is not None:
            yield (
                "ExpectColumnValuesToBeBetween",
                {"column": name, "max_value": _limit(column, column.not_after)},
            )
    for late, early in extract.orders:
        yield (
            "ExpectColumnPairValuesAToBeGreaterThanB",
            {
                "column_A": late,
                "column_B": early,
                "or_equal": True,
                "ignore_row_if": "either_value_is_missing",
            },
        )
    yield (
        "ExpectCompoundColumnsToBeUnique",
        {"column_list": [FILE, *extract.key], "ignore_row_if": "any_value_is_missing"},
    )
    for name in facts:
        yield "ExpectColumnValuesToBeInSet", {"column": name, "value_set": [True]}


def _named(spec: Spec, extract: Extract, bad: pd.DataFrame) -> pd.DataFrame:
    if not extract.has_unit or bad.empty:
        return pd.DataFrame({"extract": [], **{name: [] for name in UNIT}}, dtype=str)
    codes = bad["uscc"].astype(object)
    is_known = codes.notna() & is_unit_code(spec, codes.fillna("").to_numpy())
    region = bad[FILE].astype(str).where(bad[FILE] != FOR_ALL, bad["region_code"].astype(str))
    named: Any = pd.DataFrame({"extract": extract.name, "region_code": region, "uscc": codes.astype(str)})
    found: pd.DataFrame = named[is_known].drop_duplicates()
    return found


# --- Codes: each different one is checked once ---


def is_unit_code(spec: Spec, codes: Any) -> Any:
    """Whether it is a credit code or an old registration number."""
    texts = pd.Series(codes, dtype=str)
    is_old = mod_11_10(codes, 15) & texts.str[:2].isin(spec.provinces).to_numpy()
    return is_credit_code(spec, texts) | is_old


def is_credit_code(spec: Spec, texts: Any) -> Any:
    """Alphabet, authority and kind, province and check character of GB 32100-2015."""
    shape = texts.str.fullmatch(f"[{spec.alphabet}]{{2}}[0-9]{{6}}[{spec.alphabet}]{{10}}")
    is_placed = texts.str[2:4].isin(spec.provinces) | (texts.str[2:8] == "100000")
    found = np.array(shape & is_placed & texts.str[:2].isin(spec.heads), dtype=bool)
    if found.any():
        places = np.zeros(128, dtype=np.int64)
        places[np.frombuffer(spec.alphabet.encode(), dtype=np.uint8)] = range(len(spec.alphabet))
        values = places[_letters(texts.to_numpy(dtype=object)[found], 18)]
        found[found] = (31 - values[:, :17] @ np.array(spec.weights) % 31) % 31 == values[:, 17]
    return found


def mod_11_10(codes: Any, digits: int) -> Any:
    """Whether it has so many digits, the last of them the check digit of ISO 7064 MOD 11,10."""
    found = np.array(pd.Series(codes, dtype=str).str.fullmatch(f"[0-9]{{{digits}}}"), dtype=bool)
    if found.any():
        values = _letters(codes[found], digits).astype(np.int64) - ord("0")
        product = np.full(len(values), 10)
        for place in range(digits - 1):
            product = ((product + values[:, place] - 1) % 10 + 1) * 2 % 11
        found[found] = (product + values[:, -1]) % 10 == 1
    return found


def _letters(codes: Any, length: int) -> Any:
    """Codes of one length as a matrix of bytes."""
    return np.array(codes, dtype=f"S{length}").view(np.uint8).reshape(len(codes), length)


def is_account_no(_: Spec, codes: Any) -> Any:
    """5 to 34 digits and letters, five digits at least, no power of ten, no hexadecimal, not all alike."""
    texts = pd.Series(codes, dtype=object)
    shape = texts.str.fullmatch("[0-9A-Z]{5,34}") & texts.str.match("(?:[A-Z]*[0-9]){5}")
    power = texts.str.fullmatch("[0-9]+E[0-9]+[DFL]?|0X[0-9A-F]+")
    is_alike = texts.str.fullmatch(r"(.)\1*")
    return (shape & ~power & ~is_alike).to_numpy(dtype=bool)


CHECKS = {
    "unit_code": is_unit_code,
    "bank_code": lambda _, codes: mod_11_10(codes, 12),
    "account_no": is_account_no,
}


# --- Per unit ---


def _grouped(rows: pd.DataFrame, by: Sequence[str] = UNIT) -> Any:
    return rows.groupby(list(by), observed=True, sort=False)


def _plain_keys(rows: pd.DataFrame) -> pd.DataFrame:
    """The unit's columns as text: categories of different extracts do not join."""
    return rows.reset_index().astype(dict.fromkeys(UNIT, "str"))


def insured_units(_: Spec, rows: pd.DataFrame) -> pd.DataFrame:
    """The columns that the decision reads."""
    names = [
        *UNIT, "unit_name", "legal_form", "industry_code", "insured_since", "insured_status",
        "is_labour_dispatch", "parent_uscc",
    ]  # fmt: skip
    return rows[names].astype(dict.fromkeys(UNIT, "str"))


def headcounts(spec: Spec, rows: pd.DataFrame) -> pd.DataFrame:
    """The headcounts of December Y-2, January and December Y-1, its months, and the newest of Y.

    A unit has one row for each month, since the key is unique: a month is a column.
    """
    last, (first_new, last_new) = (spec.year - 1) * 100, spec.newest_months
    month, count = rows["month"], rows["insured_count"]
    in_year = month.between(last + 1, last + 12)
    newest = (month.astype("int64") * 100_000_000 + count).where(month.between(first_new, last_new))
    said = {
        "december_before": count.where(month == last - 88),
        "december_last": count.where(month == last + 12),
        "january_last": count.where(month == last + 1),
        "newest": newest,
    }
    found = _grouped(rows[UNIT].assign(**said)).max()
    sums = _grouped(rows.loc[in_year, [*UNIT, "insured_count"]])["insured_count"].agg(["sum", "count"])
    found = found.join(sums.rename(columns={"sum": "year_sum", "count": "year_months"}))
    return _plain_keys(found.assign(newest_count=found.pop("newest") % 100_000_000))


def claims(_: Spec, rows: pd.DataFrame) -> pd.DataFrame:
    """Claimants, layoffs and natural attrition of Y-1; an empty optional value stays empty."""
    grouped = _grouped(rows)
    found = grouped[["claimants", "layoffs", "natural_attrition"]].sum(min_count=1)
    counts = grouped[["claimants", "layoffs", "natural_attrition"]].count()
    found = found.where(counts.eq(grouped.size(), axis=0))
    return _plain_keys(found.assign(has_claims=True))


def premiums(spec: Spec, rows: pd.DataFrame) -> pd.DataFrame:
    """The base in fen, that of back payments for other years, and the paid months without and with those."""
    last = (spec.year - 1) * 100
    paid = rows["employer_amount"] + rows["employee_amount"]
    is_regular, is_back = rows["payment_kind"] == "regular", rows["payment_kind"] == "back_payment"
    year = (pd.Timestamp(spec.year - 1, 1, 1), pd.Timestamp(spec.year - 1, 12, 31))
    in_year, of_year = rows["paid_date"].between(*year), rows["fee_month"].between(last + 1, last + 12)
    sums = {
        "base": paid.where(in_year & (is_regular | (is_back & of_year)), 0),
        "base_earlier": paid.where(in_year & is_back & ~of_year, 0),
    }
    found = _grouped(rows[UNIT].assign(**sums)).sum()
    counts = (paid > 0) & (rows["fee_month"] <= last + 12)
    for name, counted in (
        ("paid_months", counts & is_regular),
        ("paid_months_with_back", counts & (is_regular | is_back)),
    ):
        months = rows.loc[counted, [*UNIT, "fee_month"]].drop_duplicates()
        found[name] = _grouped(months).size()
    names = ["paid_months", "paid_months_with_back"]
    return _plain_keys(found.fillna(dict.fromkeys(names, 0)))


def taxes(_: Spec, rows: pd.DataFrame) -> pd.DataFrame:
    """The worst status of the unit's rows, its arrears in fen, and the account premiums are paid from."""
    status = rows["taxpayer_status"]
    rows = rows.assign(is_cancelled=status == "cancelled", is_abnormal=status == "abnormal")
    grouped = _grouped(rows)
    found = grouped[["is_cancelled", "is_abnormal"]].max().join(grouped["arrears_amount"].sum())
    return _plain_keys(found.join(grouped[["account_name", "account_no", "bank_code"]].first()))


def applied(spec: Spec, rows: pd.DataFrame) -> pd.DataFrame:
    """The newest application for the general scheme until the end of the business date."""
    until = pd.Timestamp(spec.business_date) + pd.Timedelta(days=1)
    rows = rows[(rows["scheme"] == "general") & (rows["submitted_at"] < until)]
    newest = rows.sort_values(["submitted_at", "application_no"]).drop_duplicates(UNIT, keep="last")
    names = {"commitment_signed": "is_signed"}
    found = newest[[*UNIT, "submitted_at", "commitment_signed", "declared_headcount", "declared_size"]]
    return _plain_keys(found.rename(columns=names)).drop(columns="index")


def refunds(_: Spec, rows: pd.DataFrame) -> pd.DataFrame:
    """Fen that were already paid for the policy year."""
    return _plain_keys(_grouped(rows)["amount"].sum().rename("refunded").to_frame())


def payees(_: Spec, rows: pd.DataFrame) -> pd.DataFrame:
    """The columns that the decision reads."""
    return rows[[*UNIT, "account_name", "account_no", "account_status"]].astype(dict.fromkeys(UNIT, "str"))


PARTS = {
    "insured_units": insured_units,
    "monthly_headcount": headcounts,
    "benefit_claims": claims,
    "premium_payments": premiums,
    "taxpayers": taxes,
    "applications": applied,
    "prior_refunds": refunds,
    "payee_accounts": payees,
}


# --- The join and the general scheme's decision ---


def decide(spec: Spec, parts: Frames, rejected: pd.DataFrame) -> pd.DataFrame:
    """`region_code, uscc, unit_name, amount` (yuan) of every unit that is paid under the general scheme."""
    t = parts["insured_units"]
    t = t[t["uscc"].str.len() == 18]
    for name in (
        "monthly_headcount",
        "benefit_claims",
        "premium_payments",
        "taxpayers",
        "applications",
        "prior_refunds",
    ):
        t = t.merge(parts[name], on=UNIT, how="left")
    t["has_account"] = has_account(t, parts["payee_accounts"])
    t["economy_size"] = economy_size(t, parts["enterprise_sizes"], rejected)
    t = with_region(spec, t, parts["fund_balances"])
    t = t.merge(_sizes(spec), on=["region_code", "size"])
    lane = t["lane"].mask(t["is_dispatch"], "application")
    t = t[
        is_eligible(spec, t, lane)
        & ~is_listed(spec, t, parts["exclusion_list"])
        & ~is_in_doubt(t, lane, rejected)
    ]
    base = t["base"] + t["base_earlier"].where(t["back_payment_earlier_years"].astype(bool), 0)
    left = (base * t["rate"] + BP // 2) // BP - t["refunded"].fillna(0).astype("int64")
    t = t.assign(fen=left.astype("int64"))[left > 0]
    whole, cents = t["fen"] // 100, t["fen"] % 100
    yuan: Any = whole.astype(str) + "." + cents.astype(str).str.zfill(2)
    paid: pd.DataFrame = t.assign(amount=yuan)[list(RESULT)]
    return paid


def has_account(t: pd.DataFrame, payees: pd.DataFrame) -> Any:
    """A verified account in the unit's name, or else the account that premiums are paid from."""
    named = payees.merge(t[[*UNIT, "unit_name"]], on=UNIT)
    own = named[(named["account_status"] == "verified") & is_same(named["account_name"], named["unit_name"])]
    keys = pd.MultiIndex.from_frame(t[UNIT])
    is_verified = keys.isin(pd.MultiIndex.from_frame(own[UNIT]))
    failed = payees[payees["account_status"] == "failed"]
    accounts = pd.MultiIndex.from_arrays([t["region_code"], t["uscc"], t["account_no"].str.lstrip("0")])
    failing = pd.MultiIndex.from_arrays(
        [failed["region_code"], failed["uscc"], failed["account_no"].str.lstrip("0")]
    )
    is_whole = t["account_no"].notna() & t["bank_code"].notna() & (plain(t["account_name"]) != "")
    is_whole &= t["account_name"].notna()
    is_own = (t["legal_form"] == "individual_business") | is_same(t["account_name"], t["unit_name"])
    return is_verified | (is_whole & is_own & ~accounts.isin(failing))


def is_same(a: Any, b: Any) -> Any:
    """Written alike, or alike in half width and without blanks."""
    same = (a == b).fillna(False).astype(bool)
    others = ~same & a.notna()
    if others.any():
        same[others] = plain(a[others]) == plain(b[others])
    return same


def plain(names: Any) -> Any:
    """Names in half width and without blanks."""
    return names.str.translate(WIDE).str.replace(r"\s+", "", regex=True)


def economy_size(t: pd.DataFrame, rows: pd.DataFrame, rejected: pd.DataFrame) -> Any:
    """The newest size of the head office where it has one, else of the unit; empty where in doubt."""
    codes, sizes = rows["uscc"].astype(str), rows["size_class"].astype(str)
    newest = rows["determined_on"] == rows["determined_on"].groupby(codes).transform("max")
    grouped = sizes[newest].groupby(codes[newest]).agg(["min", "max"])
    known = grouped["min"].where(grouped["min"] == grouped["max"])
    refused = rejected.loc[rejected["extract"] == "enterprise_sizes", "uscc"]
    known = known.reindex(known.index.union(list(refused.unique())))
    known[known.index.isin(refused)] = None
    is_parents = t["parent_uscc"].isin(known.index)
    return t["uscc"].map(known).where(~is_parents, t["parent_uscc"].map(known))


def with_region(spec: Spec, t: pd.DataFrame, funds: pd.DataFrame) -> pd.DataFrame:
    """The parameters of the region, its fund, and the unit's headcount and size under them."""
    every = pd.DataFrame([asdict(one) for one in spec.parameters])
    regions = every.drop(columns=["size", "cap_bp", "cap_is_strict", "rate", "lane"]).drop_duplicates(
        "region_code"
    )
    said = funds.astype({"region_code": "str"}).drop_duplicates("region_code").set_index("region_code")
    levels = regions["fund_regions"].map(lambda some: next((one for one in some if one in said.index), None))
    regions = regions.assign(
        **{name: levels.map(said[name]) for name in ("rolling_balance", "annual_payout")}
    ).astype({name: "Int64" for name in regions.columns if name.endswith(("_bp", "_headcount", "_month"))})
    t = t.merge(regions, on="region_code")
    average = (2 * t["year_sum"] + t["year_months"]) // (2 * t["year_months"])
    t["headcount"] = t["december_last"].where(t["headcount_basis"] == "december", average)
    t["is_dispatch"] = (t["is_labour_dispatch"] == "true") | (t["industry_code"] == "7263")
    t["is_by_reference"] = _is_in(t, "legal_form", "by_reference_forms")
    t["size"] = _policy_size(t)
    return t


def _is_in(t: pd.DataFrame, value: str, among: str) -> Any:
    """Whether a value is in its region's list: there are few of each."""
    pairs = t[["region_code", value, among]].drop_duplicates(["region_code", value])
    known = [(r, v) for r, v, some in pairs.itertuples(index=False) if v in some]
    index = pd.MultiIndex.from_frame(t[["region_code", value]].astype(object))
    return index.isin(known) if known else np.zeros(len(t), dtype=bool)


def _policy_size(t: pd.DataFrame) -> Any:
    limit = t["by_reference_large_headcount"]
    is_large = (t["headcount"] >= limit).fillna(False).astype(bool)
    by_reference = t["by_reference_size"].mask(is_large, "large")
    by_reference = by_reference.mask(limit.notna() & t["headcount"].isna())
    is_finance = t["industry_code"].str[:2].isin(["66", "67", "68", "69"])
    counts = (t["finance_section_counts_as_large"].astype(bool) & is_finance) | (
        t["dispatch_counts_as_large"].astype(bool) & t["is_dispatch"]
    )
    return t["economy_size"].mask(counts, "large").where(~t["is_by_reference"], by_reference)


def _sizes(spec: Spec) -> pd.DataFrame:
    names = ["region_code", "size", "cap_bp", "cap_is_strict", "rate", "lane"]
    return pd.DataFrame([asdict(one) for one in spec.parameters])[names]


def is_listed(spec: Spec, t: pd.DataFrame, rows: pd.DataFrame) -> Any:
    """Whether the enterprise is on a list that its region uses."""
    on = pd.Timestamp(spec.business_date)
    rows = rows[(rows["listed_on"] <= on) & (rows["removed_on"].isna() | (rows["removed_on"] > on))]
    listed = t[t["uscc"].isin(rows["uscc"].astype(str))].merge(
        rows[["uscc", "list_type"]].astype("str"), on="uscc"
    )
    listed = listed[_is_in(listed, "list_type", "exclusion_lists")]
    return pd.MultiIndex.from_frame(t[UNIT]).isin(pd.MultiIndex.from_frame(listed[UNIT]))


def is_in_doubt(t: pd.DataFrame, lane: Any, rejected: pd.DataFrame) -> Any:
    """A rejected row of the unit where a test reads it."""
    extract, keys = rejected["extract"], pd.MultiIndex.from_frame(t[UNIT])

    def named(*names: str) -> Any:
        return keys.isin(pd.MultiIndex.from_frame(rejected.loc[extract.isin(names), UNIT]))

    always = named(
        "insured_units",
        "monthly_headcount",
        "premium_payments",
        "taxpayers",
        "payee_accounts",
        "prior_refunds",
    )
    uses_claims = t["formulas"].map(lambda some: some != ("F1",))
    by_list = t["uscc"].isin(rejected.loc[extract == "exclusion_list", "uscc"])
    return (
        always
        | by_list
        | (named("benefit_claims") & uses_claims)
        | (named("applications") & (lane == "application"))
    )


def is_eligible(spec: Spec, t: pd.DataFrame, lane: Any) -> Any:
    """Every test of the general scheme passes; what is empty is not enough."""
    on, deadline = pd.Timestamp(spec.business_date), pd.to_datetime(t["deadline"])
    in_time = t["submitted_at"] < deadline + pd.Timedelta(days=1)
    has_applied = in_time & (t["is_signed"] == "true") & ~_differs(t)
    months = t["paid_months"].where(
        ~t["back_payment_counts_as_month"].astype(bool), t["paid_months_with_back"]
    )
    is_abnormal = t["is_abnormal"].eq(True) & ~t["abnormal_taxpayer_passes"].astype(bool)
    drop = t["headcount_held_max_drop_bp"].astype("float64")
    held = t["newest_count"] * t["year_months"] * BP >= (BP - drop) * t["year_sum"]
    need = t["fund_min_reserve_months"].astype("float64")
    reserve = (t["rolling_balance"] * 12 >= t["annual_payout"] * need).where(
        t["annual_payout"] != 0, t["rolling_balance"] > 0
    )
    tests = [
        _is_in(t, "legal_form", "in_scope_forms"),
        (t["insured_since"] <= on) & (t["insured_status"] == "active"),
        t["is_cancelled"].eq(False) & ~is_abnormal,
        months >= t["min_paid_months"],
        t["arrears_amount"] <= 0,
        _is_within_cap(spec, t),
        drop.isna() | held,
        t["has_account"],
        need.isna() | reserve,
        has_applied.where(lane == "application", on <= deadline),
    ]
    return np.logical_and.reduce([np.asarray(test, dtype=bool) for test in tests])


def _differs(t: pd.DataFrame) -> Any:
    tolerance = t["declared_tolerance_bp"].astype("float64")
    gap = (t["declared_headcount"] - t["headcount"]).abs() * BP > tolerance * t["headcount"]
    size = t["declared_size"].astype(object)
    other = (size != t["economy_size"]) & size.notna() & t["economy_size"].notna() & ~t["is_by_reference"]
    return tolerance.notna() & (gap | other)


def _is_within_cap(spec: Spec, t: pd.DataFrame) -> Any:
    """Any of the region's formulas is within the cap of the unit."""
    is_new = (t["insured_since"] >= pd.Timestamp(spec.year - 1, 1, 1)) & t["new_unit_base_month"].notna()
    before, last = t["december_before"].where(~is_new, t["january_last"]), t["december_last"]
    has_claims = t["has_claims"].eq(True)
    said = {name: t[name].where(has_claims, 0) for name in ("claimants", "layoffs", "natural_attrition")}
    lost, third = before - last, (said["claimants"] * t["year_months"], t["year_sum"])
    fractions = {
        "F1": (lost.clip(lower=0), before),
        "F2": (said["claimants"], before),
        "F3": third,
        "F4": third,
        "F5": (said["layoffs"], said["layoffs"] + last),
        "F6": ((lost - said["natural_attrition"]).clip(lower=0), before),
    }
    uses = t["formulas"]
    found = np.zeros(len(t), dtype=bool)
    for name in {name for some in uses.unique() for name in some}:
        found |= uses.map(lambda some, name=name: name in some).to_numpy(dtype=bool) & _is_within(
            t, *fractions[name]
        )
    return found


def _is_within(t: pd.DataFrame, numerator: Any, denominator: Any) -> Any:
    scaled, limit = numerator * BP, t["cap_bp"] * denominator
    low = (scaled < limit).where(t["cap_is_strict"], scaled <= limit)
    small = scaled <= t["small_unit_cap_bp"].astype("float64") * denominator
    has_rule = t["small_unit_headcount"].notna() & t["small_unit_cap_bp"].notna()
    is_small = (t["headcount"] <= t["small_unit_headcount"].astype("float64")) & has_rule
    within = low.mask(is_small, small).mask(has_rule & t["headcount"].isna(), low & small)
    return np.asarray(within & (denominator != 0) & denominator.notna(), dtype=bool)


if __name__ == "__main__":
    main()
