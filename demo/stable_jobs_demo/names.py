"""Invented names of employers and banks, put together from word lists."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

_BRAND = (
    "华兴盛宏泰瑞丰恒源达利通信诚德和顺安康宁祥云天龙金银玉石山川江海河湖"
    "林森东南西北中正新光明星辰宇航腾飞鸿鹏万百千福禄寿喜嘉佳美优博雅文景春秋"
)

INDUSTRIES: tuple[tuple[str, str, float], ...] = (
    ("1311", "粮油", 2),
    ("1411", "食品", 3),
    ("1811", "服饰", 3),
    ("2710", "药业", 1.5),
    ("2770", "医疗用品", 1),
    ("3011", "水泥", 1),
    ("3311", "钢结构", 2),
    ("3411", "锅炉", 1),
    ("3670", "汽车零部件", 2),
    ("3812", "机电", 2),
    ("4710", "建筑工程", 5),
    ("4812", "路桥", 2),
    ("5171", "汽车贸易", 3),
    ("5211", "百货", 5),
    ("5212", "超市", 5),
    ("5431", "物流", 4),
    ("6110", "酒店", 3),
    ("6121", "宾馆", 2),
    ("6210", "餐饮", 6),
    ("6220", "快餐", 3),
    ("6513", "软件", 5),
    ("6550", "数据服务", 2),
    ("7010", "置业", 3),
    ("7020", "物业管理", 5),
    ("7291", "旅行社", 2),
    ("7481", "工程咨询", 3),
    ("8211", "保洁服务", 3),
    ("8310", "教育", 2),
    ("8411", "医院管理", 1),
)
"""GB/T 4754-2017 class, the word that stands in a name, weight. Finance (66-69) and labour dispatch (7263)
are traps, not ordinary."""

ENDINGS = {
    "enterprise": ("有限公司", "有限责任公司", "（集团）有限公司", "股份有限公司"),
    "social_organisation": ("协会", "商会"),
    "foundation": ("基金会",),
    "social_service": ("服务中心",),
    "law_firm": ("律师事务所",),
    "accounting_firm": ("会计师事务所",),
    "individual_business": ("经营部", "店"),
    "institution": ("管理处",),
    "government": ("管理局",),
    "": ("有限公司",),
}

HOSTILE = (
    "<script>alert('稳岗')</script>商贸有限公司",
    "=cmd|' /C calc'!A0有限公司",
    "+SUM(A1:A9)贸易有限公司",
    "-2+3商贸有限公司",
    "@SUM(1)餐饮有限公司",
    '老"字"号食品有限公司',
    "甲,乙,丙（合伙）有限公司",
    "';DROP TABLE insured_units;--有限公司",
    "\u202e司公限有\u202c贸易有限公司",
    "𠮷野家\U0002a6a5餐饮有限公司",
    "\U0001f3ed工厂有限公司",
    "德\ufffd堂药业有限公司",
    "A&amp;B<b>粗</b>有限公司",
    "{{ 7*7 }}软件有限公司",
    "%s%n${HOME}科技有限公司",
    "O'Neil\\商贸有限公司",
    "\u200b零宽\u200d字符有限公司",
    "null有限公司",
    "１２３全角（中国）有限公司",
    "阿\u0301组合字符有限公司",
)
"""Names that break what is not escaped, quoted or encoded."""

BANKS = ("中国工商银行", "中国农业银行", "中国银行", "中国建设银行", "交通银行", "中国邮政储蓄银行")
_STREETS = ("人民路", "解放路", "中山路", "建设路", "胜利路", "和平路", "长江路", "新华路", "站前", "开发区")


def draw_industries(count: int, rng: np.random.Generator) -> Array:
    """Places in `INDUSTRIES`, by weight."""
    weights = np.array([weight for _, _, weight in INDUSTRIES])
    return rng.choice(len(INDUSTRIES), size=count, p=weights / weights.sum())


def industry_codes(industries: Array) -> Array:
    """The four-digit class of each."""
    return np.array([code for code, _, _ in INDUSTRIES], dtype=object)[industries]


def unit_names(place: str, industries: Array, rng: np.random.Generator) -> Array:
    """`place` + brand + line of business + ending of a company; not unique, as in life."""
    count = len(industries)
    brands = np.array(list(_BRAND), dtype=object)
    words = np.array([word for _, word, _ in INDUSTRIES], dtype=object)
    endings = np.array(ENDINGS["enterprise"], dtype=object)
    brand = brands[rng.integers(len(brands), size=(3, count))]
    third = np.where(rng.random(count) < 0.4, brand[2], "")
    ending = endings[rng.choice(4, size=count, p=[0.7, 0.22, 0.03, 0.05])]
    return np.asarray(place + brand[0] + brand[1] + third + words[industries] + ending, dtype=object)


def bank_names(place: str, count: int) -> Array:
    """Names of `count` branches in a city."""
    return np.array(
        [f"{BANKS[k % len(BANKS)]}{place}{_STREETS[k % len(_STREETS)]}支行" for k in range(count)],
        dtype=object,
    )
