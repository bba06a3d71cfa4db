"""An answer is its sender's: by its folder, its profile's batches, its message and its signature."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sqlalchemy import Engine

from stable_jobs.bank.banks import load_banks
from stable_jobs.errors import PolicyError
from stable_jobs.settings import Settings, data_folder
from tests.bank.answers.messages import lines, payment, reason
from tests.disbursement.bank_desk import BankDesk, answered, bank_desk, id_of, said, told

OTHER = "230200"
SENDER = ("refused", "answer.other_sender")


def profile(region: str, more: str = "") -> str:
    demo = (data_folder("banks") / "000000.yaml").read_text(encoding="utf-8")
    return demo.replace('region: "000000"', f'region: "{region}"') + more


@pytest.fixture
def banks(tmp_path: Path) -> Path:
    """The nation's profile, and one of 610100's own."""
    folder = tmp_path / "banks"
    folder.mkdir()
    for region in ("000000", "610100"):
        (folder / f"{region}.yaml").write_text(profile(region), encoding="utf-8")
    return folder


@pytest.fixture
def bank(engine: Engine, settings_with_database: Settings, banks: Path) -> BankDesk:
    """A batch of two lines in 610100 and one of two in 230200, whose bank is the nation's."""
    bank = bank_desk(engine, settings_with_database.model_copy(update={"banks": banks}))
    bank.instruct(2)
    bank.instruct(2, region=OTHER)
    return bank


def leave(bank: BankDesk, name: str, content: str) -> Path:
    (bank.answers / name).parent.mkdir(exist_ok=True)
    return bank.leave(name, content)


def elsewhere(place: int) -> str:
    return told(place).replace(id_of(place), id_of(place, region=OTHER))


MESSAGE_THERE = f"{OTHER}-20200519-L0-1-001"
THERE = answered(payment(said(0, end_to_end_id=id_of(0, region=OTHER))), message_id=MESSAGE_THERE)
REJECTED_THERE = answered(status="RJCT", reasons=reason("<Cd>AC04</Cd>"), message_id=MESSAGE_THERE)


@pytest.mark.parametrize(
    ("name", "content", "found"),
    [
        pytest.param("610100/a.csv", lines(told(0)), [("applied", None)], id="its own folder"),
        pytest.param("000000/a.csv", lines(elsewhere(0)), [("applied", None)], id="the nation's own folder"),
        pytest.param("610100/a.csv", lines(elsewhere(0)), [SENDER], id="another bank's line"),
        pytest.param("000000/a.csv", lines(told(0)), [SENDER], id="a region's line in the nation's folder"),
        pytest.param(
            "610100-a.csv", lines(told(0), elsewhere(0)), [("applied", None), SENDER], id="lines of two"
        ),
        pytest.param("610100-a.xml", THERE, [SENDER], id="another bank's message by its name"),
        pytest.param("610100/a.xml", REJECTED_THERE, [SENDER, SENDER], id="a whole message of another bank"),
        pytest.param("a.xml", THERE, [("applied", None)], id="by the message that it answers"),
        pytest.param(
            "a.xml",
            answered(payment(said(0))),
            [("applied", None)],
            id="by the message of a region's own bank",
        ),
        pytest.param("a.csv", lines(told(0)), [SENDER], id="no sender at all, and not the nation's line"),
    ],
)
def test_who_sends_it_answers_its_own_lines_only(bank: BankDesk, name: str, content: str, found: Any) -> None:
    leave(bank, name, content)

    bank.take()

    asked = bank.books.ask("SELECT standing, rule FROM bank_answer_rows ORDER BY row_no")
    assert asked == found
    assert bank.books.breaks() == []


def test_a_folder_of_no_profile_is_told_and_not_read(bank: BankDesk) -> None:
    leave(bank, "999999/a.csv", lines(told(0)))

    (taken,) = bank.take()

    assert (taken.file_name, taken.sha256) == ("999999", None)


def test_where_a_bank_has_its_folder_the_common_one_does_not_count(bank: BankDesk, banks: Path) -> None:
    (banks / "610100.yaml").write_text(profile("610100", "  own_folder: true\n"), encoding="utf-8")
    bank.leave("610100-a.csv", lines(told(0)))
    bank.leave("b.xml", answered(payment(said(0))))
    leave(bank, "610100/c.csv", lines(told(1)))

    found = {taken.file_name: taken.problem for taken in bank.take()}

    assert found["610100/c.csv"] is None
    assert "own folder 610100/" in (found["610100-a.csv"] or "")
    assert "own folder 610100/" in (found["b.xml"] or "")
    assert bank.books.ask("SELECT file_name FROM bank_answers") == [("610100/c.csv",)]


