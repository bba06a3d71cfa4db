"""Administrative division codes."""

from __future__ import annotations

import pytest

from stable_jobs.regions import is_known, known_codes, upward


@pytest.mark.parametrize(
    ("code", "levels"),
    [
        pytest.param("610124", ("610124", "610100", "610000", "000000"), id="county"),
        pytest.param("610100", ("610100", "610000", "000000"), id="city"),
        pytest.param("610000", ("610000", "000000"), id="province"),
        pytest.param("000000", ("000000",), id="nation"),
    ],
)
def test_upward(code: str, levels: tuple[str, ...]) -> None:
    assert upward(code) == levels


@pytest.mark.parametrize(
    ("code", "known"),
    [
        pytest.param("220400", True, id="Liaoyuan"),
        pytest.param("360100", True, id="Nanchang"),
        pytest.param("620100", True, id="Lanzhou"),
        pytest.param("230200", True, id="Qiqihar"),
        pytest.param("610100", True, id="Xi'an"),
        pytest.param("360430", True, id="Pengze, a county"),
        pytest.param("220500", True, id="Tonghua"),
        pytest.param("610122", True, id="Lantian, a county"),
        pytest.param("610124", True, id="Zhouzhi, a county"),
        pytest.param("610000", True, id="a province"),
        pytest.param("110000", True, id="a municipality"),
        pytest.param("110100", True, id="the districts of a municipality together"),
        pytest.param("320613", True, id="founded after 2019"),
        pytest.param("330103", True, id="abolished in 2021"),
        pytest.param("371200", True, id="abolished in 2018"),
        pytest.param("659012", True, id="a county-level city under a region"),
        pytest.param("000000", False, id="the nation is no division"),
        pytest.param("999999", False, id="no such province"),
        pytest.param("610199", False, id="no such county"),
        pytest.param("61012", False, id="five digits"),
        pytest.param("６10100", False, id="full-width digit"),
        pytest.param("", False, id="empty"),
    ],
)
def test_is_known(code: str, known: bool) -> None:
    assert is_known(code) is known


def test_codes_are_six_digits_and_about_as_many_as_there_are() -> None:
    codes = known_codes()
    assert all(len(code) == 6 and code.isascii() and code.isdigit() for code in codes)
    assert 3_900 < len(codes) < 4_500
    assert len({code[:2] for code in codes}) == 34
