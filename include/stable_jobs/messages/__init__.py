"""The message book: what each code is called in Chinese and English, in pages, lists, `explain` and the
command line.

A group holds the codes of one kind, such as a batch's states. Sentences of a page's template are not here:
the template has them in English, and the Chinese catalog of `rendering` in Chinese.
"""

from __future__ import annotations

from collections.abc import Mapping

from stable_jobs.messages import decision, ledger, ledger_refusals, night, pages
from stable_jobs.words import Words

GROUPS: Mapping[str, Mapping[str, Words]] = {
    **night.GROUPS,
    **decision.GROUPS,
    **ledger.GROUPS,
    **ledger_refusals.GROUPS,
    **pages.GROUPS,
    "plain_value": {**decision.PLAIN_VALUE, **decision.SIZE, **ledger.ACCOUNT_SOURCE},
}


def words_of(group: str, code: str) -> Words:
    """The name of a group's `code` in both languages; KeyError for a code without a name."""
    return GROUPS[group][code]
