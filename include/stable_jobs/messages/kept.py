"""Words that this software kept in English, in the ledger or in a policy file, and says in Chinese on a page.

A kept text never changes, so a Chinese page finds the sentence again by its English one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

from stable_jobs.messages.decision import REASON
from stable_jobs.messages.ledger import FAULT
from stable_jobs.words import Words

LONG = frozenset({"end", "example", "how", "name", "said"})
"""Places that may hold blanks; all others hold a figure or a code."""
PHRASES = frozenset({"encoding", "how"})
"""Places that hold words of ours."""

CODES: Mapping[str, Mapping[str, Words]] = {"reasons": REASON, "fault": FAULT}
"""Places that hold codes, with the names of those."""

LEDGER = (
    Words("公示期满", "notice ended"),
    Words("提出异议", "objection"),
    Words("异议成立", "objection_upheld"),
    Words("异议不成立", "objection dismissed"),
    Words("沿用原账户：{fault}", "same account: {fault}"),
    Words("已录入账户", "account entered"),
    Words("数据中有新账户", "account in the extract"),
    Words("逾期", "deadline"),
    Words("批次作废", "batch voided"),
    Words("账户或单位有变化", "an account or a unit changed"),
    Words("银行答复矛盾已处理", "the bank's word was settled"),
    Words("本夜已无此情形", "this night no longer shows it"),
    Words("该夜已撤销", "the night was withdrawn"),
    Words("该夜已撤销", "night_withdrawn"),
    Words("有记录退出", "a line fell out"),
    Words("金额变化", "amount_changed"),
    Words("不符合：{reasons}", "ineligible:{reasons}"),
    Words("待定：{reasons}", "undecided:{reasons}"),
    Words("与另一应返还属同一单位", "same_unit"),
    Words("当夜数据中已无此单位", "unit_gone"),
    Words("返还类型变化", "scheme_changed"),
    Words("银行答复矛盾已处理：{line} 已拨付", "settled: {line} paid"),
    Words("银行答复矛盾已处理：{line} 已退回", "settled: {line} returned"),
    Words("银行拒绝 {said}", "reject {said}"),
    Words("银行", "bank"),
)
"""Reasons of a change that no person wrote."""

POLICIES = (
    Words("此为上限，由省、市确定本地标准。", "A ceiling; the province or city fixes its own."),
    Words(
        "需要更严核对的地区自行设定，或不设。",
        "A region that wants a closer look, or none (null), sets its own.",
    ),
    Words("除非地区在该政策年度开放，否则不开放。", "Closed unless a region opens it for the policy year."),
    Words(
        "自2022年延续，延续文件尚未核实。",
        "Continued from 2022; the notice of continuation is not confirmed.",
    ),
    Words(
        "大型企业须低于当地登记失业率，由各地确定。",
        "Large firms stay below the place's registered unemployment rate, which each place sets.",
    ),
    Words(
        "全国没有统一规定（推定），另有规定的地区自行设定。",
        "Not fixed nationally (inferred); a region that decides otherwise sets its own.",
    ),
    Words(
        "本软件设定，只决定何时提醒，不影响金额；地区按与银行的约定设定。",
        "Ours; decides when an alert is raised, never an amount. A region sets what it agreed with its bank.",
    ),
    Words(
        "中小微企业最高0.9，由各地确定；大型企业当年下半年最高0.5。",
        "Small and medium up to 0.9, fixed by each place; large up to 0.5 later in the year.",
    ),
    Words("此为最高限额。", "The most there may be."),
    Words("通常期限；各地有0至6天的。", "The usual length; 0 to 6 were seen."),
    Words(
        "自7月起由地方决定，大型最高0.5，其他最高0.9。",
        "Up to 0.5 (large) and 0.9 (others) from July by local decision.",
    ),
    Words(
        "按白河县2023年的规定，本市规定未公布。",
        "the rule is that of Baihe county 2023; this city's own is not published",
    ),
    Words(
        "本软件的安全核对，不是政策规定",
        "本软件的安全核对，不是政策规定 (a safeguard of this software, no rule of policy)",
    ),
    Words("本软件设定的办理时限，没有文件规定", "an operating deadline of our own; no notice fixes it"),
    Words("按 {date} 公布的总数校准", "calibrated to the totals published on {date}"),
    Words("演示值；本县的审批规定未公布", "demonstration; the county's own approvals were not published"),
    Words("演示值；本县的办理方式未公布", "demonstration; the county's own lane was not published"),
)
"""Notes and references of the policy files that come with this software."""

KEPT = (*LEDGER, *POLICIES)


@lru_cache(maxsize=4096)
def kept_of(text: str) -> Words:
    """A kept text in both languages; a text that a person wrote is the same in both."""
    return Words(in_chinese(text, KEPT) or text, text)


def in_chinese(
    text: str, patterns: Sequence[Words], value_of: Callable[[str, str], str] | None = None
) -> str | None:
    """The Chinese of the first pattern whose English is the whole text, with its places filled; or None.

    value_of: place and text → the text in Chinese, for patterns of which any place may hold any text; without
    it only those in `LONG` hold blanks.
    """
    for one in patterns:
        fits = _pattern(one.en, is_wide=value_of is not None).fullmatch(text)
        if fits:
            given = fits.groupdict().items()
            values = {n: value_of(n, v) if value_of else _value(n, v, patterns) for n, v in given}
            return one.zh.format(**values)
    return None


def _value(place: str, text: str, patterns: Sequence[Words]) -> str:
    """The value of a place in Chinese: words of ours, or codes separated by `;`, by their names."""
    if place in PHRASES:
        return in_chinese(text, patterns) or text
    named = CODES.get(place, {})
    return "；".join(named[code].zh if code in named else code for code in text.split(";"))


@lru_cache(maxsize=1024)
def _pattern(template: str, *, is_wide: bool) -> re.Pattern[str]:
    pieces = re.split(r"{(\w+)}", template)
    texts, names = map(re.escape, pieces[::2]), pieces[1::2]
    held = {name: ".+?" if is_wide else ".+" if name in LONG else r"\S+" for name in names}
    places = [f"(?P<{name}>{held[name]})" for name in names]
    return re.compile("".join(a + b for a, b in zip(texts, [*places, ""], strict=True)), re.DOTALL)
