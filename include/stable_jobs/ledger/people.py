"""People before the ledger: the hand that acts, the persons it knows, and the reasons that people write."""

from __future__ import annotations

import os
import pwd
import re
import socket
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache

from sqlalchemy import Connection, text

from stable_jobs.credit_code import is_credit_code, is_identity_number, is_registration_no
from stable_jobs.errors import LedgerRefused, UsageError
from stable_jobs.messages.ledger_refusals import TEXT_OF, refusal
from stable_jobs.regions import is_known
from stable_jobs.rendering.text import visible
from stable_jobs.words import Words

# --- Hands ---
# The person who does an act: the login that the software checked, and the system's user who ran it.

AIRFLOW = "airflow"
"""The login that Airflow checked."""
UNAUTHENTICATED = "未经验证 unauthenticated"
"""The mark beside a person whose login nobody checked; the database's `as_known` gives the same."""
BROWSER, COMMAND_LINE = "browser", "command line"


@dataclass(frozen=True)
class Hand:
    """The login and the place of a person's act.

    login: `airflow` if Airflow checked the person, None if nobody did (only a demonstration accepts such
    acts); via: the place of the act; os_user and host: those of the command line, by its own statement.
    """

    login: str | None
    via: str
    os_user: str | None = None
    host: str | None = None

    def as_json(self) -> dict[str, str | None]:
        """The form that an event's body contains."""
        return {"login": self.login, "via": self.via, "user": self.os_user, "host": self.host}


_HAND: ContextVar[Hand | None] = ContextVar("stable_jobs_hand", default=None)


@contextmanager
def acting(hand: Hand) -> Iterator[None]:
    """Give the events of people that are opened in the block this login and place."""
    token = _HAND.set(hand)
    try:
        yield
    finally:
        _HAND.reset(token)


def hand_of(person: str) -> Hand:
    """The login and place of the current act. LedgerRefused if `acting` gave none."""
    hand = _HAND.get()
    if hand is None:
        raise LedgerRefused(refusal("hand_unknown", person=person))
    return hand


def here(login: str | None = None) -> Hand:
    """The place of an act at this command line: the system's user, and the user who became it by sudo."""
    return Hand(login, COMMAND_LINE, os_user(), socket.gethostname())


def os_user() -> str:
    """The name of the process's user, with the one who called sudo: `root (sudo: li)`."""
    number = os.getuid()
    try:
        name = pwd.getpwuid(number).pw_name
    except KeyError:
        name = f"uid {number}"
    caller = os.fsencode(os.environ.get("SUDO_USER", "")).decode("utf-8", "backslashreplace")
    return f"{name} (sudo: {caller})" if caller else name


# --- Known persons ---
# Persons whom the ledger knows: one key for all spellings of a name, and no two names that look alike.
#
# The database makes the key (`person_key`). Unicode's list of confusables (UTS 39) gives a name's appearance.


def know_person(connection: Connection, name: str) -> None:
    """Note a person who acts or is assigned. LedgerRefused where the name looks like another person's."""
    key = check_person(connection, name)
    if key is not None:
        connection.execute(
            text("INSERT INTO known_persons (person_key, person, skeleton) VALUES (:key, :name, :skeleton)"),
            {"key": key, "name": name, "skeleton": skeleton(key)},
        )


def check_person(connection: Connection, name: str) -> str | None:
    """The key of somebody who is not known yet, else None. LedgerRefused for a look-alike."""
    key = str(connection.scalar(text("SELECT person_key(:name)"), {"name": name}))
    if not key:
        raise LedgerRefused(refusal("name_invisible"))
    query = "SELECT person_key, person FROM known_persons WHERE person_key = :key OR skeleton = :alike"
    rows = connection.execute(text(query), {"key": key, "alike": skeleton(key)})
    found = {str(known): str(person) for known, person in rows}
    if key in found:
        return None
    for other in found.values():
        raise LedgerRefused(
            refusal(
                "name_alike",
                person=name,
                known=other,
                person_spelled=_spelled(name),
                known_spelled=_spelled(other),
            )
        )
    return key


def skeleton(key: str) -> str:
    """The appearance of a name's key: equal for all names that can be mistaken for one another."""
    prototypes = _prototypes()
    previous, shown = "", key
    while shown != previous:
        previous = shown
        parts = unicodedata.normalize("NFD", shown)
        shown = "".join(prototypes.get(character, character) for character in parts).casefold()
    return shown


def _spelled(name: str) -> str:
    """The characters that are not plain Latin letters or digits, by number."""
    return "".join(c if c.isascii() and c.isprintable() else f"⟨U+{ord(c):04X}⟩" for c in name)


