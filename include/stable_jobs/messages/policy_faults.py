"""Faults of policy files and bank profiles, kept in English: in a night's catalog and in the ledger.

A Chinese page finds each part of the sentence again by its English one. The words of a library, which are for
an engineer, become "as agreed".
"""

from __future__ import annotations

import re
from functools import lru_cache

from stable_jobs.messages.decision import SCHEME
from stable_jobs.messages.kept import in_chinese
from stable_jobs.words import Words

FAULT = re.compile(
    r"(?P<file>.+?): (?P<place>\S+|the file|the folder|byte \d+|line \d+): expected (?P<expected>.+); "
    r"found (?P<found>.*); next: (?P<next>.+?)",
    re.DOTALL,
)
"""What `errors.document_fault` makes."""
PLACE = (
    Words("文件", "the file"),
    Words("文件", "file"),
    Words("文件夹", "the folder"),
    Words("文件夹", "folder"),
    Words("全文", "document"),
    Words("第 {byte} 字节", "byte {byte}"),
    Words("第 {line} 行", "line {line}"),
)
"""Places of a document that are no keys."""
EXPECTED = (
    Words("有一个值", "a value"),
    Words("没有此项", "no such key"),
    Words("普通文件", "a regular file"),
    Words("可读取的文件", "a readable file"),
    Words("可读取的文件", "a file to read"),
    Words("可读取的文件夹", "a readable folder"),
    Words("政策文件夹", "a folder of policy files"),
    Words("不超过 {bytes} 字节", "at most {bytes} bytes"),
    Words("不超过 {levels} 层", "at most {levels} levels"),
    Words("UTF-8", "UTF-8"),
    Words("YAML", "YAML"),
    Words("YAML，每项只写一次", "YAML with every key once"),
    Words("每个值都写全，不用引用", "every value written out"),
    Words("与文件夹名称 {name} 相同", "the folder's name {name}"),
    Words("与文件名 {name} 相同", "the file's name {name}"),
    Words("参数目录中的参数", "a parameter of the catalogue"),
    Words("{scheme} 的每个参数只写一次", "each parameter once for scheme {scheme}"),
    Words("写在 {name} 中", "it in {name}"),
    Words("effective_from 的日期依次递增", "effective_from dates that rise"),
    Words(
        "从 {low} 到 {high} 的比例（share），写成文本，小数不超过 4 位，如 {example}",
        "a share from {low} to {high} as text with at most 4 places, like {example}",
    ),
    Words(
        "从 {low} 到 {high} 的倍数（factor），写成文本，小数不超过 4 位，如 {example}",
        "a factor from {low} to {high} as text with at most 4 places, like {example}",
    ),
    Words("从 {low} 到 {high} 的整数", "a whole number from {low} to {high}"),
    Words("1（一月），只能以该月代替", "1 (January), the only stand-in month there is"),
    Words("日期，如 {example}", "a date like {example}"),
    Words("政策年度 {year} 或其次年的日期", "a date in the policy year {year} or the year after it"),
    Words("true 或 false（是或否）", "true or false"),
    Words("一个词，写成文本", "a word as text"),
    Words("下列之一：{end}", "one of {end}"),
    Words("六位数字的文本，或 {name}", "six digits as text, or {name}"),
    Words("词的列表", "a list of words"),
    Words("下列各词，每词至多一次：{end}", "different words out of {end}"),
    Words("一个值，或分别为下列规模设值：{end}", "one value, or one for some of {end}"),
    Words("没有控制字符的文本", "text without control characters"),
    Words("PEM 格式的公钥", "a public key in PEM"),
    Words(
        "{bits} 位以上的 RSA 公钥，或 ECDSA、Ed25519 公钥",
        "a public key of RSA with {bits} bits or more, ECDSA or Ed25519",
    ),
    Words("12 位 CNAPS 行号，含校验位", "12 digits of CNAPS with their check digit"),
    Words("不以下列文字开头的名称：{end}", "a name that does not begin with {end}"),
    Words("%Y、%m、%d 各一次的日期格式", "a date format of %Y, %m and %d, each once"),
    Words("value 或 constant 之一", "either value or constant"),
    Words("每个表头只写一次", "every header once"),
    Words(
        "含 end_to_end_id、account_no 和 amount（或 amount_fen）的列",
        "columns for end_to_end_id, account_no and amount (or amount_fen)",
    ),
    Words(
        "只属于 paid 或 returned 之一的状态，而不是两处都有 {name}",
        "a status that is either paid or returned, not {name} twice",
    ),
    Words("{name} 或上级地区的文件", "{name} or one of a region above"),
)
"""The content that was expected. A name of a value, such as a unit or a region's name, is the same."""
FOUND = (
    Words("没有", "nothing"),
    Words("没有", "none"),
    Words("空", "None"),
    Words("没有文件", "no such file"),
    Words("没有文件夹", "no folder"),
    Words("文件夹", "a folder"),
    Words("其他内容", "something else"),
    Words("其他内容（{kind}）", "something else ({kind})"),
    Words("指向空处的链接", "a link to nothing"),
    Words("更多", "more"),
    Words("其他编码", "another encoding"),
    Words("引用（alias）", "an alias"),
    Words("重复的项：{name}", "key written twice: {name}"),
    Words("写在 {name} 中", "it in {name}"),
    Words("又写一次，首次在 {name}", "it again, first in {name}"),
    Words("没有读取权限", "Permission denied"),
)
"""The content that was found instead; a value of the file stands as it is."""
NEXT = (
    Words("请更正政策文件中所指之处，再次运行", "correct this place in the policy file and run again"),
    Words("请更正银行资料中所指之处，再次运行", "correct this place in the bank profile and run again"),
    Words("两处只保留一处", "keep one of the two"),
    Words("见文档中的参数表", "see the list of parameters in the docs"),
    Words("请设置 {setting}", "set {setting}"),
    Words("请添加银行资料", "add the profile"),
)
"""The next step."""
WHOLE = (
    *(
        Words(
            f"地区 {{region}}，{scheme.zh}：政策年度 {{year}} 内应有在 {{on}} 生效的 {{end}}，"
            "本地区及上级（{said}）均没有；下一步：请在 {name} 中填写并注明依据文件",
            f"policies: region {{region}}, scheme {code}: expected a value of {{end}} in force on {{on}}"
            " within policy year {year}; found none here or upward ({said}); next: add it to {name} with its"
            " reference",
        )
        for code, scheme in SCHEME.items()
    ),
    Words(
        "工作日：程序包 chinesecalendar 中应有 {year} 年的法定节假日，实际没有；"
        "下一步：请工程师更新 chinesecalendar 后再次运行（国务院在上一年十一月公布）",
        "working days: expected the public holidays of {year} in the package chinesecalendar; found none;"
        " next: pip install --upgrade chinesecalendar (requirements.in pins it; the State Council publishes a"
        " year's holidays in the November before), then run again",
    ),
)
"""Faults that are about no place of a file."""
AGREED = "约定的写法"
"""In the place of a library's words."""
SAME = re.compile(r"[\W\d_a-z]*|.*[\u4e00-\u9fff].*", re.DOTALL)
"""A code, or a text with Chinese: the same in both languages."""


@lru_cache(maxsize=1024)
def policy_fault(text: str) -> Words:
    """The fault of a policy file or a bank profile in both languages."""
    whole = in_chinese(text, WHOLE)
    if whole is not None:
        return Words(whole, text)
    parts = FAULT.fullmatch(text)
    if parts is None:
        return Words(f"{AGREED}不符，原文：{text}", text)
    place, expected = (
        in_chinese(parts[name], table) for name, table in (("place", PLACE), ("expected", EXPECTED))
    )
    found, step = in_chinese(parts["found"], FOUND), in_chinese(parts["next"], NEXT)
    if expected is None:
        expected = parts["expected"] if SAME.fullmatch(parts["expected"]) else AGREED
    return Words(
        f"{parts['file']}：{place or parts['place']}：应为：{expected}；实际：{found or parts['found']}；"
        f"下一步：{step or NEXT[0].zh}",
        text,
    )
