"""One hostile value, file or folder in one region's policy: that region's fault alone, told whole."""
# One case a line reads as a table.
# ruff: noqa: E501

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from stable_jobs import workdays
from stable_jobs.policy import load, parameters
from stable_jobs.policy.catalogue import CATALOGUE
from stable_jobs.policy.load import load_sound
from stable_jobs.policy.parameters import parameter_table, participating_regions, region_faults
from stable_jobs.settings import data_folder
from stable_jobs.strict_yaml import read_regular
from tests.policy.builder import LANZHOU, NANCHANG, XIAN, World, code, decided

ON = date(2020, 5, 11)
OTHERS = (LANZHOU, NANCHANG)
HEAD = 'region: "{}"\nname_zh: 西安市\nname_en: "Xi\'an"\nscheme: {}\nparameters:\n'

REFUSED = (
    "-1", "-99999999999999999999", "99999999999999999999999999", "9" * 5000, "1e400", "-1e400", ".nan", ".inf",
    "1.5", '"-0.5"', '"1e5"', '"99999"', '"١"', '""', '"x\\0y"', '"\\ud800"', '"' + "9" * 9000 + '"',
    "0001-01-01", "9999-12-31", "2020-12-31 10:00:00", "2021-02-30", "{}", "{huge: 1}", "{large: null}",
    "{large: {large: 1}}", "{? {a: 1} : 2}", "[[F1]]", "[null]", "[F1, F1]", "[nonsense]", "nonsense",
    "'６１０１００'", '!!binary "AA=="', "!!python/object:os.system x", '!!int "x"', "&a [*a]", "*nope",
)  # fmt: skip
"""No parameter can have one of these."""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The packaged policies of the nation and three cities."""
    for name in ("000000", XIAN, *OTHERS):
        shutil.copytree(data_folder("policies") / name, tmp_path / "policies" / name)
    return tmp_path / "policies"


def fault_of(root: Path) -> str:
    """What is wrong with Xi'an, by which alone nothing is decided."""
    policies = load_sound(root)
    assert participating_regions(policies, ON) == tuple(sorted(OTHERS))
    assert {row["region_code"] for row in parameter_table(policies, ON)} == set(OTHERS)
    faults = region_faults(policies, ON)
    assert list(faults) == [XIAN]
    return faults[XIAN]


@pytest.mark.parametrize("name", sorted(CATALOGUE))
def test_a_hostile_value_is_its_own_regions_fault(name: str, root: Path) -> None:
    """File, place, expected, found, next step; whatever stands there."""
    parameter = CATALOGUE[name]
    scheme = "common" if len(parameter.schemes) > 1 else parameter.schemes[0]
    file, kept = root / XIAN / f"{scheme}.yaml", HEAD.format(XIAN, scheme)
    for other in (root / XIAN).iterdir():
        other.unlink()
    wrong = []
    for value in REFUSED:
        file.write_text(
            f"{kept}  {name}:\n    unit: {parameter.unit.value}\n    values:\n"
            f"      - {{effective_from: 2020-01-01, value: {value}, reference: 某文}}\n",
            encoding="utf-8",
        )
        said = fault_of(root)
        parts = (": expected ", "; found ", "; next: ")
        if not said.startswith(f"{XIAN}/{scheme}.yaml: ") or any(part not in said for part in parts):
            wrong.append((value, said))
    assert wrong == []


@pytest.mark.parametrize("name", sorted(CATALOGUE))
def test_every_parameter_takes_some_value(name: str) -> None:
    """As its bounds say; a unit without bounds would refuse every value with a KeyError."""
    parameter = CATALOGUE[name]
    if parameter.unit.value in (
        "share",
        "factor",
        "yuan",
        "months",
        "persons",
        "people",
        "working_days",
        "units",
    ):
        low, high = parameter.limits
        assert low < high


def _file(root: Path) -> Path:
    return root / XIAN / "common.yaml"


def _write(content: bytes) -> Callable[[Path], object]:
    return lambda root: _file(root).write_bytes(content)


def _replace(old: str, new: str) -> Callable[[Path], object]:
    def change(root: Path) -> None:
        for file in (root / XIAN).iterdir():
            text = file.read_text(encoding="utf-8")
            file.write_text(text.replace(old, new), encoding="utf-8")

    return change


def _add(text: str) -> Callable[[Path], object]:
    return lambda root: _file(root).write_text(_file(root).read_text("utf-8") + text, encoding="utf-8")


def _instead(make: Callable[[Path], object]) -> Callable[[Path], object]:
    def change(root: Path) -> None:
        _file(root).unlink()
        make(_file(root))

    return change


def _no_folder(root: Path) -> None:
    shutil.rmtree(root / XIAN)
    (root / XIAN).write_text("x")


def _folder_to_nothing(root: Path) -> None:
    shutil.rmtree(root / XIAN)
    (root / XIAN).symlink_to("nowhere")


