"""What the documents name exists: links, files, commands of the README, names of the glossary."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "dags").glob("*.md")])
GLOSSARY = (ROOT / "docs/reference/glossary.md").read_text(encoding="utf-8")
LINK = re.compile(r"\]\(([^)\s]+)\)")
FENCED = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)
SOURCES = ("include/**/*.py", "include/**/*.sql", "include/**/*.yaml", "dags/*.py", "plugins/*.py")


def headings(page: Path) -> set[str]:
    """The anchors of a page, as GitHub and the site make them."""
    titles = re.findall(r"^#+ (.+)$", FENCED.sub("", page.read_text(encoding="utf-8")), re.MULTILINE)
    plain = [re.sub(r"[^\w\- ]", "", title.lower()) for title in titles]
    return {title.replace(" ", "-") for title in plain}


@pytest.mark.parametrize("page", PAGES, ids=[path.relative_to(ROOT).as_posix() for path in PAGES])
def test_a_link_leads_to_a_file_and_a_heading_that_exist(page: Path) -> None:
    broken = []
    for link in LINK.findall(FENCED.sub("", page.read_text(encoding="utf-8"))):
        if link.startswith(("http:", "https:", "mailto:")):
            continue
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        if not target.exists() or (anchor and anchor not in headings(target)):
            broken.append(link)

    assert broken == []


def terms() -> list[tuple[str, str, str]]:
    """Chinese term, English term and name in code of each line of the glossary's tables of terms."""
    tables = GLOSSARY.partition("\n## Words that have several meanings")[0]
    lines = [line.strip("| ").split(" | ") for line in tables.splitlines() if line.startswith("| ")]
    return [(zh, en, name) for zh, en, name, _ in lines if zh not in ("中文", "---")]


def test_every_name_of_the_glossary_is_in_the_code() -> None:
    files = [path for pattern in SOURCES for path in ROOT.glob(pattern)]
    words = {word for path in files for word in re.findall(r"\w+", path.read_text(encoding="utf-8"))}
    named = [name for _, _, column in terms() for name in re.findall(r"`([^`…]+)", column)]

    assert len(named) > 100
    assert [name for name in named if not is_in_code(name, words)] == []


def is_in_code(name: str, words: set[str]) -> bool:
    """Whether each part of a dotted name is a word of the code; of `meets_`, whether a word begins so."""
    if name.endswith("_"):
        return any(word.startswith(name) for word in words)
    return set(re.findall(r"\w+", name)) <= words


def test_a_term_stands_in_the_glossary_once() -> None:
    english = Counter(en for _, en, _ in terms())

    assert [term for term, times in english.items() if times > 1] == []


COMMAND = re.compile(r"^```\n(.*?)^```$", re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize(
    "name", ["README", "docs/tour", "docs/how-to/check-a-file", "docs/how-to/run-on-spark"]
)
def test_both_languages_give_the_same_commands(name: str) -> None:
    english, chinese = (
        COMMAND.findall((ROOT / f"{name}{tag}.md").read_text(encoding="utf-8")) for tag in ("", ".zh-CN")
    )

    assert commands_in(english) == commands_in(chinese) != []


def commands_in(blocks: list[str]) -> list[str]:
    """The lines that a reader types, without what stands for their own value and the language asked for."""
    typed = [line for block in blocks for line in block.splitlines()]
    typed = [
        line for line in typed if re.match(r"make|(STABLE_JOBS_HOME=\S+ )?\S*(stable-jobs|python\S*) ", line)
    ]
    return [line.removesuffix(" --lang en").replace("统一社会信用代码", "USCC") for line in typed]


FROM_ELSEWHERE = re.compile(
    r"""<(?:script|link|img|iframe|source)\b[^>]*(?:src|href)=["']?(?:https?:)?//[^>]*>"""
)


def test_the_site_is_built_without_a_warning_and_loads_nothing_from_elsewhere(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(tmp_path)]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    pages = sorted(tmp_path.rglob("*.html"))
    assert len(pages) > 40
    found = {page.name: FROM_ELSEWHERE.findall(page.read_text(encoding="utf-8")) for page in pages}
    assert {name: tags for name, tags in found.items() if tags} == {}
