"""`make bench-batch`: the files of a large batch, as one payment message and split; seconds and peak memory.

Every run is a fresh process: its imports count. It fails where a run takes longer or more than is promised.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from datetime import date
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.measure import Measure, measured

LINES = 300_000
MOST_SECONDS = 30
MOST_BYTES = 500_000_000
PREFIX = "stable-jobs-bench-"
MAKE = """
COPY (
    SELECT n AS line_no, format('20-610100-91610100MA{:08d}-01-01', n) AS end_to_end_id,
        '610100' AS region_code, format('91610100MA{:08d}', n) AS uscc,
        format('西安第{}（集团）有限责任公司', n) AS unit_name,
        if(n % 7 = 0, 'difficult', 'general') AS scheme, if(n % 9 = 0, 'small', 'micro') AS size_class,
        n % 100 AS headcount, (n % 90000 + 100.37)::DECIMAL(18, 2) AS amount, unit_name AS account_name,
        format('62220000{:011d}', n) AS account_no, '102100099996' AS bank_code,
        '中国工商银行西安分行' AS bank_name, 'corporate' AS account_source, 7 AS priority, 1 AS attempt
    FROM range(1, {lines} + 1) AS numbered(n)
) TO '{path}' (FORMAT parquet)
"""


def main() -> None:
    """One file of all transactions, then split as a profile has it; print and judge both."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--lines", type=int, default=LINES)
    parser.add_argument("--worker", nargs=3, metavar=("FOLDER", "SPLIT", "STARTED"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.worker:
        folder, split, started = arguments.worker
        print(json.dumps(vars(_write(Path(folder), int(split), float(started)))), flush=True)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # what DuckDB's binding says of its leaks at the end
        return
    _compare(arguments.lines)


def _compare(lines: int) -> None:
    print(f"{lines:,} lines, {os.cpu_count()} processors\n{'messages':<24}{'seconds':>10}{'peak MB':>10}")
    runs = [_run(lines, split) for split in (lines, 10_000)]
    if any(run.seconds > MOST_SECONDS or run.peak_bytes > MOST_BYTES for run in runs):
        raise SystemExit(f"more than {MOST_SECONDS} s or {MOST_BYTES / 1e6:.0f} MB")


def _run(lines: int, split: int) -> Measure:
    import duckdb

    with TemporaryDirectory(prefix=PREFIX) as folder:
        with duckdb.connect() as con:
            con.execute(MAKE.replace("{lines}", str(lines)).replace("{path}", f"{folder}/lines.parquet"))
        worker = ["--worker", folder, str(split), str(time.monotonic())]
        command = [sys.executable, "-m", "bench.batch", *worker]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    found = Measure(**json.loads(done.stdout))
    print(f"{found.name:<24}{found.seconds:>10.1f}{found.peak_bytes / 1e6:>10,.0f}")
    return found


def _write(folder: Path, split: int, started: float) -> Measure:
    from stable_jobs.bank.banks import load_banks
    from stable_jobs.bank.batch import BatchHead
    from stable_jobs.disbursement.batch_files import ENGINE, write_batch_files
    from stable_jobs.settings import Settings
    from stable_jobs.store.engine import connect

    settings = Settings(home=folder / "home").model_copy(update=ENGINE)
    work = folder / "batch" / ".work" / "1"
    work.mkdir(parents=True)
    source = f"read_parquet('{folder}/lines.parquet')"
    profile = load_banks(settings.banks_root).of("610100")
    profile = profile.model_copy(update={"transactions_per_file": split})
    with measured("", since=started) as measure, connect(settings) as con:
        ((count, total),) = con.execute(f"SELECT count(*), sum(amount) FROM {source}").fetchall()
        head = BatchHead(
            "610100-20200519-L1-1", "610100", date(2020, 5, 19), 2020, 1, count, Decimal(total), "0" * 64,
            ("西安市", "Xi'an"), True, (("1", "bench"),),
        )  # fmt: skip
        said = write_batch_files(con, source, head, profile, work, settings.workbook_rows)
    measure.name = f"{sum(name.endswith('.xml') for name in said)} of {split:,}"
    return measure


if __name__ == "__main__":
    main()
