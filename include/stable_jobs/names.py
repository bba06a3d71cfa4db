"""Names of enterprises: when two are the same, and which characters no bank can read.

Domain, section 3: names are compared after NFKC and without blanks. A few characters had private code points
before Unicode took them in; they are compared as what they are now. Names are kept and sent as they came. SQL
is for DuckDB and has no braces, percent signs or colons; `name_key` of the database says the same.
"""

from __future__ import annotations

import re
import unicodedata

_MOVED = {
    0xE5E5: "　",  # 0xA3A0, which programs write for an ideographic blank
    0xE76C: "€",
    0xE78D: "︐︒︑︓︔︕︖︗︘︙",
    0xE7C7: "ḿǹ",
    0xE7E7: "〾⿰⿱⿲⿳⿴⿵⿶⿷⿸⿹⿺⿻",
    0xE815: "⺁𠂇𠂉𠃌⺄㑳㑇⺈⺋龴㖞㘚㘎⺌⺗㥮㤘龵㧏㧟㩳㧐龶龷㭎㱮㳠⺧𡗗龸⺪䁖䅟⺮䌷⺳⺶⺷𢦏䎱䎬⺻䏝䓖䙡䙌龹"
    "䜣䜩䝼䞍⻊䥇䥺䥽䦂䦃䦅䦆䦟䦛䦷䦶龺𤇾䲣䲟䲠䲡䱷䲢䴓䴔䴕䴖䴗䴘䴙䶮龻",
}
"""From a first private code point on, the characters that stand there now.

GBK and code page 936 (0xFE50 to 0xFEA0 and a few more), GB 18030-2000, -2005 and -2022.
"""
STANDARD = {
    chr(first + place): character
    for first, characters in _MOVED.items()
    for place, character in enumerate(characters)
}
"""A bank's or a register's private character, and the one of Unicode that it is."""

BLANKS = "\t-\r\x1c-\x1f \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
"""The inside of a class of characters."""
UNPRINTABLE = (
    r"\x00-\x1f\x7f-\x9f" + "\u2028\u2029\ufdd0-\ufdef"
    + "".join(f"{chr(plane + 0xFFFE)}{chr(plane + 0xFFFF)}" for plane in range(0, 0x110000, 0x10000))
)  # fmt: skip
"""Control characters, line and paragraph separators, what is no character: they would break a bank's file.

SQL's texts hold no surrogates.
"""
FORMAT = (
    "\xad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e00ff"
    "\U000e01f0-\U000e0fff"
)
"""Format characters: they reorder a line, join or part words, and nobody sees them."""
INVISIBLE = (
    FORMAT + "\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef"
)
"""Format characters and others that nobody sees: two names that look alike are not the same."""
HIDDEN = UNPRINTABLE + FORMAT
"""Characters that are written as `⟨U+202E⟩` wherever people read a text; any other one stands as it was sent,
a private or a new one too: it is a rare character of somebody's name, which their machine may show."""
PRIVATE = "\ue000-\uf8ff\U000f0000-\U000ffffd\U00100000-\U0010fffd"
"""Characters that mean something in one program only."""


def comparable_name(name: str) -> str:
    """A name as it is compared."""
    moved = name.translate({ord(private): standard for private, standard in STANDARD.items()})
    return re.sub(f"[{BLANKS}]+", "", unicodedata.normalize("NFKC", moved))


def visible_text(text: str) -> str:
    """The text with every hidden character, and half a surrogate pair, written as `⟨U+202E⟩`."""
    return _HIDDEN.sub(lambda found: f"⟨U+{ord(found[0]):04X}⟩", text)


_HIDDEN = re.compile(rf"[{HIDDEN}\ud800-\udfff]")


def has_sql(value: str, characters: str) -> str:
    """SQL: true where a text has one of a class of characters."""
    return f"regexp_matches({value}, '[{characters}]')"
