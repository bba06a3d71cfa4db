"""A fault of a policy file or a bank profile, kept in English, is told in Chinese."""

# One case a line reads as a table.
# ruff: noqa: E501

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from stable_jobs.errors import PolicyError
from stable_jobs.messages.policy_faults import policy_fault
from stable_jobs.policy.catalogue import CATALOGUE, PROVINCE, SCHEMES, SIZES
from stable_jobs.policy.load import COMMON, load_policies, load_sound
from stable_jobs.policy.parameters import region_faults
from stable_jobs.settings import data_folder
from stable_jobs.workdays import is_working_day
from tests.latin import english
from tests.policy.test_load import BROKEN, GOOD, VALUES, put

CODES = {
    *(code.title() for p in CATALOGUE.values() for code in p.codes),
    *(p.unit.value for p in CATALOGUE.values()),
    *(name for scheme in (*SCHEMES, *SIZES, COMMON) for name in (scheme, scheme.title())),
    *("region", "scheme", "Somewhere", "true", "false", "YAML", PROVINCE),
}
"""Words that the file itself must have."""


def in_english(text: str) -> set[str]:
    """The English of the Chinese sentence, but for what was found: a value of the file stands as it is."""
    before, _, found = policy_fault(text).zh.partition("；实际：")
    _, _, after = found.partition("；下一步：")
    assert before
    assert after
    words = {word for code in CODES for word in code.lower().split("_")}
    return {word for word in english(f"{before} {after}") if word.lower() not in words}


@pytest.mark.parametrize(("text", "_"), BROKEN)
def test_a_fault_of_a_file(text: str, _: str, tmp_path: Path) -> None:
    fault = load_sound(put(tmp_path, text)).faults["999900"]
    assert not in_english(fault)
    assert policy_fault(fault).en == fault


@pytest.mark.parametrize(("text", "_"), VALUES)
def test_a_fault_of_a_value(text: str, _: str, tmp_path: Path) -> None:
    fault = load_sound(put(tmp_path, text, "999900/common.yaml")).faults["999900"]
    assert not in_english(fault)
    assert policy_fault(fault).en == fault


@pytest.mark.parametrize(
    ("text", "chinese"),
    [
        pytest.param(
            "610100/general.yaml: parameters.refund_rate.values.0.value: expected a share from 0 to 1 as text with"
            " at most 4 places, like \"0.055\"; found '5.0'; next: correct this place in the policy file and run"
            " again",
            "610100/general.yaml：parameters.refund_rate.values.0.value：应为：从 0 到 1 的比例（share），写成文本，"
            "小数不超过 4 位，如 \"0.055\"；实际：'5.0'；下一步：请更正政策文件中所指之处，再次运行",
            id="a value",
        ),
        pytest.param(
            "610100.yaml: the file: expected a regular file; found a folder; next: correct this place in the bank"
            " profile and run again",
            "610100.yaml：文件：应为：普通文件；实际：文件夹；下一步：请更正银行资料中所指之处，再次运行",
            id="a bank profile",
        ),
        pytest.param(
            "610100.yaml: debtor.account_no: expected String should match pattern '^[0-9]$'; found something else"
            " (str); next: correct this place in the bank profile and run again",
            "610100.yaml：debtor.account_no：应为：约定的写法；实际：其他内容（str）；下一步："
            "请更正银行资料中所指之处，再次运行",
            id="a library's words",
        ),
        pytest.param("anything", "约定的写法不符，原文：anything", id="another sentence"),
    ],
)
def test_in_chinese(text: str, chinese: str) -> None:
    assert (policy_fault(text).zh, policy_fault(text).en) == (chinese, text)


def test_a_value_that_is_missing(tmp_path: Path) -> None:
    put(tmp_path, GOOD)
    fault = region_faults(load_policies(tmp_path), date(2020, 5, 11))["999900"]
    found = policy_fault(fault).zh
    assert "应有在 2020-05-11 生效的" in found
    assert not english(found)


def test_a_year_without_holidays() -> None:
    with pytest.raises(PolicyError) as error:
        is_working_day(date(1990, 1, 1))
    assert english(policy_fault(str(error.value)).zh) == ["chinesecalendar", "chinesecalendar"]


def test_the_packaged_files_have_no_fault() -> None:
    assert not load_sound(data_folder("policies")).faults
