"""Whose fault a reject is, by the bank's reason: one table for codes and words of every format.

Source of the codes: ISO 20022 external code set ExternalStatusReason1Code. A bank's own codes and words stand
in its profile and go first.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Literal

Fault = Literal["payee_account", "payee_name", "regulatory", "our_account", "our_file", "bank", "unknown"]
"""The fault of a payment that came back. regulatory: a law or a supervisor forbids the payment."""
Verdict = Literal[Fault, "duplicate"]
"""duplicate: the bank has the payment already; that is no result of it."""
Agreed = Mapping[Verdict, Sequence[str]]
"""A bank's own codes and words, by what they mean."""
NOT_THE_PAYEES = frozenset({"our_account", "our_file", "bank"})
"""Faults for which the same account is as good as it was. The database has the same list."""

CODES: Mapping[Verdict, str] = {
    "duplicate": "AM05 DU01 DU02 DU03 DU04 DU05 DUPL RF01",
    "payee_account": (
        "AC01 AC03 AC04 AC06 AC07 AC08 AC09 AC11 AC12 AC14 AC15 AC16 AG01 AG03 AG11 AGNT CNOR"
        " RC01 RC02 RC04 RC05 RC07 RC08 RC10"
    ),
    "payee_name": "BE01 BE04 BE06 BE11 BE17 BE20 BE21 BE22 MD07 RR03",
    "regulatory": "RR04 RR05 RR06 RR07 RR08 RR09 RR10 RR11 RR12",
    "our_account": "AC02 AC05 AC10 AC13 AG10 AM04 AM07 AM14 AM21 AM23 DNOR RC03 RC06 RC09",
    "our_file": (
        "AG02 AM01 AM02 AM03 AM06 AM09 AM10 AM11 AM12 AM13 AM15 AM16 AM17 AM18 AM19 AM20 AM22"
        " BE05 BE07 BE08 BE09 BE10 BE12 BE13 BE14 BE15 BE16 BE18 BE19"
        " CH03 CH04 CH07 CH09 CH10 CH11 CH12 CH13 CH14 CH15 CH16 CH17 CH19 CH20 CH21 CH22"
        " DS01 DS02 DS03 DS04 DS05 DS06 DS07 DS08 DS09 DS0A DS0B DS0C DS0D DS0E DS0F DS0G DS0H DS0K"
        " DS10 DS11 DS12 DS13 DS14 DS15 DS16 DS17 DS18 DS19 DS20 DS21 DS22 DS23 DS24 DS25 DS26 DS27"
        " DT01 DT02 DT03 DT04 DT05 DT06 FF01 FF02 FF03 FF04 FF05 FF06 FF07 FF08 FF09 FF10 FF11 ID01"
        " RC11 RC12 RR01 RR02 TA01 TD01 TD02 TD03 TS01"
    ),
    "bank": "AB01 AB02 AB03 AB04 AB05 AB06 AB07 AB08 AB09 AB10 AB11 ED01 ED03 ED05 ED06 TECH TM01 TS04",
}
"""Others (NARR, MS02, MS03, …) say nothing: the bank's words do."""

WORDS: Mapping[Verdict, tuple[str, ...]] = {
    "duplicate": (
        "重复", "已受理", "已接收", "已收到", "已存在", "已处理", "已入账", "已提交",
        "duplicat", "alreadyreceived", "alreadyprocessed", "alreadyexists", "alreadyaccepted",
        "alreadysubmitted",
    ),
    "our_account": (
        "余额不足", "头寸不足", "可用额度", "超过限额", "超限额", "付款账", "付款户", "付款人账", "付款方账",
        "付方账", "insufficient", "debtoraccount", "payeraccount",
    ),
    "our_file": (
        "格式", "报文", "文件", "验签", "签名", "校验", "批次", "总金额", "总笔数",
        "invalidformat", "fileformat", "invalidfile", "schema", "signature",
    ),
    "payee_name": ("户名", "名称不符", "姓名", "账户名称", "namemismatch", "wrongname"),
    "payee_account": (
        "账号", "帐号", "账户", "帐户", "销户", "冻结", "行号", "开户行", "accountclosed", "closedaccount",
        "noaccount", "accountnumber",
    ),
    "regulatory": ("监管", "反洗钱", "制裁", "regulat", "sanction"),
    "bank": ("系统", "超时", "日终", "停业", "timeout", "cutoff"),
}  # fmt: skip
"""Looked for in this order, in the words without blanks and in lower case."""
OF_CODE: Mapping[str, Verdict] = {code: name for name, codes in CODES.items() for code in codes.split()}
ORDER: tuple[Verdict, ...] = (
    "duplicate",
    "payee_account",
    "payee_name",
    "regulatory",
    "our_account",
    "our_file",
    "bank",
)
"""Of several codes the first in this order counts: the one with the most cautious consequence."""


def verdict(
    codes: Iterable[str | None],
    words: str | None,
    agreed: Agreed | None = None,
    *,
    of_whole: bool = False,
) -> Verdict:
    """The fault of a reject. agreed: the bank's own codes and words, by verdict.

    of_whole: the reason is above the transactions, where a text that says nothing is about our file.
    """
    given = tuple(_plain(code) for code in codes if code)
    own = tuple((name, tuple(map(_plain, texts))) for name, texts in (agreed or {}).items())
    return _verdict(given, _plain(words or ""), own, of_whole)


@lru_cache(maxsize=4096)
def _verdict(
    codes: tuple[str, ...], words: str, own: tuple[tuple[str, tuple[str, ...]], ...], of_whole: bool
) -> Verdict:
    agreed = {name for name, texts in own for text in texts if text in codes or text in words}
    known = agreed or {OF_CODE[code.upper()] for code in codes if code.upper() in OF_CODE}
    if known:
        found = next(name for name in ORDER if name in known)
        if found in ("payee_account", "payee_name", "duplicate") or not _says(words, "duplicate"):
            return found
        return "duplicate"
    said = "".join((words, *codes))
    otherwise: Verdict = "our_file" if of_whole else "unknown"
    return next((name for name in WORDS if _says(said, name)), otherwise)


def _says(words: str, name: Verdict) -> bool:
    return any(word in words for word in WORDS[name])


def _plain(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).lower().split())
