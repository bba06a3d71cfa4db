"""Registering a decision once, and explaining an enterprise from it: a real database, a real lake."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Any

import duckdb
import ibis
import ibis.expr.types as ir
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from ibis.backends import BaseBackend
from sqlalchemy import Connection, Engine, func, select

from stable_jobs.errors import StepError, UsageError
from stable_jobs.policy import determine as module
from stable_jobs.policy.aggregates import OURS
from stable_jobs.policy.determine import (
    KINDS,
    Decision,
    Keep,
    decide,
    decided_on,
    decision_by_id,
    determine,
    keep_in,
)
from stable_jobs.policy.explain import explain
from stable_jobs.policy.explanation import Explanation, LegalTest, render_text
from stable_jobs.policy.extracts import Inputs
from stable_jobs.policy.load import Policies
from stable_jobs.settings import SHANGHAI
from stable_jobs.store.catalog import InForce, Snapshot, record_delivery, register_snapshot
from stable_jobs.store.engine import Computing
from stable_jobs.store.lake import Lake
from stable_jobs.store.tables import snapshots
from tests.policy.builder import LANZHOU, NIGHT, XIAN, World, code, contracts, policies, write

GOOD, BAD, TWICE = code(1), code(2), code(3)


@dataclass(frozen=True)
class Night:
    """Everything a night's determine step is given."""

    engine: Engine
    lake: Lake
    root: Path
    in_force: tuple[InForce, ...]

    def determine(self, by: Policies | None = None, **changed: Any) -> Decision:
        with duckdb.connect() as con:
            given: dict[str, Any] = {"in_force": self.in_force} | changed
            return determine(
                Computing(con), self.engine, self.lake, contracts(), by or policies(), NIGHT, **given
            )

    def explain(self, uscc: str, region: str | None = None, by: Policies | None = None) -> Explanation:
        with duckdb.connect() as con, self.engine.connect() as conn:
            return explain(con, conn, self.lake, contracts(), by or policies(), uscc, NIGHT, region)

    def registered(self) -> int:
        with self.engine.connect() as conn:
            return int(conn.execute(select(func.count()).select_from(snapshots)).scalar_one())

    def files(self) -> int:
        return sum(len(list((self.root / "snapshots" / kind).glob("*"))) for kind in KINDS)


def world() -> World:
    """A unit that passes, one with much to say, one insured in two regions."""
    made = World(slots=(XIAN, LANZHOU))
    for region in made.slots:
        made.region(region)
    made.unit(GOOD)
    made.unit(BAD, unit_name="坏\x1b[2J公司")
    made.quarantine_rows("premium_payments", BAD, fee_month=201903)
    made.exclude(BAD, LANZHOU, date(2020, 1, 1))
    made.change("taxpayers", BAD, account_no="6217000099998888", account_name="某某")
    made.unit(TWICE)
    made.unit(TWICE, LANZHOU)
    return made


@pytest.fixture(scope="module")
def decided_before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the tables of this world's decision are kept once one test has computed them."""
    return tmp_path_factory.mktemp("decided")


