import pytest

from stable_jobs.rendering.text import LONGEST, count, foreign, percent, shorten, visible


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        pytest.param("西安（高新）有限公司", "西安（高新）有限公司", id="a name stays as sent"),
        pytest.param("\u202eexe.单名", "⟨U+202E⟩exe.单名", id="right to left override"),
        pytest.param("a\u200bb", "a⟨U+200B⟩b", id="zero width"),
        pytest.param("a\x00\n\tb", "a⟨U+0000⟩⟨U+000A⟩⟨U+0009⟩b", id="controls"),
        pytest.param("\ud800", "⟨U+D800⟩", id="half a surrogate"),
        pytest.param("𠮷", "𠮷", id="four bytes"),
        pytest.param("甲\ue000\U000f0000", "甲\ue000\U000f0000", id="private use stays"),
        pytest.param("甲\U0002ebf0", "甲\U0002ebf0", id="newer than Python stays"),
        pytest.param("甲\ufffe", "甲⟨U+FFFE⟩", id="no character"),
        pytest.param(12, "12", id="a number"),
    ],
)
def test_visible(sent: str | int, shown: str) -> None:
    assert visible(sent) == shown


@pytest.mark.parametrize(
    ("length", "tail"),
    [
        pytest.param(LONGEST, "长", id="just fits"),
        pytest.param(LONGEST + 1, "…(+1)", id="one too long"),
        pytest.param(500, f"…(+{500 - LONGEST})", id="five hundred"),
    ],
)
def test_shorten(length: int, tail: str) -> None:
    assert shorten("长" * length).endswith("长" * LONGEST + tail if tail != "长" else "长" * LONGEST)


def test_foreign_text_is_escaped_and_isolated() -> None:
    assert foreign("<script>\"'&") == '<bdi class="foreign">&lt;script&gt;&#34;&#39;&amp;</bdi>'


@pytest.mark.parametrize(
    ("part", "whole", "shown"),
    [
        pytest.param(3, 400, "0.75%", id="two places"),
        pytest.param(1, 20_000, "0.01%", id="half up"),
        pytest.param(1, 1_000_000, "<0.01%", id="never nothing"),
        pytest.param(999_999, 1_000_000, ">99.99%", id="never all"),
        pytest.param(4, 4, "100.00%", id="all"),
        pytest.param(0, 4, "0.00%", id="none"),
        pytest.param(0, 0, "–", id="no whole"),
    ],
)
def test_percent(part: int, whole: int, shown: str) -> None:
    assert percent(part, whole) == shown


def test_count() -> None:
    assert count(1234567) == "1,234,567"
