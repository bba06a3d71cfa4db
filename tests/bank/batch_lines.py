"""A batch of a few lines with names as hostile as departments send them, and the bank that it goes to."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from stable_jobs.bank.banks import BankProfile, load_banks
from stable_jobs.bank.batch import Batch, BatchHead
from stable_jobs.settings import data_folder

SCHEMA = pa.schema(
    [
        ("line_no", pa.int64()), ("end_to_end_id", pa.string()), ("region_code", pa.string()),
        ("uscc", pa.string()), ("unit_name", pa.string()), ("scheme", pa.string()),
        ("size_class", pa.string()), ("headcount", pa.int64()), ("amount", pa.decimal128(18, 2)),
        ("account_name", pa.string()), ("account_no", pa.string()), ("bank_code", pa.string()),
        ("bank_name", pa.string()), ("account_source", pa.string()), ("priority", pa.int64()),
        ("attempt", pa.int64()),
    ]
)  # fmt: skip
HOSTILE = (
    "<script>alert(1)</script>",
    "=cmd|' /C calc'!A0",
    "\"引号\"，'单引号',逗号;分号",
    "a]]>&amp;<![CDATA[b",
    "𠮷野家（西安）餐饮👍",
    "单位\u202elslx.exe\u200f",
    "西安" * 100,
)
HASH = "5a" * 32


def line(number: int, **changes: Any) -> dict[str, Any]:
    """One line; the number tells its code, amount and account."""
    uscc = f"91610100MA6T{number:06d}"
    return {
        "line_no": number, "end_to_end_id": f"20-610100-{uscc}-01-01", "region_code": "610100", "uscc": uscc,
        "unit_name": f"西安第{number}有限公司", "scheme": "general", "size_class": "small", "headcount": 20,
        "amount": Decimal(f"{number * 1000}.10"), "account_name": f"西安第{number}有限公司",
        "account_no": f"622200000000{number:04d}", "bank_code": "102791000014", "bank_name": "工行西安分行",
        "account_source": "corporate", "priority": 1, "attempt": 1, **changes,
    }  # fmt: skip


def hostile_lines() -> list[dict[str, Any]]:
    """One line per hostile name; the last is difficult, of unknown size and headcount, a second attempt."""
    rows = [line(n, unit_name=name, account_name=name) for n, name in enumerate(HOSTILE, 1)]
    rows[1] |= {"size_class": "micro", "account_source": "premium", "bank_name": "=1+1"}
    rows[-1] |= {
        "scheme": "difficult", "size_class": None, "headcount": None, "bank_name": None, "attempt": 2,
        "account_source": "person", "end_to_end_id": "20-610100-91610100MA6T000007-01-02",
    }  # fmt: skip
    return rows


def batch(con: duckdb.DuckDBPyConnection, path: Path, rows: Sequence[dict[str, Any]], **head: Any) -> Batch:
    """The lines as Parquet in a new file, and a head that fits them unless told otherwise."""
    con.register("batch_rows", pa.Table.from_pylist(list(rows), SCHEMA))
    con.execute(f"COPY batch_rows TO '{path}' (FORMAT parquet)")
    con.unregister("batch_rows")
    fitting: dict[str, Any] = {
        "batch_no": "610100-20200519-L1-1", "region_code": "610100", "business_date": date(2020, 5, 19),
        "policy_year": 2020, "review_level": 1, "count": len(rows),
        "total": sum((row["amount"] or Decimal(0) for row in rows), Decimal("0.00")), "hash": HASH,
        "names": ("西安市", "Xi'an"), "is_demo": False, "approvals": (("1", "=王芳"),),
    }  # fmt: skip
    return Batch(BatchHead(**{**fitting, **head}), f"read_parquet('{path}')")


def bank(**changes: Any) -> BankProfile:
    """The packaged demonstration bank, changed."""
    return load_banks(data_folder("banks")).of("610100").model_copy(update=changes)


def work_folder(tmp_path: Path) -> Path:
    """A workspace as publishing makes one: `<region>/.work/<name>`."""
    folder = tmp_path / "610100" / ".work" / "one"
    folder.mkdir(parents=True)
    return folder
