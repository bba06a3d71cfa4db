"""The bytes of a bank's XML: a declaration is found wherever pieces are cut, and what was read is freed."""

from __future__ import annotations

from io import BytesIO

import pytest
from lxml import etree

from stable_jobs.bank.answers.model import AnswerRefused
from stable_jobs.bank.answers.pain002 import _drop
from stable_jobs.bank.answers.xml_source import Source


def read_all(content: bytes, size: int) -> bytes:
    source = Source(BytesIO(content))
    return b"".join(iter(lambda: source.read(size), b""))


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8, 9, 10, 64])
@pytest.mark.parametrize("declaration", [b"<!DOCTYPE d>", b"<!ENTITY x 'y'>"])
def test_a_declaration_is_found_however_it_is_cut(declaration: bytes, size: int) -> None:
    with pytest.raises(AnswerRefused) as caught:
        read_all(b"<?xml version='1.0'?>" + b" " * 50 + declaration, size)

    assert caught.value.problem.rule == "answer.doctype"


@pytest.mark.parametrize("size", [1, 9, 64])
def test_other_bytes_pass_unchanged(size: int) -> None:
    content = b"<!-- DOCTYPE --><a><![CDATA[<!]]>ENTITY</a>" * 3

    assert read_all(content, size) == content


def test_what_was_read_is_freed() -> None:
    root = etree.fromstring("<a><b>1</b>x<c/><d><e/>2</d>y<f/></a>")

    _drop(root[2])

    assert etree.tostring(root) == b"<a><d/><f/></a>"
