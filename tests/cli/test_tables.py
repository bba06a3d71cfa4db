"""What the night's table says beside its figures: of which night, what is held, where everything lies."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from stable_jobs.cli import tables
from stable_jobs.cli.tables import print_night, print_untaken
from stable_jobs.intake.problems import Slot, problem
from stable_jobs.night.figures import RegionFigures

D = date(2020, 5, 11)
LONG = Path("/srv") / ("a" * 240) / "index.html"
DECISION: Any = object()
OTHER_YEAR = date(2023, 5, 11)


def figures(
    code: str, quarantined: int = 0, held: tuple[str, ...] = (), name: str = "Xi'an"
) -> RegionFigures:
    return RegionFigures(code, 3, 40, Decimal("1234.50"), 2, 1, quarantined, held, "西安市", name)


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """Prints a night with these regions; its quarantine counts are those of the decision."""

    def quarantined_rows(_desk: Any, decision: Any) -> dict[str, int]:
        assert decision is DECISION
        return {"610100": 5}

    def said(*regions: RegionFigures, on: date = D, report: Path | None = LONG) -> list[str]:
        def region_figures(_desk: Any, decision: Any, quarantined: dict[str, int]) -> list[RegionFigures]:
            assert decision is DECISION
            return [figures("610100", quarantined["610100"]), *regions]

        monkeypatch.setattr(tables, "region_figures", region_figures)
        monkeypatch.setattr(tables, "quarantined_rows", quarantined_rows)
        desk: Any = SimpleNamespace(
            business_date=on, known_at=on, settings=SimpleNamespace(out_root=Path("out"))
        )
        print_night(desk, DECISION, report)
        return capsys.readouterr().out.splitlines()

    return said


def test_rows_are_those_of_the_night_that_decided(said: Any) -> None:
    """Not of a validation that came after it: a run is told as it was."""
    [line] = [line for line in said() if line.startswith("610100")]
    assert line.split()[-2:] == ["5", "published"]


def test_what_is_no_delivery_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """Of a name that is none there is no delivery, so no report has a line of it."""
    slot = Slot("tax", "taxpayers", "610100")
    print_untaken([problem(slot, "delivery.name", expected="a name", found="610100.CSV: [b] a name")])
    [line] = capsys.readouterr().out.splitlines()
    assert line.startswith("Untaken  tax/taxpayers 610100: ")
    assert "found 610100.CSV: [b] a name; next: " in line


def test_where_everything_lies_is_one_line_each(said: Any) -> None:
    assert said()[-2:] == ["Lists    out/2020-05-11", f"Report   {LONG}"]


@pytest.mark.parametrize(
    ("on", "is_stated"), [pytest.param(D, True, id="2020"), pytest.param(OTHER_YEAR, False, id="2023")]
)
def test_published_totals_are_of_that_day(said: Any, on: date, is_stated: bool) -> None:
    assert any("calibrated to the totals published" in line for line in said(on=on)) is is_stated


@pytest.mark.parametrize(
    ("extracts", "told"),
    [
        pytest.param(1, "1 × missing_delivery: missing_delivery tax/e0", id="one"),
        pytest.param(
            3,
            "3 × missing_delivery: missing_delivery tax/e0; missing_delivery tax/e1; missing_delivery tax/e2",
            id="as many as are shown",
        ),
        pytest.param(
            5,
            "5 × missing_delivery: missing_delivery tax/e0; missing_delivery tax/e1; missing_delivery tax/e2"
            "; and 2 more, see the report",
            id="more",
        ),
    ],
)
def test_what_is_held_and_why(said: Any, extracts: int, told: str) -> None:
    held = tuple(f"missing_delivery tax/e{n}" for n in range(extracts))
    lines = said(figures("220500", held=held))
    assert f"Held     220500: {told}" in lines
    assert [line.split()[-1] for line in lines if line.startswith("220500")] == ["held"]


def test_a_name_is_text(said: Any) -> None:
    lines = said(figures("220500", name="[red]X[/red]"))
    assert any("[red]X[/red]" in line for line in lines)