@lru_cache(maxsize=1)
def _prototypes() -> Mapping[str, str]:
    """Character → what stands for all that look like it: the text that most of them are listed under."""
    from confusable_homoglyphs.confusables import confusables_data

    alike: dict[str, set[str]] = defaultdict(set)
    for one, others in confusables_data.items():
        for other in others:
            alike[one].add(other["c"])
            alike[other["c"]].add(one)
    prototypes: dict[str, str] = {}
    for one in alike:
        if one in prototypes:
            continue
        group, waiting = {one}, [one]
        while waiting:
            new = alike[waiting.pop()] - group
            group |= new
            waiting += new
        ideographs = {text for text in group if _is_ideograph(text)}
        chosen = max(
            ideographs if len(ideographs) == 1 else group - ideographs or group,
            key=lambda text: (len(alike[text]), text.isascii(), text),
        )
        prototypes |= {text: chosen for text in group - ideographs if len(text) == 1}
        prototypes |= {text: text for text in ideographs}
    return prototypes


def _is_ideograph(text: str) -> bool:
    """A Chinese character: two that look alike are two, as 土 and 士 in names."""
    return len(text) == 1 and ("\u3400" <= text <= "\u9fff" or text >= "\U00020000")


# --- Reasons ---
# Reasons: people write them for good and many read them. No account number, and a limited length.

LONGEST_REASON = 500
CUT = "…（已截断 cut）"
MASKED = "（账号已隐去 account number masked）"
NO_REASON = "（未说明理由 no reason given）"
ACCOUNT_DIGITS = 12
"""The shortest account numbers of banks; a telephone number is shorter."""
CODE = re.compile(r"(?<![0-9A-Z])(?:[0-9A-Z]{18}|[0-9]{15})(?![0-9A-Z])")
NUMBER = re.compile(r"[0-9]{3,}(?:[ \-‐-―−._·/]{1,3}[0-9]{3,})*(?:[ \-‐-―−._·/]{1,3}[0-9]{1,2}(?![0-9]))?")
DAY = re.compile(r"(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])")


def shows_account(text: str) -> bool:
    """Whether the text has a number as long as a bank's account, also in groups, full width or other digits.

    Unit codes, dates and region codes are none.
    """
    return bool(_accounts(_plain(text)))


def check_reason(text: str, what: str | Words = TEXT_OF["reason"]) -> str:
    """The reason without the blanks around it; UsageError for an account number and for too long a text."""
    reason = text.strip()
    if "\0" in reason:
        raise UsageError(refusal("text_nul", what=what))
    if shows_account(reason):
        raise UsageError(refusal("text_account", what=what))
    if len(reason) > LONGEST_REASON:
        raise UsageError(refusal("text_long", what=what, most=LONGEST_REASON, found=len(reason)))
    return reason


def kept_reason(text: object) -> str:
    """The reason that is kept of an accepted answer: account numbers masked, cut, and both visible."""
    lines = ("" if text is None else str(text)).replace("\r\n", "\n").strip().split("\n")
    reason = "\n".join(visible(line) for line in lines)
    accounts = _accounts(_plain(reason))
    if accounts:
        plain, kept, at = _plain(reason), "", 0
        for first, last in accounts:
            number = plain[first:last]
            kept += plain[at:first] + re.sub("[0-9]", "*", number[:-4]) + number[-4:]
            at = last
        reason = kept + plain[at:]
    rest = MASKED if accounts else ""
    if len(reason) + len(rest) > LONGEST_REASON:
        rest = CUT + rest
        reason = reason[: LONGEST_REASON - len(rest)]
    return reason + rest


def _plain(text: str) -> str:
    """Every digit as ASCII writes it."""
    normal = unicodedata.normalize("NFKC", text)
    return "".join(
        str(unicodedata.decimal(c)) if unicodedata.decimal(c, None) is not None else c for c in normal
    )


def _accounts(plain: str) -> list[tuple[int, int]]:
    """Where account numbers stand."""
    rest = CODE.sub(lambda found: "§" * len(found[0]) if _is_code(found[0]) else found[0], plain)
    return [found.span() for found in NUMBER.finditer(rest) if _is_account(found[0])]


def _is_code(token: str) -> bool:
    """A unit's code; one with a letter also where its check character is wrong: no account has a letter."""
    if is_identity_number(token):
        return False
    if len(token) == 15:
        return is_registration_no(token) and is_known(token[:6])
    return is_credit_code(token) or (is_known(token[2:8]) and not token.isdigit())


def _is_account(number: str) -> bool:
    """Groups of digits in a row, of which dates are not counted."""
    longest = running = 0
    for group in re.findall("[0-9]+", number):
        running = 0 if DAY.fullmatch(group) else running + len(group)
        longest = max(longest, running)
    return longest >= ACCOUNT_DIGITS
