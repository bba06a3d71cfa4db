"""Decoding piece by piece: the same text wherever a piece ends."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from stable_jobs.errors import DeliveryRefused
from stable_jobs.intake import decoding
from stable_jobs.intake.problems import Slot
from tests.intake.conftest import CONTRACT, HEADERS, REGION, lines, row

SLOT = Slot("tax", "payments", REGION)
TEXT = lines(row(unit_name="西安㐀𠀀🏭"), row(), end="\r\n")


@pytest.mark.parametrize("piece", [1, 2, 3, 5, 7, 64])
@pytest.mark.parametrize("encoding", ["gb18030", "utf-8", "utf-8-sig"])
def test_a_character_cut_by_a_piece_is_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, encoding: str, piece: int
) -> None:
    monkeypatch.setattr(decoding, "PIECE_BYTES", piece)
    source = tmp_path / "sent"
    source.write_bytes(TEXT.encode(encoding))

    text = decoding.decode(SLOT, replace(CONTRACT, encoding=encoding), source, tmp_path / "text")

    assert text.headers == HEADERS
    assert text.path.read_bytes().decode("utf-8-sig") == TEXT
    assert (text.path == source) == (encoding != "gb18030")


@pytest.mark.parametrize("piece", [1, 3, 64, 10_000])
def test_the_place_of_a_bad_byte_does_not_depend_on_pieces(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, piece: int
) -> None:
    monkeypatch.setattr(decoding, "PIECE_BYTES", piece)
    good = TEXT.encode("gb18030")
    source = tmp_path / "sent"
    source.write_bytes(good + b"\xce\x20\n")

    with pytest.raises(DeliveryRefused) as caught:
        decoding.decode(SLOT, CONTRACT, source, tmp_path / "text")

    assert caught.value.problem.found == f"byte 0xCE at offset {len(good)}, line 4"
    assert caught.value.problem.row == 3


@pytest.mark.parametrize(
    "start", [b"", "备注,其他\n".encode("gb18030"), b"a;b\n1;2\n"], ids=["zeros", "other columns", "text"]
)
def test_a_file_of_other_columns_is_refused_before_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, start: bytes
) -> None:
    """As large as its contract allows, it would be written a second time to be refused then."""
    source = tmp_path / "sent"
    source.write_bytes(start)
    os.truncate(source, 1 << 30)
    read: list[Path] = []
    monkeypatch.setattr(decoding, "_transcode", lambda *_: read.append(source))

    with pytest.raises(DeliveryRefused) as caught:
        decoding.decode(SLOT, CONTRACT, source, tmp_path / "text")

    assert caught.value.problem.rule == "delivery.header.missing"
    assert read == []
