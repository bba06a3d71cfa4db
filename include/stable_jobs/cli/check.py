"""`stable-jobs check`: a department looks at its own file before it sends it."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stable_jobs.cli.options import read_date
from stable_jobs.errors import ContractError, Problem, UsageError
from stable_jobs.regions import NATION, is_known
from stable_jobs.settings import read_settings

if TYPE_CHECKING:
    from rich.table import Table

    from stable_jobs.contracts.model import Contract
    from stable_jobs.night.check import Broken, Checked, HeldPart

Trouble = tuple[str, Sequence[tuple[str, str]]]
"""The rule that was broken, then lines of a label (of `words.CHECK`) and a text."""

WIDTH = 120
"""Where the output is no terminal."""


class Language(StrEnum):
    """The language of the output."""

    zh = "zh"
    en = "en"


def check(
    files: Annotated[list[Path], typer.Argument(metavar="FILE", help="The files, CSV or XLSX.")],
    department: Annotated[
        str, typer.Option(help="The sending department: labor, tax, finance, development, economy.")
    ],
    extract: Annotated[str, typer.Option(help="The extract, such as taxpayers.")],
    region: Annotated[
        str, typer.Option(help="The file's region: six digits (GB/T 2260), 000000 for all regions.")
    ],
    date_: Annotated[
        str | None, typer.Option("--date", help="Business date, YYYY-MM-DD; without it today.")
    ] = None,
    manifest: Annotated[
        Path | None, typer.Option(help="The manifest of one FILE; without it <same name>.manifest.json.")
    ] = None,
    lang: Annotated[Language, typer.Option(help="Language of the answer.")] = Language.zh,
) -> None:
    """Check files before they are sent, as the night would, without a database.

    Prints the result for each file: rows received, accepted and quarantined, every rule that was
    broken with its first rows (accounts and names masked), what was expected and found, and the next step.
    Row 1 is the first row below the header.

    Exit 0: every file would be accepted whole. 1: a file or row would be refused, held or quarantined. 2:
    nothing was checked, since a file, extract, region or date does not exist or cannot be read.
    """
    on = _day(date_)
    contract = _contract(department, extract, on)
    _require_region(region)
    _require_files(files, manifest)
    found = [_checked(contract, file, region, on, manifest) for file in files]
    _print(found, lang.value)
    if any(one.verdict != "accepted" for one in found):
        raise typer.Exit(1)


def _checked(contract: Contract, file: Path, region: str, on: date, manifest: Path | None) -> Checked:
    from stable_jobs.night.check import check_file, manifest_beside

    try:
        return check_file(read_settings(), contract, file, region, on, manifest or manifest_beside(file))
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise UsageError(f"{error.filename or file} cannot be read: {why}; make it readable") from None


def _day(text: str | None) -> date:
    from stable_jobs import settings

    return settings.now().date() if text is None else read_date(text)


def _contract(department: str, extract: str, on: date) -> Contract:
    from stable_jobs.contracts.load import contracts_as_of

    try:
        contracts = contracts_as_of(read_settings().contracts_root, on)
    except ContractError as error:
        raise UsageError(str(error)) from None
    departments = sorted({contract.department for contract in contracts.values()})
    if department not in departments:
        raise UsageError(f"--department {department!r} is none; expected one of {', '.join(departments)}")
    mine = [name for name, contract in contracts.items() if contract.department == department]
    if extract not in mine:
        raise UsageError(
            f"--extract {extract!r} is none of {department} on {on}; expected one of {', '.join(mine)}"
        )
    return contracts[extract]


def _require_region(region: str) -> None:
    if region != NATION and not is_known(region):
        raise UsageError(
            f"--region {region!r} is no region; expected six digits of GB/T 2260 such as 610100, or {NATION}"
            " for a file for all regions"
        )


def _require_files(files: Sequence[Path], manifest: Path | None) -> None:
    if manifest is not None and len(files) > 1:
        raise UsageError("--manifest belongs to one FILE; for several put each manifest beside its file")
    for file in (*files, *(one for one in (manifest,) if one is not None)):
        if not file.is_file():
            what = "no plain file" if file.exists() else "not there"
            raise UsageError(f"{file} is {what}; expected the path of a CSV or XLSX file or its manifest")


def _print(found: Sequence[Checked], lang: str) -> None:
    from rich.console import Console

    out = Console(highlight=False, markup=False, width=None if sys.stdout.isatty() else WIDTH)
    for one in found:
        out.print(*_head(one, lang), sep="\n", soft_wrap=True)
        for title, lines in _troubles(one, lang):
            out.print("", title, sep="\n", soft_wrap=True)
            out.print(_grid(lines, lang))
        if one.manifest is None:
            out.print("", _word("no_manifest", lang), sep="\n", soft_wrap=True)
        out.print()
    out.print(_word("left_out", lang), soft_wrap=True)


def _head(one: Checked, lang: str) -> list[str]:
    from stable_jobs.rendering.text import visible

    contract = one.contract
    title = contract.title_zh if lang == "zh" else contract.title_en
    place = f"{contract.department}/{contract.extract} {title} {one.region_code} {one.business_date}"
    lines = [f"{visible(one.file)}  {place}", _word(one.verdict, lang)]
    if one.received is not None:
        names = ("received", "accepted", "quarantined")
        lines.append(_word("rows", lang) % {name: f"{getattr(one, name):,}" for name in names})
    return lines


def _troubles(one: Checked, lang: str) -> Iterator[Trouble]:
    """The faults of the whole file, then those of rows."""
    if one.refusal is not None:
        yield _refusal(one.refusal, lang)
    for hold in one.held_parts:
        yield _hold(hold, lang)
    for broken in one.broken:
        yield _broken(broken, lang)


def _grid(lines: Sequence[tuple[str, str]], lang: str) -> Table:
    from rich.table import Table

    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column()
    grid.add_column(overflow="fold")
    for name, text in lines:
        grid.add_row(f"  {_word(name, lang)}", text)
    return grid


def _refusal(problem: Problem, lang: str) -> Trouble:
    from stable_jobs.messages.refusals import expected_of, found_of
    from stable_jobs.rendering.text import visible

    where = [_word("where", lang) % {"row": f"{problem.row:,}"}] if problem.row is not None else []
    where += [_word("column", lang) % {"column": problem.column}] if problem.column is not None else []
    what, step = (
        (problem.what_zh, problem.next_step_zh) if lang == "zh" else (problem.what_en, problem.next_step_en)
    )
    expected = visible(expected_of(problem.expected).of(lang))
    found = visible(found_of(problem.rule, problem.found).of(lang))
    lines = (("what", what), ("expected", expected), ("found", found), ("next", step))
    return "  ".join([problem.rule, *map(visible, where)]), lines


def _hold(hold: HeldPart, lang: str) -> Trouble:
    what, step = _sentences(hold.rule, lang)
    expected = "" if hold.expected is None else hold.expected.of(lang)
    found = hold.found.of(lang)
    lines = (("what", what), ("expected", expected), ("found", found), ("next", step))
    return f"{hold.rule.id}  {hold.region_code}", lines


def _broken(broken: Broken, lang: str) -> Trouble:
    from stable_jobs.messages import words_of

    what, step = _sentences(broken.rule, lang)
    severity = words_of("severity", broken.rule.severity.value).of(lang)
    shown = [_row(sample, lang) for sample in broken.samples]
    more = broken.failed - len(shown)
    shown += [_word("more", lang) % {"more": f"{more:,}"}] if more else []
    return f"{broken.rule.id}  {severity}  {_word('count', lang)} {broken.failed:,}", (
        ("what", what),
        ("found", "\n".join(shown)),
        ("next", step),
    )


def _row(sample: Any, lang: str) -> str:
    from stable_jobs.rendering.text import visible

    values = ", ".join(
        f"{value['header']}={'' if value['text'] is None else visible(value['text'])}"
        for value in sample["values"]
    )
    return f"{_word('where', lang) % {'row': format(sample['row_no'], ',')}}: {values}"


def _sentences(rule: Any, lang: str) -> tuple[str, str]:
    if lang == "zh":
        return rule.sentence_zh, rule.next_step_zh
    return rule.sentence_en, rule.next_step_en


def _word(code: str, lang: str) -> str:
    from stable_jobs.messages import words_of

    return words_of("check", code).of(lang)
