"""Peer: Spark on this machine: `python -m bench.peers.spark_local SPEC LANDING OUT SCRATCH`.

Each extract is read once, with the rules that its rows break beside them, and kept as Parquet in the scratch
folder; counts, uniqueness, the join and the lists read that.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from functools import reduce
from itertools import groupby
from typing import Any

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as f

from bench.peers.decision_sql import decision, tables
from bench.peers.spec import FOR_ALL, RESULT, Column, Extract, Job, Landed, Spec, headers, job

MEMORY = "4g"
TYPES = {
    "integer": "bigint",
    "month": "int",
    "money": "decimal(24,6)",
    "date": "date",
    "open_date": "date",
    "timestamp": "timestamp_ntz",
}


def main() -> None:
    """Read, validate and reject, join, decide, and write one list per region."""
    work = job()
    spark = session(work)
    try:
        for name, query in tables(work.spec).items():
            spark.sql(query).createOrReplaceTempView(name)
        rejected = [
            load(spark, work, list(files)) for _, files in groupby(work.files, lambda file: file.extract.name)
        ]
        found = [rows for rows in rejected if rows is not None]
        nobody = spark.createDataFrame([], "extract_name string, region_code string, uscc string")
        for rows in found:
            nobody = nobody.union(rows)
        nobody.distinct().createOrReplaceTempView("rejected")
        write(spark, work)
    finally:
        spark.stop()


def session(work: Job) -> SparkSession:
    """As many threads as the others have; shuffles in as few parts as that needs."""
    threads = work.spec.threads
    builder: Any = SparkSession.builder
    settings = {
        "spark.driver.memory": MEMORY,
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.ui.enabled": "false",
        "spark.local.dir": str(work.scratch),
        "spark.sql.warehouse.dir": str(work.scratch / "warehouse"),
        "spark.sql.shuffle.partitions": str(threads * 4),
        "spark.sql.session.timeZone": "Asia/Shanghai",
        "spark.sql.ansi.enabled": "false",
        "spark.sql.legacy.javaCharsets": "true",
        "spark.log.level": "ERROR",
        "spark.ui.showConsoleProgress": "false",
    }
    builder = builder.master(f"local[{threads}]").appName("peers")
    for name, value in settings.items():
        builder = builder.config(name, value)
    made: SparkSession = builder.getOrCreate()
    return made


# --- Reading and validating ---


def load(spark: SparkSession, work: Job, files: Sequence[Landed]) -> DataFrame | None:
    """Register the accepted rows of an extract under its name; the rejected ones that name a unit, if any."""
    extract = files[0].extract
    folder = str(work.scratch / extract.name)
    rows = read(spark, work.spec, files)
    rows.write.parquet(folder)
    kept = spark.read.parquet(folder)
    repeated = _repeated(kept, extract)
    if repeated is not None:
        kept = kept.join(f.broadcast(repeated), ["file_region", *extract.key], "left")
        kept = kept.withColumn("is_broken", f.col("is_broken") | f.col("is_repeated").isNotNull())
    broken = _check_promises(kept, files)
    names = [column.name for column in extract.columns]
    kept.where(~f.col("is_broken")).select(names).createOrReplaceTempView(extract.name)
    if not broken or not extract.has_unit:
        return None
    region = f.when(f.col("file_region") == FOR_ALL, f.col("region_code")).otherwise(f.col("file_region"))
    named = kept.where("is_broken").where(is_unit_code(work.spec, "uscc"))
    return named.select(f.lit(extract.name).alias("extract_name"), region.alias("region_code"), "uscc")


def read(spark: SparkSession, spec: Spec, files: Sequence[Landed]) -> DataFrame:
    """The rows of an extract as values, their file's region, and `is_broken`: whether a row breaks a rule.

    A required column is read as its type, so that what cannot be read is NULL and breaks the rule `required`;
    an optional one is read as text first. Files with their columns in another order are read apart.
    """
    extract, ordered = files[0].extract, dict[tuple[str, ...], list[str]]()
    for file in files:
        ordered.setdefault(tuple(headers(file)), []).append(str(file.path))
    parts = [_read(spark, extract, names, paths) for names, paths in ordered.items()]
    values = reduce(lambda a, b: a.unionByName(b), parts)
    is_broken = " OR ".join(f"coalesce({rule}, false)" for rule in rules_of(spec, files))
    names = [column.name for column in extract.columns]
    return values.selectExpr(*names, "file_region", f"({is_broken}) AS is_broken")


def _read(spark: SparkSession, extract: Extract, names: Sequence[str], paths: list[str]) -> DataFrame:
    columns = [extract.column(name) for name in names]
    schema = ", ".join(f"{c.name} {TYPES[c.kind] if _is_typed(c) else 'string'}" for c in columns)
    options = {
        "header": "true",
        "encoding": "GB18030" if extract.encoding == "gb18030" else "UTF-8",
        "nullValue": "",
        "escape": '"',
        "dateFormat": "yyyy-MM-dd",
        "timestampNTZFormat": "yyyy-MM-dd HH:mm:ss",
    }
    text = spark.read.schema(schema).options(**options).csv(paths)
    values = (f"{_value(column, extract)} AS {column.name}" for column in columns)
    return text.selectExpr(*values, *_readable(columns), "substr(_metadata.file_name, 1, 6) AS file_region")


def _is_typed(column: Column) -> bool:
    return column.required and column.kind in TYPES


def _value(column: Column, extract: Extract) -> str:
    if _is_typed(column):
        return _yuan(column.name) if column.kind == "money" else column.name
    if column.labels:
        cases = " ".join(f"WHEN '{label}' THEN '{value}'" for label, value in column.labels.items())
        kind = "boolean" if column.kind == "boolean" else "string"
        return f"CAST(CASE {column.name} {cases} END AS {kind})"
    words = ", ".join(f"'{word}'" for word in extract.null_words)
    if column.kind not in TYPES:
        return f"CASE WHEN {column.name} NOT IN ({words}) THEN {column.name} END"
    value = f"TRY_CAST({column.name} AS {TYPES[column.kind]})"
    return f"CASE WHEN {column.name} NOT LIKE '9999%' THEN {value} END" if _is_open(column) else value


def _yuan(name: str) -> str:
    """An amount of whole fen; NULL for one of more decimals, which the reader would round."""
    return f"CASE WHEN {name} = round({name}, 2) THEN CAST({name} AS decimal(18,2)) END"


def _is_open(column: Column) -> bool:
    return column.kind == "open_date"


def _readable(columns: Sequence[Column]) -> list[str]:
    """The texts of optional columns, for the rule `readable`."""
    optional = [c for c in columns if not c.required and (c.kind in TYPES or c.labels)]
    return [f"{c.name} AS {c.name}_text" for c in optional]


def rules_of(spec: Spec, files: Sequence[Landed]) -> list[str]:
    """Every rule but uniqueness as a condition, true for the rows that break it.

    A region that its file may speak of is known: only in a file for all it is looked up.
    """
    extract = files[0].extract
    rules = [rule for column in extract.columns for rule in _column_rules(spec, extract, column)]
    own = "region_code <> file_region"
    if extract.row_region == "upward":
        above = f"left(file_region, 4) || '00', left(file_region, 2) || '0000', '{FOR_ALL}'"
        own = f"region_code NOT IN (file_region, {above})"
    rules.append(f"(file_region <> '{FOR_ALL}' AND {own})")
    if any(file.region == FOR_ALL for file in files):
        known = _texts((*spec.known_regions, FOR_ALL))
        rules.append(f"(file_region = '{FOR_ALL}' AND region_code NOT IN ({known}))")
    if extract.windows:
        inside = " OR ".join(
            f"{name} BETWEEN {_limit(extract.column(name), first)} AND {_limit(extract.column(name), last)}"
            for name, first, last in extract.windows
        )
        rules.append(f"NOT ({inside})")
    return [*rules, *(f"{late} < {early}" for late, early in extract.orders)]


def _column_rules(spec: Spec, extract: Extract, column: Column) -> list[str]:
    name, rules = column.name, list[str]()
    if column.required:
        rules.append(f"{name} IS NULL")
    elif column.labels or column.kind in TYPES:
        text = f"{name}_text"
        is_open = f" AND {text} NOT LIKE '9999%'" if _is_open(column) else ""
        rules.append(f"{name} IS NULL AND {text} NOT IN ({_texts(extract.null_words)}){is_open}")
    if column.minimum is not None:
        rules.append(f"{name} < {column.minimum}")
    if column.maximum is not None:
        rules.append(f"{name} > {column.maximum}")
    if column.kind == "month":
        rules.append(f"{name} % 100 NOT BETWEEN 1 AND 12")
    if column.length is not None:
        low, high = column.length
        rules.append(f"length({name}) NOT BETWEEN {low} AND {high}")
    if column.not_after is not None:
        rules.append(f"{name} > {_limit(column, column.not_after)}")
    if column.check is not None:
        rules.append(f"NOT ({CHECKS[column.check](spec, name)})")
    return [f"({rule})" for rule in rules]


def _limit(column: Column, text: str) -> str:
    return f"DATE '{text}'" if column.kind == "date" else text


def _texts(words: Sequence[str]) -> str:
    return ", ".join(f"'{word}'" for word in words)


def _repeated(rows: DataFrame, extract: Extract) -> DataFrame | None:
    """The keys that stand more than once in a file; None where there are none."""
    keys = rows.groupBy("file_region", *extract.key).count().where("count > 1").drop("count")
    return None if keys.isEmpty() else keys.withColumn("is_repeated", f.lit(True))


def _check_promises(rows: DataFrame, files: Sequence[Landed]) -> int:
    """Compare with the manifests, file by file; how many rows are rejected."""
    extract = files[0].extract
    total = " + ".join(f"coalesce(sum({name}), 0)" for name in extract.control_total) or "0"
    counted = rows.groupBy("file_region").agg(
        f.count("*").alias("rows"), f.count_if("is_broken").alias("broken"), f.expr(total).alias("yuan")
    )
    found = {row["file_region"]: row for row in counted.collect()}
    broken = 0
    for file in files:
        row = found.get(file.region)
        file.check(row["rows"] if row else 0, row["yuan"] if row else Decimal(0))
        file.tolerate(row["broken"] if row else 0)
        broken += row["broken"] if row else 0
    return broken


# --- Codes ---


def is_unit_code(spec: Spec, name: str) -> str:
    """Whether it is a credit code or an old registration number, as a condition."""
    total = " + ".join(
        f"(instr('{spec.alphabet}', substr({name}, {place}, 1)) - 1) * {weight}"
        for place, weight in enumerate(spec.weights, start=1)
    )
    provinces = _texts(spec.provinces)
    is_credit_code = (
        f"(length({name}) = 18 AND {name} RLIKE '^[{spec.alphabet}]+$' AND {name} RLIKE '^..[0-9]{{6}}' "
        f"AND left({name}, 2) IN ({_texts(spec.heads)}) "
        f"AND (substr({name}, 3, 2) IN ({provinces}) OR substr({name}, 3, 6) = '100000') "
        f"AND (31 - ({total}) % 31) % 31 = instr('{spec.alphabet}', substr({name}, 18, 1)) - 1)"
    )
    return f"({is_credit_code} OR ({mod_11_10(name, 15)} AND left({name}, 2) IN ({provinces})))"


def mod_11_10(name: str, digits: int) -> str:
    """Whether it has so many digits, the last of them the check digit of ISO 7064 MOD 11,10."""
    step = "(((product + digit - 1) % 10 + 1) * 2) % 11"
    payload = f"transform(sequence(1, {digits - 1}), i -> CAST(substr({name}, i, 1) AS int))"
    product = f"aggregate({payload}, 10, (product, digit) -> {step})"
    right = f"({product} + CAST(substr({name}, {digits}, 1) AS int)) % 10 = 1"
    return f"({name} RLIKE '^[0-9]{{{digits}}}$' AND {right})"


def is_account_no(name: str) -> str:
    """5 to 34 digits and letters, five digits at least, no power of ten, no hexadecimal, not all alike."""
    return (
        f"{name} RLIKE '^[0-9A-Z]{{5,34}}$' AND {name} RLIKE '^([A-Z]*[0-9]){{5}}' "
        f"AND NOT {name} RLIKE '^([0-9]+E[0-9]+[DFL]?|0X[0-9A-F]+)$' "
        f"AND replace({name}, left({name}, 1), '') <> ''"
    )


CHECKS: Mapping[str, Callable[[Spec, str], str]] = {
    "unit_code": is_unit_code,
    "bank_code": lambda _, name: mod_11_10(name, 12),
    "account_no": lambda _, name: is_account_no(name),
}


# --- Deciding and writing ---


def write(spark: SparkSession, work: Job) -> None:
    """Decide in one statement, one file per region, each moved to its place."""
    paid = spark.sql(decision(work.spec)).withColumn("region", f.col("region_code"))
    folder = work.scratch / "lists"
    lists = paid.repartition("region").sortWithinPartitions("region", "uscc").select(*RESULT, "region")
    lists.write.partitionBy("region").csv(str(folder), header=True, quote='"', escape='"')
    for path in folder.glob("region=*/*.csv"):
        shutil.move(path, work.out / f"{path.parent.name.removeprefix('region=')}.csv")


if __name__ == "__main__":
    main()
