"""What money rests on: changed files, changed rows of the catalog and restored ledgers pay nobody."""

from __future__ import annotations

import csv
import errno
import json
import os
import shutil
import stat
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from stable_jobs.disbursement import steps as disbursement
from stable_jobs.errors import LedgerRefused, StepError
from stable_jobs.night import steps
from stable_jobs.night.alerts import tell_anchor
from stable_jobs.night.steps import deliveries_in_force
from stable_jobs.store.lake import LakeChanged
from tests.databases import copy_database, drop_database
from tests.ledger.full import tamper
from tests.night.bureau import Bureau, WholeNight

pytestmark = pytest.mark.xdist_group("proof")

D = date(2020, 5, 11)
REGION = "360100"
BATCH = f"{D}/{REGION}/{REGION}-20200511-L0-1"


Copied = Callable[[], Bureau]


@pytest.fixture(scope="module")
def after_night(whole_night: WholeNight) -> Bureau:
    """The night over the small landing, written with no umask at all, its notices closed. Not to change."""
    return whole_night.bureau


@pytest.fixture
def copied(after_night: Bureau) -> Iterator[Copied]:
    """Makes a copy of home and database that the test may change."""
    made: list[Bureau] = []

    def copy(of: Bureau = after_night) -> Bureau:
        name = copy_database(of.postgres, of.name, "proof")
        home = after_night.home.parent / name
        shutil.copytree(of.home, home)
        made.append(Bureau(home, name, of.postgres))
        return made[-1]

    yield copy
    for one in made:
        drop_database(one.postgres, one.name)
        shutil.rmtree(one.home)


@pytest.fixture
def bureau(copied: Copied) -> Bureau:
    return copied()


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def change(path: Path) -> None:
    """Other bytes of the same number, the old time given back."""
    known = path.stat()
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.chmod(0o600)
    path.write_bytes(content)
    os.utime(path, ns=(known.st_atime_ns, known.st_mtime_ns))


def test_a_night_left_alone_is_whole(after_night: Bureau) -> None:
    assert after_night.breaks() == []
    evidence = dict(after_night.ask("SELECT subject, count(*) FROM night_evidence GROUP BY subject"))
    assert evidence["snapshot"] > 20
    assert evidence["delivery"] > 20
    assert evidence["validation"] > 5


def test_a_changed_snapshot_pays_nobody(bureau: Bureau) -> None:
    with bureau.desk() as desk:
        for kind in ("payees", "eligibility", "terms", "refunds", "held"):
            (path,) = bureau.files(kind)
            good = path.read_bytes()
            change(path)
            with pytest.raises(LakeChanged, match="no money moves on it"):
                disbursement.form(desk)
            assert bureau.ask("SELECT count(*) FROM batches") == [(0,)], kind
            assert bureau.breaks() == [("lake", f"snapshots/{kind}/{path.name}")]
            path.write_bytes(good)
        assert disbursement.form(desk).open != ()


