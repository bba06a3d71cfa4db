import base64
import hashlib

import pytest
from jinja2 import UndefinedError

from stable_jobs.rendering.environment import (
    LANGUAGES,
    environment,
    page_name,
    render,
    stylesheet,
)


@pytest.mark.parametrize(
    ("page", "language", "edition", "name"),
    [
        pytest.param("index", "zh", 1, "index.html", id="first language"),
        pytest.param("index", "en", 1, "index.en.html", id="other language"),
        pytest.param("tax", "zh", 2, "tax.2.html", id="second edition"),
        pytest.param("tax", "en", 3, "tax.en.3.html", id="third edition"),
    ],
)
def test_page_name(page: str, language: str, edition: int, name: str) -> None:
    assert page_name(page, language, edition) == name


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        pytest.param("{{ x }}", "&lt;b&gt;", id="plain"),
        pytest.param("{{ _('%(day)s', day=x) }}", "&lt;b&gt;", id="in a sentence"),
        pytest.param("{{ x | foreign }}", '<bdi class="foreign">&lt;b&gt;</bdi>', id="marked foreign"),
    ],
)
def test_everything_is_escaped(source: str, shown: str) -> None:
    assert environment("zh").from_string(source).render(x="<b>") == shown


def test_a_variable_that_is_not_handed_in_is_an_error() -> None:
    with pytest.raises(UndefinedError):
        render("index.html", "zh")


def test_an_unknown_language_is_an_error() -> None:
    with pytest.raises(ValueError, match="zh, en"):
        environment("fr")


def test_the_policy_of_a_page_allows_exactly_its_own_style() -> None:
    digest = base64.b64encode(hashlib.sha256(stylesheet().encode()).digest()).decode()
    source = "{{ stylesheet_hash }}|{{ stylesheet }}"
    assert environment("zh").from_string(source).render() == f"{digest}|{stylesheet()}"


def test_the_style_sheet_names_no_host_and_ends_no_element() -> None:
    assert not {"url(", "@import", "http", "</", "//"} & {
        s for s in ("url(", "@import", "http", "</", "//") if s in stylesheet()
    }


@pytest.mark.parametrize("language", LANGUAGES)
def test_one_night_and_two_nights(language: str) -> None:
    source = "{{ ngettext('failing for %(num)s night', 'failing for %(num)s nights', 2) }}"
    shown = environment(language).from_string(source).render()
    assert shown == {"zh": "已连续 2 夜", "en": "failing for 2 nights"}[language]
