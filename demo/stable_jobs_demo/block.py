"""A block of units as arrays: everything the departments will say about them, before it is written down.

Traps change slices of a block; the answer key and the files are both read off it. Amounts are int64 fen.
A headcount of -1 is "no row", another number of -1 "empty".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from stable_jobs_demo.city import City
from stable_jobs_demo.moment import LAST

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Extra:
    """One row beyond a unit's regular ones. `values` by column name; a `Raw` text is written as it stands.

    `slot` is the file it goes to: a region code; empty is the city's own.
    """

    extract: str
    values: dict[str, Any]
    slot: str = ""


class Raw(str):
    """Text that goes into a file as it is, readable or not."""


@dataclass
class Block:
    """Units of one city; arrays of one length (heads, employer, … have one column a month)."""

    city: City
    trap: Array
    event: Array
    """A place in `events.EVENTS`: what befell the unit since the first night; -1 nothing."""
    uscc: Array
    unit_name: Array
    unit_no: Array
    legal_form: Array
    industry_code: Array
    insured_since: Array
    insured_status: Array
    is_dispatch: Array
    parent: Array
    registration_no: Array
    spare_registration_no: Array
    rate: Array
    """Premium, fen a head and month."""
    heads: Array
    claimants: Array
    layoffs: Array
    attrition: Array
    employer: Array
    employee: Array
    month_sent: Array
    paid_on: Array
    taxpayer_status: Array
    credit_rating: Array
    arrears: Array
    tax_account_name: Array
    tax_account_no: Array
    tax_bank: Array
    tax_bank_name: Array
    payee_name: Array
    payee_no: Array
    payee_bank: Array
    payee_bank_name: Array
    payee_status: Array
    size_class: Array
    """Empty: economy sends no row."""
    size_basis: Array
    determined_on: Array
    applies_general: Array
    applies_difficult: Array
    application_serial: Array
    submitted_at: Array
    channel: Array
    declared_headcount: Array
    """-1: as recorded."""
    declared_size: Array
    """Empty: as recorded."""
    is_signed: Array
    is_recovering: Array
    recovering_from: Array
    """NaT: the list's usual day."""
    recovering_to: Array
    category: Array
    sends_unit: Array
    sends_taxpayer: Array
    sends_payee: Array
    more_base: Array
    """Fen of the base that come from extra rows."""
    already_paid: Array
    knows_premium: Array
    knows_headcount: Array
    knows_already: Array
    aliases: dict[str, Array] = field(default_factory=dict)
    """The codes another department uses, by extract, where they are not `uscc`."""
    extras: list[Extra] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.uscc)

    def code_in(self, extract: str) -> Array:
        """The codes that extract carries."""
        alias = self.aliases.get(extract)
        return self.uscc if alias is None else np.where(alias != "", alias, self.uscc)

    def alias(self, extract: str) -> Array:
        """The other codes of that extract, to be filled in; empty: the unit's own."""
        return self.aliases.setdefault(extract, np.full(len(self), "", dtype=object))

    def reprice(self, i: Array) -> None:
        """Premiums of the units `i` from their headcounts and rates, half each (odd fen to the employer)."""
        due = np.maximum(self.heads[i, 1:13], 0) * self.rate[i, None]
        self.employee[i] = due // 2
        self.employer[i] = due - due // 2


_PLAIN = {"city", "aliases", "extras"}
ARRAYS = tuple(f.name for f in fields(Block) if f.name not in _PLAIN)


def join(blocks: Sequence[Block]) -> Block:
    """Blocks of one city as one."""
    extracts = sorted({extract for block in blocks for extract in block.aliases})
    return Block(
        city=blocks[0].city,
        aliases={e: np.concatenate([block.alias(e) for block in blocks]) for e in extracts},
        extras=[extra for block in blocks for extra in block.extras],
        **{name: np.concatenate([getattr(block, name) for block in blocks]) for name in ARRAYS},
    )


def monthly_average(block: Block) -> Array:
    """Average of Y-1's months that have a row, half-up; -1 where there is none."""
    year = block.heads[:, 1:13]
    count = (year >= 0).sum(axis=1)
    total = np.where(year >= 0, year, 0).sum(axis=1)
    return np.where(count > 0, (2 * total + count) // np.maximum(2 * count, 1), -1)


def headcount(block: Block) -> Array:
    """The city's headcount of each unit; -1 where it cannot be known."""
    counted = monthly_average(block) if block.city.uses_average else block.heads[:, LAST]
    return np.where(block.knows_headcount, counted, -1)
