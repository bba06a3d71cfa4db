"""Eight processes do the whole life cycle on one ledger at once: every payment once, the chain whole."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import Engine

from tests.ledger.conftest import Books
from tests.ledger.together import OBJECTED, PEOPLE, Told, Worker, night_of
from tests.processes import heed_signals, output_of, tell

PROCESSES = 8
SECONDS = 60
ROOT = Path(__file__).parents[2]
TWICE = """
    SELECT payment_id FROM instructions i LEFT JOIN bank_results r USING (line_id)
    WHERE r.outcome IS DISTINCT FROM 'returned' GROUP BY payment_id HAVING count(*) > 1
"""
SENT = """
    SELECT (SELECT count(*) FROM batches WHERE state = 'published'), (SELECT count(*) FROM instructions),
           (SELECT count(*) FROM bank_results), (SELECT count(*) FROM batches)
"""
HAS = "SELECT region_code, uscc, paid, to_recover FROM entitlement_balances"
OPEN = "SELECT region_code, uscc, open FROM entitlement_balances WHERE open > 0"


def run_together(url: str) -> list[Told]:
    """What each of the processes said; none of them may fail."""
    command = [sys.executable, "-m", "tests.ledger.together", url]
    running = [
        subprocess.Popen(
            [*command, str(number), str(SECONDS)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=heed_signals,
        )
        for number in range(PROCESSES)
    ]
    try:
        assert [output_of(process).readline() for process in running] == ["ready\n"] * PROCESSES
        for process in running:
            tell(process, "go\n")
        said = [process.communicate() for process in running]
    finally:
        for process in running:
            process.kill()
            process.wait()
    assert [error for _, error in said] == [""] * PROCESSES
    return [Told(**{name: Counter(counts) for name, counts in json.loads(out).items()}) for out, _ in said]


@pytest.mark.long
def test_eight_processes_pay_everybody_once(
    engine: Engine, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    books = Books(engine, tmp_path)
    books.assign(*((person, level) for level, person in enumerate(PEOPLE, 1)))
    told = run_together(engine.url.render_as_string(hide_password=False))
    made = sum((one.made for one in told), Counter())
    with capsys.disabled():
        say(told, books)
    assert books.ask(SENT) == [(made["published"], made["instructed"], made["applied"], made["formed"])]
    assert books.ask(TWICE) == []
    assert books.breaks() == []
    assert sum(bool(one.made["published"] or one.made["applied"]) for one in told) > 1, "one did everything"
    refused = [kind for one in told for kind in one.refused]
    assert refused, "nobody came in anybody's way"
    assert [kind for kind in refused if "duplicate key" in kind or "chain" in kind] == [], "writers wait"
    everybody_is_paid_in_the_end(books)


def everybody_is_paid_in_the_end(books: Books) -> None:
    """Left to one, the ledger comes to rest: objections dismissed, the bank pays, and nobody waits."""
    worker = Worker(books, random.Random(0), paid_only=True)
    number = worker.newest() // 2 * 2 + 4
    for later in (0, 2):
        night = night_of(number + later)
        worker.answer(night.on)
        worker.settle()
        for _ in books.ask(OBJECTED):
            worker.object(night.on)
        worker.work(night)
        worker.publish_open(night.on)
    worker.answer(night.on)
    due = {(u["region_code"], u["uscc"]): u["entitlement"] for u in night.units}
    has = {(region, code): paid - recovering for region, code, paid, recovering in books.ask(HAS)}
    assert {unit: has[unit] for unit in due} == due
    assert books.ask(OPEN) == []
    assert books.breaks() == []


def say(told: list[Told], books: Books) -> None:
    events = books.ask("SELECT count(*) FROM audit_events")[0][0]
    tried = sum((one.tried for one in told), Counter[str]())
    refused = sum((one.refused for one in told), Counter[str]())
    print(f"\n{tried.total()} attempts by {len(told)} processes, {refused.total()} refused, {events} events")
    print("attempts:", dict(sorted(tried.items())))
    for number, one in enumerate(told):
        print(f"process {number} brought about", dict(sorted(one.made.items())))
    for kind, count in sorted(refused.items()):
        print(f"refused {count} x {kind}")