@pytest.fixture(autouse=True)
def _decide_once(decided_before: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Compute the decision once for all tests; each registers it anew. With payments of ours: every time."""

    def remembered(
        backend: BaseBackend, inputs: Inputs, policies: Policies, on: date, keep: Keep
    ) -> dict[str, ir.Table]:
        if inputs.paid_by_us is not None:
            return decide(backend, inputs, policies, on, keep)
        if not (decided_before / "whole").exists():
            with duckdb.connect() as con:
                own = ibis.duckdb.from_connection(con)
                decide(own, inputs, policies, on, keep_in(own, str(decided_before)))
            (decided_before / "whole").touch()
        return {kind: keep(kind, backend.read_parquet(decided_before / f"{kind}.parquet")) for kind in KINDS}

    monkeypatch.setattr(module, "decide", remembered)


@pytest.fixture
def night(engine: Engine, tmp_path: Path) -> Night:
    """The world's files in a lake, with a delivery in the catalog for each."""
    staged = tmp_path / "written"
    staged.mkdir()
    root = tmp_path / "lake"
    inputs = write(world(), staged)
    shutil.copytree(staged, root / "staged")
    known = contracts()
    with engine.begin() as connection:
        for f in sorted(inputs.files, key=lambda f: f.delivery_id):
            found = record_delivery(
                connection, department=known[f.extract].department, extract=f.extract, business_date=NIGHT,
                region_code=f.region_code, sequence=1, file_name=f"{f.region_code}.csv", file_format="csv",
                sha256=sha256(f"{f.extract}{f.region_code}".encode()).hexdigest(), size_bytes=1, rows=1,
                control_total=None, received_at=datetime(2020, 5, 11, 8, tzinfo=SHANGHAI),
            )  # fmt: skip
            assert found.id == f.delivery_id
    in_force = tuple(
        InForce(
            f.extract, f.region_code, f.delivery_id, NIGHT, f"staged/{Path(f.staged).name}",
            f"staged/{Path(f.quarantine).name}", is_stand_in=False,
        )
        for f in inputs.files
    )  # fmt: skip
    return Night(engine, Lake(str(root)), root, in_force)


def test_again_is_the_same_decision(night: Night) -> None:
    """Every kind of snapshot at once; with the same inputs nothing is computed, written or registered."""
    first = night.determine()
    assert night.registered() == night.files() == len(KINDS)
    assert {getattr(first, kind).kind for kind in KINDS} == set(KINDS)
    assert night.determine() == first
    assert night.determine(in_force=tuple(reversed(night.in_force))) == first
    assert night.registered() == night.files() == len(KINDS)


def test_other_inputs_are_another_decision(night: Night) -> None:
    first = night.determine()
    other = night.determine(replace(policies(), fingerprint="other"))
    assert other.eligibility.id != first.eligibility.id
    assert night.registered() == 2 * len(KINDS)


def test_a_decision_says_what_it_was_made_from(night: Night) -> None:
    """As it registered them: the catalog as it is now is not asked again."""
    held = frozenset({("taxpayers", "220400"), ("fund_balances", "000000")})
    earlier, *rest = night.in_force
    in_force = (replace(earlier, held_parts=(LANZHOU,)), *rest)
    made = night.determine(in_force=in_force, held_deliveries=held)
    with night.engine.connect() as connection:
        found = decided_on(connection, made)
    assert (set(found.in_force), found.held_deliveries) == (set(in_force), held)
    assert night.determine(in_force=in_force, held_deliveries=held) == made


def _paid_by_us(folder: Path, amount: str) -> str:
    """The ledger's file: GOOD was paid so much."""
    path = str(folder / f"{amount}.parquet")
    row = {"region_code": XIAN, "uscc": GOOD, "policy_year": 2020, "amount": Decimal(amount)}
    pq.write_table(pa.Table.from_pylist([row], schema=ibis.schema(OURS).to_pyarrow()), path)
    return path


def test_what_we_paid_is_an_input(night: Night, tmp_path: Path) -> None:
    """Another ledger is another decision; the same one is found again, whatever its file is called."""
    nothing = night.determine()
    first = night.determine(paid_by_us=_paid_by_us(tmp_path, "200.00"), paid_fingerprint="a")
    second = night.determine(paid_by_us=_paid_by_us(tmp_path, "250.00"), paid_fingerprint="b")
    assert night.determine(paid_by_us=_paid_by_us(tmp_path, "1.00"), paid_fingerprint="a") == first
    assert [_already_paid(night, d) for d in (nothing, first, second)] == ["0.00", "200.00", "250.00"]
    assert night.registered() == 3 * len(KINDS)


def _already_paid(night: Night, made: Decision) -> str:
    query = f"SELECT already_paid FROM '{night.lake.path(made.eligibility.name)}' WHERE uscc = '{GOOD}'"
    with duckdb.connect() as con:
        [(paid,)] = con.execute(query).fetchall()
    return str(paid)


@pytest.mark.parametrize(
    "given",
    [
        pytest.param({"paid_by_us": "ours.parquet"}, id="a file that nothing is known by"),
        pytest.param({"paid_fingerprint": "a"}, id="a fingerprint of no file"),
    ],
)
def test_a_ledger_without_its_fingerprint_is_refused(night: Night, given: dict[str, Any]) -> None:
    """Two ledgers must never be taken for one decision."""
    with pytest.raises(StepError, match="expected paid_by_us and paid_fingerprint, or neither"):
        night.determine(**given)
    assert night.registered() == 0


def _registered(connection: Connection, key: str, kinds: tuple[str, ...] = KINDS) -> dict[str, Snapshot]:
    """As a night registers its tables, without the files."""
    return {
        kind: register_snapshot(
            connection, kind=kind, business_date=NIGHT, fingerprint=sha256(key.encode()).hexdigest(),
            name=f"snapshots/{kind}/{key}.parquet", rows=1, inputs={},
        )
        for kind in kinds
    }  # fmt: skip


def test_a_decision_is_found_by_its_id(engine: Engine) -> None:
    with engine.begin() as connection:
        first, other = (Decision(**_registered(connection, key)) for key in ("first", "other"))
        assert (first.id, other.id) == (first.eligibility.id, other.eligibility.id)
        assert decision_by_id(connection, first.id) == first
        assert decision_by_id(connection, other.id) == other


def test_only_a_whole_decisions_eligibility_table_has_its_id(engine: Engine) -> None:
    """A number from elsewhere must not publish a night: another table, a file of no decision, none."""
    with engine.begin() as connection:
        whole = _registered(connection, "whole")
        torn = _registered(connection, "torn", KINDS[:-1])
        staged = _registered(connection, "alone", ("staged",))
        wrong = [made.id for kind, made in whole.items() if kind != "eligibility"]
        wrong += [torn["eligibility"].id, staged["staged"].id, staged["staged"].id + 1]
        for number in wrong:
            with pytest.raises(KeyError, match=str(number)):
                decision_by_id(connection, number)


def test_a_crash_registers_nothing(night: Night, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed while registering: files lie about, no snapshot exists, the next run makes them all."""
    calls: list[int] = []

    def dies(*args: Any, **kwargs: Any) -> Snapshot:
        calls.append(1)
        if len(calls) == 4:
            raise RuntimeError("killed")
        return register_snapshot(*args, **kwargs)

    monkeypatch.setattr(module, "register_snapshot", dies)
    with pytest.raises(RuntimeError, match="killed"):
        night.determine()
    assert night.registered() == 0
    monkeypatch.setattr(module, "register_snapshot", register_snapshot)
    night.determine()
    assert night.registered() == len(KINDS)


def test_explain_whatever_asked(night: Night) -> None:
    """Every test, every input, every row it came from; accounts masked; a name cannot move the cursor."""
    night.determine()
    _check_failing(night.explain(BAD))
    _check_regions(night)
    _check_texts(night)
    with pytest.raises(UsageError, match=f"{code(9)} is not an accepted unit on 2020-05-11"):
        night.explain(code(9))
    with pytest.raises(StepError, match="changed since that night"):
        night.explain(GOOD, by=_harder())


def _check_failing(found: Explanation) -> None:
    [row] = found.rows
    lines = {line.test: line for line in row.tests}
    assert len(lines) == 12
    assert row.reasons == "paid_months_unknown;not_excluded"
    assert _told(lines["not_excluded"]) == ("fail", {"development/exclusion_list": [(1, ())]})
    outcome, rows = _told(lines["paid_months"])
    assert outcome == "unknown"
    assert [r for _, r in rows["tax/premium_payments"]] == [()] * 11 + [("premium_payments.some.rule",)]
    assert lines["paid_months"].inputs == {"months_paid": "11"}
    [minimum, _] = lines["paid_months"].thresholds
    assert (minimum.value, minimum.region, minimum.is_demo) == ("12", "000000", False)
    [cap] = [t for t in lines["layoff_rate"].thresholds if t.name == "layoff_cap"]
    assert (cap.value, cap.region, cap.is_demo) == ("0.1", XIAN, True)
    assert row.amounts["payable"] == "0.00"


def _told(line: LegalTest) -> tuple[str, dict[str, list[tuple[int, tuple[str, ...]]]]]:
    rows: dict[str, list[tuple[int, tuple[str, ...]]]] = {}
    for s in line.sources:
        rows.setdefault(f"{s.department}/{s.extract}", []).append((s.row_no, s.rules))
    return line.outcome, rows


def _check_regions(night: Night) -> None:
    assert [r.region_code for r in night.explain(TWICE).rows] == [XIAN, LANZHOU]
    assert [r.region_code for r in night.explain(TWICE, LANZHOU).rows] == [LANZHOU]


def _check_texts(night: Night) -> None:
    found = night.explain(BAD)
    for lang, words in (
        ("zh", ("不通过", "西安市", "列入惩戒或限制名单")),
        ("en", ("fail", "Xi'an", "exclusion list")),
    ):
        text = render_text(found, lang)
        assert all(word in text for word in words)
        assert "\x1b" not in text
        assert "6217000099998888" not in text
        assert "****8888" in text
        assert "610100.csv" in text


def _harder() -> Policies:
    """Xi'an asks for 13 months."""
    whole = policies()
    values = dict(whole.regions["000000"].values)
    key = ("general", "min_paid_months")
    values[key] = tuple(replace(v, value=13) for v in values[key])
    nation = replace(whole.regions["000000"], values=values)
    return replace(whole, regions={**whole.regions, "000000": nation})


def test_explain_without_a_night(night: Night) -> None:
    with pytest.raises(
        UsageError, match="no decision for 2020-05-11; run `stable-jobs night --date 2020-05-11`"
    ):
        night.explain(GOOD)


def test_amounts_are_decimals(night: Night) -> None:
    """What is written has the data dictionary's types."""
    made = night.determine()
    with duckdb.connect() as con:
        path = night.lake.path(made.eligibility.name)
        types = {r[0]: r[1] for r in con.execute(f"DESCRIBE SELECT * FROM '{path}'").fetchall()}
        [(paid,)] = con.execute(f"SELECT sum(payable) FROM '{path}' WHERE is_taken").fetchall()
    yuan = ("premium_base", "monthly_benefit", "entitlement", "already_paid", "payable")
    assert {types[n] for n in yuan} == {"DECIMAL(18,2)"}
    assert (types["layoff_rate"], types["refund_rate"]) == ("DECIMAL(9,6)", "DECIMAL(9,4)")
    assert {t for n, t in types.items() if n.startswith("meets_") or n == "is_taken"} == {"BOOLEAN"}
    assert "DOUBLE" not in set(types.values())
    assert paid == Decimal("1200.00")


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        pytest.param(
            "terms",
            {
                "region_code": "VARCHAR", "scheme": "VARCHAR", "size_class": "VARCHAR", "approvals": "BIGINT",
                "notice_working_days": "BIGINT", "bank_answer_days": "BIGINT", "deadline": "DATE",
                "pooling_region": "VARCHAR", "refund_budget": "DECIMAL(18,2)", "same_day_promise": "BOOLEAN",
            },
            id="terms",
        ),
        pytest.param(
            "refunds",
            {
                "region_code": "VARCHAR", "uscc": "VARCHAR", "policy_year": "BIGINT", "scheme": "VARCHAR",
                "amount": "DECIMAL(18,2)", "paid_date": "DATE", "voucher_no": "VARCHAR",
                "payment_reference": "VARCHAR",
            },
            id="refunds",
        ),
    ],
)  # fmt: skip
def test_what_the_ledger_reads(night: Night, kind: str, expected: dict[str, str]) -> None:
    """Columns and types as agreed with it, also where there is no row."""
    made = night.determine()
    with duckdb.connect() as con:
        path = night.lake.path(getattr(made, kind).name)
        types = {r[0]: r[1] for r in con.execute(f"DESCRIBE SELECT * FROM '{path}'").fetchall()}
    assert types == expected
