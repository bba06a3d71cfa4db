"""The pages as a browser takes them apart: whole, closed, escaped, in two languages, always the same."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from stable_jobs.contracts.model import DEPARTMENTS
from stable_jobs.report.build import build_report
from stable_jobs.report.comparison import ComparisonFacts
from stable_jobs.report.data import NightReport
from stable_jobs.report.render import file_names, render_edition, render_report
from tests.report.compared_night import COMPARED, a_baseline
from tests.report.report_night import CODE, DROP, HOSTILE, KEY, NAMES, a_night, facts, line

VOID = {"meta", "link", "br", "hr", "img", "input"}
ALLOWED = {
    *("html", "head", "meta", "title", "style", "body", "header", "main", "footer", "nav", "section"),
    *(
        "article",
        "div",
        "figure",
        "h1",
        "h2",
        "h3",
        "p",
        "a",
        "b",
        "small",
        "span",
        "code",
        "bdi",
        "ul",
        "li",
    ),
    *(
        "dl",
        "dt",
        "dd",
        "details",
        "summary",
        "table",
        "caption",
        "thead",
        "tbody",
        "tfoot",
        "tr",
        "th",
        "td",
    ),
    *("svg", "polygon", "polyline", "circle", "rect", "text"),
}


class Page(HTMLParser):
    """Elements in order, their text, and an error where one is not closed as it was opened."""

    def __init__(self, content: bytes) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.texts: list[str] = []
        self.feed(content.decode())
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), (tag, names)
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, self.getpos()

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.texts.append(data)

    @property
    def text(self) -> str:
        return "".join(self.texts)

    def values(self, attribute: str) -> list[str]:
        return [a[attribute] or "" for _, a in self.elements if attribute in a]


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    return render_report(a_night(comparison=COMPARED))


@pytest.fixture(scope="module")
def pages(files: dict[str, bytes]) -> dict[str, Page]:
    return {name: Page(content) for name, content in files.items() if name.endswith(".html")}


def test_the_files_of_an_edition(files: dict[str, bytes]) -> None:
    assert set(files) == set(file_names())
    assert {"index.html", "index.en.html", "validation.json"} < set(files)
    assert {f"{d}{tag}.html" for d in ("comparison", *DEPARTMENTS) for tag in ("", ".en")} < set(files)
    assert len(files) == 15


def test_only_known_elements_and_no_handler_or_inline_style(pages: dict[str, Page]) -> None:
    for name, page in pages.items():
        assert {tag for tag, _ in page.elements} <= ALLOWED, name
        attributes = {a for _, attrs in page.elements for a in attrs}
        assert not {a for a in attributes if a.startswith("on") or a in ("style", "src", "srcset")}, name


def test_nothing_is_loaded_and_every_link_is_a_file_or_place_of_the_report(
    files: dict[str, bytes], pages: dict[str, Page]
) -> None:
    for page in pages.values():
        for href in page.values("href"):
            target, _, anchor = href.partition("#")
            assert target == "" or target in files, href
            if anchor and target:
                assert anchor in pages[target].values("id"), href
    assert not re.search(rb"(?i)https?://(?!evil)|@import|url\(", b"".join(files[n] for n in pages))


def test_ids_are_unique(pages: dict[str, Page]) -> None:
    for name, page in pages.items():
        ids = page.values("id")
        assert len(ids) == len(set(ids)), name


def test_the_policy_forbids_everything_but_the_page_own_style(pages: dict[str, Page]) -> None:
    for page in pages.values():
        policy = next(a["content"] or "" for t, a in page.elements if a.get("http-equiv"))
        assert policy.startswith("default-src 'none'; style-src 'sha256-")
        assert "unsafe" not in policy


@pytest.mark.parametrize(
    "sent", [pytest.param(s, id=s[:20].encode("unicode_escape").decode()) for s in HOSTILE]
)
@pytest.mark.parametrize("name", ["tax.html", "tax.en.html"])
def test_what_departments_send_is_text(
    sent: str, name: str, files: dict[str, bytes], pages: dict[str, Page]
) -> None:
    shown = sent.replace("\u202e", "⟨U+202E⟩")
    shown = shown if len(shown) <= 80 else shown[:80] + "…(+420)"
    assert shown in pages[name].texts
    if "<" in sent:
        assert sent.encode() not in files[name]
    assert "\u202e".encode() not in files[name]


def test_hostile_words_everywhere_else_stay_text() -> None:
    bad = "</style></title><script>alert(1)</script>\u202e"
    named = {code: replace(words, zh=bad, en=bad) for code, words in NAMES.items()}
    report = build_report(replace(facts(names=named), versions={"code": bad}))
    for name, content in render_report(report).items():
        if name.endswith(".html"):
            page = Page(content)
            assert {tag for tag, _ in page.elements} <= ALLOWED
            assert "<script>" not in content.decode()


@pytest.mark.parametrize(
    ("name", "lang", "other", "words"),
    [
        pytest.param(
            "index.html", "zh-CN", "index.en.html", ["7 个地区中有 3 个暂停", "由税务处理"], id="zh"
        ),
        pytest.param(
            "index.en.html", "en", "index.html", ["3 of 7 regions are held", "Owed by Tax"], id="en"
        ),
        pytest.param("tax.html", "zh-CN", "tax.en.html", ["今夜新增", "已连续 5 夜"], id="department zh"),
        pytest.param(
            "tax.en.html", "en", "tax.html", ["new tonight", "failing for 5 nights"], id="department en"
        ),
    ],
)
def test_each_page_in_its_language_with_a_link_to_the_other(
    name: str, lang: str, other: str, words: list[str], pages: dict[str, Page]
) -> None:
    page = pages[name]
    assert next(a for t, a in page.elements if t == "html")["lang"] == lang
    assert other in page.values("href")
    for word in words:
        assert word in page.text


def test_an_english_page_has_no_chinese_but_what_was_sent(pages: dict[str, Page]) -> None:
    ours = [t for t in pages["index.en.html"].texts if re.search("[\u4e00-\u9fff]", t)]
    assert set(ours) <= {"中文", "单位<名称>"}


def test_the_overview_says_first_what_is_held_why_who_owes_and_what_to_do(pages: dict[str, Page]) -> None:
    text = pages["index.html"].text
    places = [
        text.index(w) for w in ("3 个暂停", "通化市", "编码与约定不符", "由税务处理", "请用 GB18030 重新导出")
    ]
    assert places == sorted(places)
    assert places[-1] < text.index("待办事项及责任部门")


def test_demo_values_are_said_and_only_then(pages: dict[str, Page]) -> None:
    assert all("演示" in p.text for n, p in pages.items() if ".en." not in n)
    real = render_report(a_night(is_demo=False))
    assert "演示" not in real["index.html"].decode()


def test_a_department_page_has_its_deliveries_rules_and_orphans(pages: dict[str, Page]) -> None:
    page = pages["tax.html"]
    for word in ("拒收", "暂停", "人工放行", "沿用前次", "未发现问题的规则 1 条", "88,123.45", "372,204"):
        assert word in page.text, word
    assert {f"rule-{CODE}", f"rule-{DROP}", f"rule-{KEY}"} <= set(page.values("id"))
    assert sum("spark" in (a.get("class") or "").split() for t, a in page.elements if t == "svg") == 5


@pytest.mark.parametrize("sent", [pytest.param(s, id=str(i)) for i, s in enumerate(HOSTILE)])
@pytest.mark.parametrize("name", ["comparison.html", "comparison.en.html"])
def test_names_of_units_are_text_on_the_comparison(
    sent: str, name: str, files: dict[str, bytes], pages: dict[str, Page]
) -> None:
    shown = sent.replace("\u202e", "⟨U+202E⟩")
    shown = shown if len(shown) <= 60 else shown[:60] + "…(+440)"
    assert shown in pages[name].texts
    assert "\u202e".encode() not in files[name]


def test_the_comparison_says_against_what_how_many_where_why_and_which(pages: dict[str, Page]) -> None:
    page = pages["comparison.html"]
    text = page.text
    said = [
        "与前一夜比较",
        "2020-05-10",
        "有 1,245 行不同",
        "1,242",
        "+1,234,557.50",
        "西安市",
        "是否按时申请不明",
    ]
    places = [text.index(word) for word in (*said, "西安第一有限公司", "本日此前没有其他认定结果。")]
    assert places == sorted(places)
    assert "待定 → 符合" in text
    assert "– → 1,234,567.00" in text
    assert sum("fill-gone" in (a.get("class") or "") for t, a in page.elements if t == "rect") == 4


def test_a_region_that_is_not_decided_tonight_is_marked(pages: dict[str, Page]) -> None:
    assert pages["comparison.en.html"].text.count("Not decided now: all its rows go") == 1


@pytest.mark.parametrize(
    ("comparison", "words"),
    [
        pytest.param(None, "The comparison did not run tonight", id="did not run"),
        pytest.param(
            ComparisonFacts(None, None), "There is no earlier night to compare with.", id="first night"
        ),
        pytest.param(
            ComparisonFacts(a_baseline(regions=(), reasons=(), largest=()), None),
            "Nothing differs.",
            id="equal",
        ),
    ],
)
def test_what_the_comparison_says_where_there_is_nothing_to_show(
    comparison: ComparisonFacts | None, words: str
) -> None:
    page = Page(render_report(a_night(comparison=comparison))["comparison.en.html"])
    assert words in page.text
    assert "table" not in {tag for tag, _ in page.elements}


def test_every_page_leads_to_the_comparison(pages: dict[str, Page]) -> None:
    assert all("comparison.en.html" in p.values("href") for n, p in pages.items() if ".en." in n)


def test_the_same_night_gives_the_same_bytes(files: dict[str, bytes]) -> None:
    assert render_report(a_night(comparison=COMPARED)) == files


def test_a_night_of_nothing_has_all_pages_too() -> None:
    empty = render_report(build_report(facts(extracts=[], held=[], reconciliation={}, is_demo=False)))
    assert "今夜没有地区参与" in Page(empty["index.html"]).text
    assert len(empty) == 15


def test_a_negative_sum_is_a_number_and_no_drawing() -> None:
    balance = {"610100": line((1, 0, 0, 0), "10.00", orphan="-3.00")}
    page = Page(render_report(a_night(reconciliation=balance))["index.html"])
    assert "-3.00" in page.texts


def test_many_held_regions_do_not_bury_the_rest() -> None:
    names = {f"{n:06d}": NAMES["610100"] for n in range(110100, 110130)}
    held = [replace(facts().held[-1], region_code=code) for code in names]
    page = Page(render_report(a_night(held=held, names=names))["index.html"])
    cards = sum(tag == "article" for tag, _ in page.elements)
    assert cards == 12
    assert "等另 18 个" in page.text


BEFORE, AFTER = a_night(), a_night(comparison=COMPARED)


@pytest.mark.parametrize(
    ("published", "said", "edition"),
    [
        pytest.param({}, BEFORE, 1, id="nothing yet"),
        pytest.param(render_report(BEFORE), BEFORE, 1, id="the same again"),
        pytest.param(render_report(BEFORE), AFTER, 2, id="something changed"),
        pytest.param(render_report(BEFORE) | render_report(AFTER, 2), AFTER, 2, id="the change again"),
        pytest.param(render_report(BEFORE) | render_report(AFTER, 2), BEFORE, 3, id="changed back"),
        pytest.param({"tax.html": render_report(BEFORE)["tax.html"]}, BEFORE, 1, id="half published"),
    ],
)
def test_nothing_published_is_ever_another_file(
    published: dict[str, bytes], said: NightReport, edition: int
) -> None:
    files = render_edition(said, published.get)
    assert files == render_report(said, edition)
    assert all(published[name] == files[name] for name in published.keys() & files.keys())


def test_pages_of_an_edition_link_to_each_other() -> None:
    page = Page(render_report(BEFORE, 2)["index.en.2.html"])
    pages = {href for href in page.values("href") if not href.startswith("#")}
    assert {h.partition("#")[0] for h in pages} <= set(file_names(2))
