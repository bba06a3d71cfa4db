"""Other people's text in our files: control characters visible, formulas inert, codes masked.

Each function makes an SQL expression of one. A name that begins like a formula would run in the officer's
spreadsheet; a right-to-left mark would reorder the line; a line break would make two rows of one.
"""

from __future__ import annotations

from stable_jobs.names import HIDDEN

SIGNS = r"=+\-@＝＋－＠﹦﹢﹣﹫"
FORMULA = rf"^(?:⟨U\+[0-9A-F]+⟩|['\s\p{{Z}}\x{{2800}}\x{{3164}}])*[{SIGNS}]|^'*⟨U\+(?:0009|000D)⟩"
"""Begins with a formula's sign, also after blanks or characters made visible, or with a tab or a return."""

CELL = 32_767
"""Characters (UTF-16 units) that a spreadsheet cell holds."""
KEPT = 16_000
"""Characters kept of a longer text: at most 32,000 units."""


def visible(sql: str) -> str:
    """The text with every control or format character as `⟨U+202E⟩`, as on the report's pages."""
    character = (
        f"CASE WHEN regexp_matches(c, '[{HIDDEN}]') THEN format('⟨U+{{:04X}}⟩', unicode(c)) ELSE c END"
    )
    written = f"array_to_string(list_transform(string_split({sql}, ''), lambda c: {character}), '')"
    return f"CASE WHEN regexp_matches({sql}, '[{HIDDEN}]') THEN {written} ELSE {sql} END"


def inert(sql: str) -> str:
    """Text that is visible already, with an apostrophe before what a spreadsheet would take for a formula.

    Text that has apostrophes before the sign gets one more, so taking one away gives the text as it was.
    '' becomes NULL: an empty cell has one spelling.
    """
    pattern = FORMULA.replace("'", "''")
    return f"CASE WHEN regexp_matches({sql}, '{pattern}') THEN '''' || {sql} ELSE nullif({sql}, '') END"


def cell(sql: str) -> str:
    """Visible, and cut with a mark where a spreadsheet's cell could not hold it."""
    units = f"length({sql}) + length(regexp_replace({sql}, '[^\\x{{10000}}-\\x{{10FFFF}}]', '', 'g'))"
    cut = f"left({sql}, {KEPT}) || '…〔截断 cut〕'"
    return visible(f"(CASE WHEN strlen({sql}) > {CELL} AND {units} > {CELL} THEN {cut} ELSE {sql} END)")


def masked(sql: str) -> str:
    """An identifier of which only the last four characters are shown, and those only of eight or more."""
    return (
        f"CASE WHEN length({sql}) >= 8 THEN repeat('*', length({sql}) - 4) || right({sql}, 4) ELSE '****' END"
    )