@pytest.mark.parametrize("kind", ["staged", "quarantine"])
def test_a_changed_input_decides_nobody(bureau: Bureau, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with bureau.desk() as desk:
        in_force, _ = deliveries_in_force(desk)
        change(bureau.home / "lake" / getattr(in_force[0], f"{kind}_name"))
        monkeypatch.setattr("stable_jobs.policy.determine.code_fingerprint", lambda: "e" * 64)
        with pytest.raises(LakeChanged):
            steps.decide(desk)


def test_a_changed_decision_is_not_found_again(bureau: Bureau) -> None:
    change(bureau.files("unit_facts")[0])
    with bureau.desk() as desk, pytest.raises(LakeChanged):
        steps.decide(desk)


@pytest.mark.parametrize(
    ("statement", "subject"),
    [
        pytest.param("UPDATE snapshots SET name = 'x' || name WHERE kind = 'terms'", "snapshot", id="a file"),
        pytest.param("UPDATE deliveries SET sha256 = repeat('e', 64)", "delivery", id="a delivery's bytes"),
        pytest.param("UPDATE deliveries SET file_name = 'x'", "delivery", id="a delivery's name"),
        pytest.param("UPDATE delivery_outcomes SET held_rule = NULL, accepted = received, quarantined = 0",
                     "validation", id="what was found of it"),
        pytest.param("DELETE FROM delivery_outcomes", "validation", id="nothing was found of it"),
    ],
)  # fmt: skip
def test_a_changed_row_of_the_catalog_pays_nobody(bureau: Bureau, statement: str, subject: str) -> None:
    tamper(bureau.engine, statement.replace("'x' ||", "'x' || id ||"))
    with bureau.desk() as desk, pytest.raises(LedgerRefused, match=rf"{subject} [0-9]+ of the catalog"):
        disbursement.form(desk)
    assert {where.split()[2] for check, where in bureau.breaks() if check == "catalog"} == {subject}


def test_a_decision_of_an_older_version_pays_nobody_until_its_night_ran_again(bureau: Bureau) -> None:
    tamper(bureau.engine, "DELETE FROM night_evidence")
    with bureau.desk() as desk, pytest.raises(LedgerRefused, match="run `stable-jobs night`"):
        disbursement.form(desk)


def test_a_file_of_unknown_content_pays_nobody(bureau: Bureau) -> None:
    tamper(
        bureau.engine,
        "DELETE FROM snapshot_contents USING snapshots WHERE id = snapshot_id AND kind = 'payees'",
        "DELETE FROM night_evidence WHERE subject_id IN (SELECT id FROM snapshots WHERE kind = 'payees')"
        " AND subject = 'snapshot'",
    )
    with bureau.desk() as desk, pytest.raises(StepError, match="before the content of files was registered"):
        disbursement.form(desk)


def published(bureau: Bureau, **more: Any) -> Path:
    with bureau.desk(**more) as desk:
        disbursement.form(desk)
        disbursement.publish(desk)
    return bureau.out / BATCH


def test_manifest_and_application_carry_the_last_event_before_the_batch(bureau: Bureau) -> None:
    folder = published(bureau)
    ((event, before),) = bureau.ask("""
        SELECT i.event_id, a.id || ':' || a.hash FROM (SELECT DISTINCT event_id FROM instructions) i
        JOIN audit_events a ON a.id = i.event_id - 1""")
    assert json.loads((folder / "manifest.json").read_bytes())["anchor"] == before
    with (folder / "disbursement_application.csv").open(encoding="utf-8-sig", newline="") as lines:
        assert {row["账本凭证 Ledger anchor"] for row in csv.DictReader(lines)} == {before}
    assert before.startswith(f"{event - 1}:")
    assert bureau.breaks() == []


def test_who_may_read_what_has_account_numbers(bureau: Bureau, after_night: Bureau) -> None:
    """The night was written with umask 0, the batch is too."""
    before = os.umask(0)
    try:
        folder = published(bureau)
    finally:
        os.umask(before)
    assert mode(folder) == 0o700
    assert {mode(path) for path in folder.iterdir()} == {0o400}
    details = list((after_night.out / f"{D}").glob("*/disbursement_detail.*"))
    assert len(details) > 3
    assert {mode(path) for path in details} == {0o400}
    for kind in ("payees", "staged", "quarantine"):
        assert {mode(path) for path in after_night.files(kind)} == {0o400}
        assert mode(after_night.files(kind)[0].parent) == 0o700
    assert {mode(path) for path in after_night.files("eligibility")} == {0o440}
    assert {mode(path) for path in (after_night.home / "lake/landing").iterdir()} == {0o400}
    assert mode(after_night.home / "lake/landing") == mode(bureau.home / "lake/published") == 0o700
    assert mode(after_night.home / "tmp") == 0o700


def test_a_group_may_be_let_in(bureau: Bureau) -> None:
    folder = published(bureau, payment_group=bureau.home.group())
    assert mode(folder) == 0o750
    assert {mode(path) for path in folder.iterdir()} == {0o440}


def test_a_restored_ledger_publishes_nothing_that_a_folder_holds_already(copied: Copied) -> None:
    """Yesterday's dump beside today's folders: the same units, other bytes, the same end-to-end ids."""
    old, new = copied(), copied()
    folder = published(new)
    restored = Bureau(new.home, old.name, old.postgres)
    assert ("unknown", BATCH) in restored.breaks()
    was = {path.name: path.read_bytes() for path in folder.iterdir()}
    with restored.desk() as desk:
        disbursement.form(desk)
        with pytest.raises(StepError) as error:
            disbursement.publish(desk)
    assert f"{BATCH} holds 248 of its units" in str(error.value)
    assert "leave the folder where it is" in str(error.value)
    assert restored.ask("SELECT count(*) FROM instructions") == [(0,)]
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == was


def _empty(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.mkdir()


@pytest.mark.parametrize(
    ("change_folder", "stops"),
    [
        pytest.param(lambda folder: (folder / "disbursement_detail.csv").unlink(), True, id="cannot be read"),
        pytest.param(lambda folder: folder.rename(folder.with_name(f"{REGION}-20200601-L1-7")), True,
                     id="another batch number"),
        pytest.param(lambda folder: shutil.move(folder, folder.parents[1] / "610100" / folder.name), False,
                     id="of another region"),
        pytest.param(_empty, False, id="empty"),
    ],
)  # fmt: skip
def test_which_unknown_folders_stop_a_batch(copied: Copied, change_folder: Any, stops: bool) -> None:
    old, new = copied(), copied()
    change_folder(published(new))
    restored = Bureau(new.home, old.name, old.postgres)
    with restored.desk() as desk:
        disbursement.form(desk)
        if stops:
            with pytest.raises(StepError, match="the ledger does not know that folder"):
                disbursement.publish(desk)
        else:
            assert len(disbursement.publish(desk).batches) == 1


def test_other_bytes_under_a_published_name_are_left_where_they_are(bureau: Bureau) -> None:
    folder = published(bureau)
    (folder / "bank.csv").chmod(0o600)
    (folder / "bank.csv").write_bytes(b"other")
    with bureau.desk() as desk, pytest.raises(StepError) as error:
        disbursement.publish(desk)
    assert "leave it where it is and send nothing of this folder to the bank" in str(error.value)
    assert "move it away" not in str(error.value)


def test_a_file_changed_in_the_lake_gets_no_published_name(bureau: Bureau) -> None:
    folder = published(bureau)
    ((sha256,),) = bureau.ask("SELECT sha256 FROM published_files WHERE name = 'bank.csv'")
    change(bureau.home / "lake/published" / sha256)
    (folder / "bank.csv").unlink()
    with bureau.desk() as desk, pytest.raises(LakeChanged):
        disbursement.publish(desk)
    assert not (folder / "bank.csv").exists()


@pytest.mark.parametrize(
    ("number", "words", "where"),
    [
        pytest.param(errno.ENOSPC, "no space is left", "disbursement.batch_files.sync", id="out is full"),
        pytest.param(errno.EROFS, "may not be written to", "store.lake._sync_folder", id="a read-only lake"),
        pytest.param(
            errno.EACCES, "may not be written to", "disbursement.batch_files.link", id="out is another's"
        ),
    ],
)
def test_a_store_that_takes_no_more_ends_in_a_sentence_and_goes_on(
    bureau: Bureau, number: int, words: str, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, *_: Any) -> None:
        raise OSError(number, os.strerror(number), str(path))

    monkeypatch.setattr(f"stable_jobs.{where}", full)
    with pytest.raises(StepError) as error:
        published(bureau)
    monkeypatch.undo()
    assert words in str(error.value)
    assert "run the same command again" in str(error.value)
    assert str(bureau.home) in str(error.value)
    assert len(list(published(bureau).iterdir())) == 7
    assert bureau.breaks() == []


def test_the_file_that_a_full_disk_stopped_is_named(bureau: Bureau) -> None:
    (kept, *_) = sorted((bureau.home / "lake/landing").iterdir())
    with pytest.raises(StepError, match=r"^/dev/full: no space is left"), bureau.desk() as desk:
        desk.lake.fetch(f"landing/{kept.name}", Path("/dev/full"))


def test_an_engine_that_finds_no_space_is_told_likewise(bureau: Bureau) -> None:
    with pytest.raises(StepError, match="no space is left"), bureau.desk() as desk:
        desk.duck.execute("COPY (SELECT range FROM range(1000000)) TO '/dev/full' (FORMAT csv)")


def test_each_night_tells_the_ledgers_end(bureau: Bureau, caplog: pytest.LogCaptureFixture) -> None:
    ((anchor,),) = bureau.ask("SELECT id || ':' || hash FROM audit_events ORDER BY id DESC LIMIT 1")
    with bureau.desk() as desk:
        tell_anchor(desk)
    assert f"ledger anchor {anchor}" in caplog.text
