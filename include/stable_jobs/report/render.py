"""The report's files: an overview, a page per department, each in both languages, and the JSON."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import count

from stable_jobs.contracts.model import DEPARTMENTS
from stable_jobs.rendering.environment import LANGUAGES, numbered, page_name, render
from stable_jobs.report.data import NightReport, report_json
from stable_jobs.report.parts import totals

MACHINE_FILE = "validation.json"
PAGES = ("index", "comparison", *DEPARTMENTS)


def render_report(report: NightReport, edition: int = 1) -> dict[str, bytes]:
    """File name → bytes: `index.html`, `comparison.html`, `<department>.html`, each also as `….en.html`, and
    `validation.json`.

    Deterministic: equal reports give equal bytes. Pages hold no script and name no host. They link to each
    other by name, so that another edition is a whole set of files: `index.2.html`, `index.en.2.html`, …
    """
    pages = {
        page_name(page, language, edition): render(template, language, **context)
        for language in LANGUAGES
        for page, template, context in _pages(report, edition)
    }
    return {**pages, numbered(MACHINE_FILE, edition): report_json(report)}


def render_edition(report: NightReport, published: Callable[[str], bytes | None]) -> dict[str, bytes]:
    """The files of the newest edition if it says the same, else of the next, as nothing is overwritten.

    published: the bytes of a file that was published under that name, None if there is none. An edition of
    which only a part was published is completed if that part is the same.
    """
    for edition in count(1):
        files = render_report(report, edition)
        is_newest = not any(published(name) is not None for name in file_names(edition + 1))
        if is_newest and _is_open(files, published):
            return files
    raise AssertionError("count() never ends")


def file_names(edition: int = 1) -> tuple[str, ...]:
    """The names of all files of one edition."""
    named = [page_name(page, language, edition) for language in LANGUAGES for page in PAGES]
    return (*named, numbered(MACHINE_FILE, edition))


def _is_open(files: Mapping[str, bytes], published: Callable[[str], bytes | None]) -> bool:
    return all(published(name) in (None, content) for name, content in files.items())


def _pages(report: NightReport, edition: int) -> list[tuple[str, str, dict[str, object]]]:
    common = {
        "report": report,
        "departments": DEPARTMENTS,
        "edition": edition,
        "machine_file": numbered(MACHINE_FILE, edition),
    }
    index = ("index", "index.html", {**common, "page": "index", **overview_facts(report)})
    comparison = ("comparison", "comparison.html", {**common, "page": "comparison"})
    return [
        index,
        comparison,
        *((d, "department.html", {**common, **department_facts(report, d)}) for d in DEPARTMENTS),
    ]


def overview_facts(report: NightReport) -> dict[str, object]:
    """The values that `overview.html` shows beside the report itself."""
    total = totals(balance for _, balance in report.balances)
    return {
        "received": sum(extract.received for extract in report.extracts),
        "quarantined": sum(extract.quarantined for extract in report.extracts),
        "total": total,
        "stages": total.stages if total else (),
    }


def department_facts(report: NightReport, department: str) -> dict[str, object]:
    """The values that `department_parts.html` shows, and the page it is on."""
    return {
        "page": department,
        "extracts": report.of_department(department),
        "owed": report.owed_by(department),
    }