BOMB = "z0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"z{n + 1}: &a{n + 1} [{', '.join([f'*a{n}'] * 9)}]\n" for n in range(40)
)
REFERENCE = "reference: calibrated to the totals published on 2020-05-11"
FILES = [
    pytest.param(_write(b""), "document: expected", id="empty"),
    pytest.param(_write(b"\0"), "the file: expected YAML", id="a NUL"),
    pytest.param(_write("西安市".encode("gbk")), "byte 0: expected UTF-8", id="GBK"),
    pytest.param(_write("x: 某".encode("utf-16")), "byte 0: expected UTF-8", id="UTF-16"),
    pytest.param(_write(b"[1, 2]"), "document: expected", id="a list"),
    pytest.param(_write(b"#" * 1_000_001), "the file: expected at most 1000000 bytes", id="too long"),
    pytest.param(_add(BOMB), "expected every value written out; found an alias", id="a bomb of aliases"),
    pytest.param(_add('region: "610100"\n'), "written twice: region", id="a key twice"),
    pytest.param(_add("more: 1\n"), "more: expected no such key", id="an unknown key"),
    pytest.param(_add("? {a: b}\n: 1\n"), "expected YAML", id="a mapping as a key"),
    pytest.param(_replace("name_zh: 西安市", 'name_zh: "西\\0安市"'), "name_zh: expected text without control", id="a NUL in a name"),
    pytest.param(
        _replace(REFERENCE, 'reference: "x\\0y"'), "reference: expected text without control", id="a NUL in a text"
    ),
    pytest.param(_replace(REFERENCE, f"reference: {'x' * 5000}"), "at most 4000", id="a text without end"),
    pytest.param(_replace("2020-01-01", "2020-13-01"), "expected YAML", id="a month 13"),
    pytest.param(_instead(Path.mkdir), "the file: expected a regular file; found a folder", id="a folder"),
    pytest.param(
        _instead(lambda path: path.symlink_to("nowhere")),
        "the file: expected a regular file; found a link to nothing",
        id="a link to nothing",
    ),
    pytest.param(_instead(os.mkfifo), "the file: expected a regular file", id="a pipe that never ends"),
    pytest.param(_no_folder, "the folder: expected a folder of policy files", id="a file for its folder"),
    pytest.param(_folder_to_nothing, "the folder: expected a folder of policy files", id="a folder to nothing"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "message"), FILES)
def test_a_hostile_file_is_its_own_regions_fault(
    change: Callable[[Path], object], message: str, root: Path
) -> None:
    change(root)
    said = fault_of(root)
    assert message in said
    assert said.startswith(XIAN)
    assert "; next: " in said


@pytest.mark.parametrize(
    ("place", "what"),
    [("listdir", "the folder: expected a readable"), ("read", "the file: expected a readable")],
)
def test_what_may_not_be_read_is_its_own_regions_fault(
    place: str, what: str, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refusing(real: Callable[..., object]) -> Callable[..., object]:
        def instead(path: Path, *more: object) -> object:
            if Path(path).name == XIAN or Path(path).parent.name == XIAN:
                raise PermissionError(13, "Permission denied", str(path))
            return real(path, *more)

        return instead

    if place == "listdir":
        monkeypatch.setattr(os, "listdir", refusing(os.listdir))
    else:
        monkeypatch.setattr(load, "read_regular", refusing(read_regular))
    assert f"{what}" in fault_of(root)
    assert "Permission denied" in fault_of(root)


@pytest.mark.parametrize("name", [b"\xff\xfe", "６１０１００".encode(), b".git", b"610100.bak", b"61010"])
def test_a_folder_that_is_no_region_stops_nobody(name: bytes, root: Path) -> None:
    """A name that is no UTF-8, digits that are none, what an editor or a tool leaves."""
    other = Path(os.fsdecode(os.fsencode(root) + b"/" + name))
    shutil.copytree(root / XIAN, other)
    (other / os.fsdecode(b"\xff.yaml")).write_text("x")
    assert set(participating_regions(load_sound(root), ON)) == {XIAN, *OTHERS}


def test_a_notice_that_the_calendar_does_not_reach_is_its_own_regions_fault(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """60 working days from there end where no package knows the holidays yet; 5 do not."""
    known = workdays.is_working_day

    def is_working_day(day: date) -> bool:
        return known(day if day < date(2020, 7, 1) else date(2999, 1, 1))

    _replace("value: 5\n", "value: 60\n")(root)
    monkeypatch.setattr(workdays, "is_working_day", is_working_day)
    parameters._last_day.cache_clear()
    assert "holidays of 2999" in fault_of(root)
    parameters._last_day.cache_clear()


def test_the_others_are_decided_as_ever(root: Path, tmp_path: Path) -> None:
    world = World(slots=(XIAN, *OTHERS))
    for place, region in enumerate((XIAN, *OTHERS), start=1):
        world.region(region)
        world.unit(code(place), region)
    for folder in ("before", "after"):
        (tmp_path / folder).mkdir()
    before = decided(world, tmp_path / "before", load_sound(root))
    (root / XIAN / "general.yaml").write_text(HEAD.format(XIAN, "general") + BOMB, encoding="utf-8")
    after = decided(world, tmp_path / "after", load_sound(root))
    mine = {row["region_code"] for row in before["eligibility"]}
    assert mine == {XIAN, *OTHERS}
    assert after["eligibility"] == [row for row in before["eligibility"] if row["region_code"] != XIAN]
    assert [(row["region_code"], row["reason"]) for row in after["held"]] == [(XIAN, "bad_parameters")]