KEYS: dict[str, Any] = {
    "RSA": rsa.generate_private_key(65537, 2048),
    "ECDSA": ec.generate_private_key(ec.SECP256R1()),
    "Ed25519": ed25519.Ed25519PrivateKey.generate(),
}


def signed(kind: str, content: bytes) -> bytes:
    key = KEYS[kind]
    if kind == "RSA":
        return bytes(key.sign(content, padding.PKCS1v15(), hashes.SHA256()))
    return bytes(key.sign(content, ec.ECDSA(hashes.SHA256())) if kind == "ECDSA" else key.sign(content))


def with_key(banks: Path, kind: str) -> None:
    pem = KEYS[kind].public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    block = "".join(f"      {line}\n" for line in pem.splitlines())
    more = f"  signature:\n    public_key: |\n{block}"
    (banks / "610100.yaml").write_text(profile("610100", more), encoding="utf-8")


@pytest.mark.parametrize("is_text", [False, True], ids=["plain", "base64"])
@pytest.mark.parametrize("kind", KEYS)
def test_a_signed_answer_counts(bank: BankDesk, banks: Path, kind: str, is_text: bool) -> None:
    with_key(banks, kind)
    path = leave(bank, "610100/a.csv", lines(told(0)))
    signature = signed(kind, path.read_bytes())
    path.with_name("a.csv.sig").write_bytes(base64.encodebytes(signature) if is_text else signature)

    (taken,) = bank.take()

    assert (taken.problem, taken.counts.applied) == (None, 1)
    assert bank.take() == []


@pytest.mark.parametrize(
    ("signature", "told_as"),
    [
        pytest.param(None, "found none", id="none"),
        pytest.param(b"", "another one", id="an empty one"),
        pytest.param(b"x" * 64, "another one", id="bytes of nobody"),
        pytest.param(signed("ECDSA", b"other bytes"), "another one", id="the bank's for another file"),
        pytest.param(signed("Ed25519", b""), "another one", id="another key's"),
    ],
)
@pytest.mark.parametrize("name", ["610100/a.csv", "610100-a.csv", "a.xml"])
def test_an_answer_that_is_not_signed_is_never_read(
    bank: BankDesk, banks: Path, name: str, signature: bytes | None, told_as: str
) -> None:
    with_key(banks, "ECDSA")
    content = answered(payment(said(0))) if name.endswith(".xml") else lines(told(0))
    path = leave(bank, name, content)
    if signature is not None:
        path.with_name(path.name + ".sig").write_bytes(signature)

    (taken,) = bank.take()

    assert taken.sha256 is None
    assert told_as in (taken.problem or "")
    assert bank.books.ask("SELECT * FROM bank_answers") == []
    path.with_name(path.name + ".sig").write_bytes(signed("ECDSA", path.read_bytes()))
    assert [one.counts.applied for one in bank.take()] == [1]


@pytest.mark.parametrize("key", ["nothing", "-----BEGIN PUBLIC KEY-----"], ids=["a word", "a beginning"])
def test_a_key_that_is_none_is_told_when_the_profile_is_read(banks: Path, key: str) -> None:
    (banks / "610100.yaml").write_text(
        profile("610100", f"  signature:\n    public_key: {key!r}\n"), encoding="utf-8"
    )

    with pytest.raises(PolicyError, match="a public key in PEM"):
        load_banks(banks)


@pytest.mark.parametrize("fault", ["", "region: [", profile("230200")], ids=["empty", "no YAML", "another's"])
def test_a_profile_with_a_fault_leaves_its_own_banks_answers_only(
    bank: BankDesk, banks: Path, fault: str
) -> None:
    sound = (banks / "610100.yaml").read_text(encoding="utf-8")
    (banks / "610100.yaml").write_text(fault, encoding="utf-8")
    leave(bank, "610100/a.csv", lines(told(0)))
    leave(bank, "b.csv", lines(elsewhere(0), told(1)))

    waits, nations = bank.take()

    assert (waits.sha256, nations.counts.applied, nations.counts.refused) == (None, 1, 1)
    assert "610100.yaml" in (waits.problem or "")
    (banks / "610100.yaml").write_text(sound, encoding="utf-8")
    assert [one.counts.applied for one in bank.take()] == [1]
