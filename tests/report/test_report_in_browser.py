"""The report in a browser: charts are drawn, no request leaves the page, and everybody can read and use it."""

import csv
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from harness import browser as browsers
from harness import report_page
from harness.browser import DESKTOP, PHONE, drawn, opened
from harness.records import event
from harness.report_page import DAY, FIRST_DAY, Report, ReportOn, fill
from harness.warehouse import Sparkify

pytestmark = pytest.mark.skipif(browsers.CHROMIUM is None, reason=browsers.NO_CHROMIUM)

CONTRASTS = """
(selector) => {
  const channels = (color) => color.match(/[\\d.]+/g).map(Number);
  const luminance = (color) => {
    const linear = (c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
    const [r, g, b] = channels(color).map((c) => linear(c / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const found = {};
  for (const mark of document.querySelectorAll(selector)) {
    if (!mark.checkVisibility()) continue;
    const style = getComputedStyle(mark);
    const color = style.fill === "none" || style.fill === "rgba(0, 0, 0, 0)" ? style.stroke : style.fill;
    const [a, b] = [color, getComputedStyle(mark.closest(".figure")).backgroundColor].map(luminance);
    found[color] = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  }
  return found;
}
"""
MARKS = "svg .role-mark:is(.mark-rect, .mark-symbol, .mark-rule) :is(path, line)"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with browsers.running() as running:
        yield running


@pytest.fixture(scope="module")
def report(report_in_duckdb: ReportOn) -> Path:
    return report_in_duckdb("hard").path


def visible(page: Page, question: str) -> str:
    """The selector of a question's figure for the level that is switched on."""
    level = page.evaluate(
        "(id) => [...document.querySelectorAll(`#${id} .variant`)].find((v) => v.checkVisibility()).dataset.level",
        question,
    )
    return f"#{question} .variant[data-level={level}]"


def test_every_chart_is_drawn_for_every_level_and_differs_without_a_complaint_or_a_request(
    browser: Browser, report: Path
) -> None:
    with opened(browser, report) as seen:
        plays, by_day = {}, set()
        for level in ("all", "free", "paid"):
            seen.page.locator(f"label[for=level-{level}]").click()
            drawn(seen.page)
            charts = seen.page.locator(".chart").filter(visible=True)
            assert charts.count() >= 15
            for n in range(charts.count()):
                assert charts.nth(n).locator(".mark-rect path, .mark-symbol path").count() > 0, (level, n)
                assert charts.nth(n).locator("svg").get_attribute("width") != "0"
                assert charts.nth(n).get_attribute("aria-label")
            tiles = seen.page.locator(visible(seen.page, "totals")).locator(".value").all_inner_texts()
            plays[level] = int(tiles[0])
            by_day.add(seen.page.locator(visible(seen.page, "plays_by_day")).locator("svg").inner_html())
        assert plays["all"] == plays["free"] + plays["paid"] == 121
        assert len(by_day) == 3
        assert seen.complaints == []
        assert seen.addresses == [report.as_uri()]


@pytest.mark.parametrize(("plays", "charts"), [("none", 0), ("one", 16)])
def test_nothing_and_next_to_nothing_are_shown_without_a_complaint(
    browser: Browser, report_in_duckdb: ReportOn, plays: str, charts: int
) -> None:
    with opened(browser, report_in_duckdb(plays).path) as seen:
        assert seen.page.locator(".chart svg").filter(visible=True).count() == charts
        assert seen.complaints == []


def test_the_tooltip_of_a_bar_has_its_row_with_the_whole_title(browser: Browser, report: Path) -> None:
    with opened(browser, report) as seen:
        figure = visible(seen.page, "most_played_songs")
        tooltip = seen.page.locator("#vg-tooltip-element.visible")
        texts = []
        for n in range(len(report_page.TITLES) + 1):
            seen.page.locator(f"{figure} .mark-rect path").nth(n).hover()
            tooltip.wait_for()
            texts.append(tooltip.inner_text())
        for title, artist in report_page.TITLES:
            assert any(title in text and artist in text and "Plays" in text for text in texts), title
        assert seen.complaints == []


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_nothing_is_wider_than_the_window(browser: Browser, report: Path, size: tuple[int, int]) -> None:
    with opened(browser, report, size) as seen:
        seen.page.evaluate("document.querySelectorAll('details').forEach((details) => (details.open = true))")
        assert seen.page.evaluate("document.documentElement.scrollWidth") <= size[0]
        too_wide = (
            "[...document.querySelectorAll('.chart svg')].filter((s) => s.clientWidth > s.parentElement.clientWidth)"
        )
        assert seen.page.evaluate(f"{too_wide}.length") == 0


def test_no_label_is_cut_within_a_character(browser: Browser, report: Path) -> None:
    with opened(browser, report, PHONE) as seen:
        for width in range(320, 420, 6):
            seen.page.set_viewport_size({"width": width, "height": 740})
            seen.page.wait_for_timeout(60)
            texts = seen.page.evaluate("[...document.querySelectorAll('svg text')].map((text) => text.textContent)")
            assert [text for text in texts if re.search("[\ud800-\udfff\ufffd]", text)] == []


def test_charts_follow_the_window_also_while_they_are_hidden(browser: Browser, report: Path) -> None:
    with opened(browser, report) as seen:
        seen.page.locator("label[for=level-free]").click()
        drawn(seen.page)
        seen.page.set_viewport_size({"width": 500, "height": 800})
        seen.page.locator("label[for=level-all]").click()
        drawn(seen.page)
        chart = seen.page.locator(f"{visible(seen.page, 'plays_by_day')} .chart")
        width = chart.evaluate("(chart) => chart.clientWidth")
        assert 0 < chart.locator("svg").evaluate("(svg) => svg.getBoundingClientRect().width") <= width


def test_marks_and_texts_of_charts_have_contrast_in_light_and_in_dark(browser: Browser, report: Path) -> None:
    with opened(browser, report) as seen:
        for scheme in ("light", "dark"):
            seen.page.emulate_media(color_scheme=scheme)
            drawn(seen.page)
            marks = seen.page.evaluate(CONTRASTS, f".figure:not(#plays_by_weekday_and_hour) {MARKS}")
            texts = seen.page.evaluate(CONTRASTS, "svg text")
            assert len(marks) >= 4
            assert {color: contrast for color, contrast in marks.items() if contrast < 3} == {}
            assert {color: contrast for color, contrast in texts.items() if contrast < 4.5} == {}
            background = seen.page.evaluate("getComputedStyle(document.body).backgroundColor")
            assert (int(background.split("(")[1].split(",")[0]) < 128) == (scheme == "dark")


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_axe_finds_nothing_serious_in_light_and_in_dark(browser: Browser, report: Path, size: tuple[int, int]) -> None:
    from axe_playwright_python.sync_playwright import Axe

    with opened(browser, report, size) as seen:
        for question in ("totals", "most_played_songs", "plays_by_day", "plays_by_user_agent", "last_runs"):
            for details in seen.page.locator(f"{visible(seen.page, question)} details").all():
                details.locator("summary").click()
        for scheme in ("light", "dark"):
            seen.page.emulate_media(color_scheme=scheme)
            rules = {"runOnly": ["cat.color"]} if scheme == "dark" else {}
            found = Axe().run(seen.page, options={"resultTypes": ["violations"], **rules}).response["violations"]
            grave = [v for v in found if v["impact"] in ("serious", "critical")]
            assert [f"{v['id']}: {v['nodes'][0]['html'][:200]}" for v in grave] == []


def test_days_are_the_same_wherever_the_reader_is(browser: Browser, report: Path) -> None:
    drawings = []
    for place in ("UTC", "America/Los_Angeles", "Pacific/Kiritimati"):
        with opened(browser, report, timezone_id=place) as seen:
            names = ("plays_by_day", "active_users_by_day", "plays_against_four_weeks")
            charts = [seen.page.locator(f"{visible(seen.page, name)} svg").first.inner_html() for name in names]
            drawings.append([re.sub(r'"[^"]*clip\d+[^"]*"', "", chart) for chart in charts])
            seen.page.locator(f"{visible(seen.page, 'plays_by_day')} .mark-rect path").first.hover()
            assert "Thursday 2018-11-01" in seen.page.locator("#vg-tooltip-element.visible").inner_text()
    assert drawings[0] == drawings[1] == drawings[2]


def test_the_page_works_by_keyboard(browser: Browser, report: Path) -> None:
    with opened(browser, report, reduced_motion="reduce") as seen:
        page = seen.page
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.className") == "skip"
        tab_to(page, "level")
        page.keyboard.press("ArrowRight")
        drawn(page)
        assert visible(page, "totals").endswith("[data-level=free]")
        tab_to(page, "SUMMARY")
        page.keyboard.press("Enter")
        details = page.locator(f"{visible(page, 'totals')} details.numbers")
        assert details.get_attribute("open") is not None
        tab_to(page, "DIV")  # the table, which scrolls
        tab_to(page, "SUMMARY")
        page.keyboard.press("Space")
        tab_to(page, "BUTTON")
        page.keyboard.press("Enter")
        page.get_by_role("button", name="Copied the command line").wait_for()
        assert page.evaluate("getComputedStyle(document.documentElement).scrollBehavior") == "auto"


def tab_to(page: Page, name: str) -> None:
    """Press Tab until an element of that tag or name has the focus."""
    for _ in range(30):
        page.keyboard.press("Tab")
        if name in page.evaluate("[document.activeElement.tagName, document.activeElement.name]"):
            return
    raise AssertionError(f"Tab does not reach {name}")


def test_on_paper_it_is_light_and_short_and_has_the_tables_on_demand(browser: Browser, report: Path) -> None:
    with opened(browser, report, color_scheme="dark") as seen:
        page = seen.page
        page.emulate_media(media="print", color_scheme="dark")
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        figure = page.locator(visible(page, "most_played_songs"))
        assert figure.locator("svg").is_visible()
        assert page.get_by_text("The brief compares").first.is_visible()
        assert not figure.locator("table").is_visible()
        assert not figure.locator("pre").first.is_visible()
        assert page.locator("label[for=level-all]").is_visible()
        assert not page.locator("label[for=level-free]").is_visible()
        light = page.evaluate(CONTRASTS, "svg text")
        assert min(light.values()) >= 4.5
        assert pages(page.pdf(format="A4")) <= 3
        page.evaluate("document.documentElement.dataset.print = 'all'; dispatchEvent(new Event('beforeprint'))")
        assert figure.locator("table").is_visible()
        assert not figure.locator("pre").first.is_visible()
        page.evaluate("dispatchEvent(new Event('afterprint'))")
        assert page.locator("details[open]").count() == 0


def pages(pdf: bytes) -> int:
    return len(re.findall(rb"/Type /Page\b(?!s)", pdf))


def test_the_address_holds_what_the_reader_chose_and_can_be_sent(browser: Browser, report: Path) -> None:
    with opened(browser, report) as seen:
        page = seen.page
        bars = f"{visible(page, 'sessions_by_day')} .picture:first-child .mark-rect path"
        whole = page.locator(bars).count()
        page.locator("#period-from").fill("2018-11-05")
        page.locator("#period-to").fill("2018-11-09")
        page.locator("label[for=level-paid]").click()
        drawn(page)
        address = page.url
        assert address.endswith("#level=paid&from=2018-11-05&to=2018-11-09")
        page.locator("nav a[href='#trust']").click()
        assert page.url == address
        chosen = page.locator(f"{visible(page, 'sessions_by_day')} .picture:first-child .mark-rect path")
        assert 0 < chosen.count() <= 5 < whole
        sent = page.context.new_page()
        sent.goto(address)
        drawn(sent)
        assert visible(sent, "totals").endswith("[data-level=paid]")
        assert sent.locator("#period-to").input_value() == "2018-11-09"
        same = sent.locator(f"{visible(sent, 'sessions_by_day')} .picture:first-child .mark-rect path")
        assert same.count() == chosen.count()
        sent.goto(f"{report.as_uri()}#level=nobody&from=yesterday")
        sent.reload()
        drawn(sent)
        assert visible(sent, "totals").endswith("[data-level=all]")
        assert seen.complaints == []


@pytest.mark.parametrize(
    ("grain", "shown"),
    [
        ("day", ("2018-11-14", "2018-11-16")),
        ("week", ("2018-11-12", "2018-11-19")),
        ("month", ("2018-11-01", "2018-12-01")),
    ],
)
def test_the_weeks_or_months_of_the_chosen_days_are_shown_whole(
    browser: Browser, sparkify: Sparkify, grain: str, shown: tuple[str, str]
) -> None:
    fill(sparkify, [event(ts=FIRST_DAY + n * DAY, sessionId=n) for n in range(95)])
    path = Report.made(sparkify, "--by", grain).path
    with opened(browser, path) as seen:
        seen.page.goto(f"{path.as_uri()}#from=2018-11-14&to=2018-11-15")
        seen.page.reload()
        drawn(seen.page)
        edges = "chart => [...views.get(chart).view.scale('x').domain()].map(day => new Date(day).toISOString())"
        domain = seen.page.locator(f"{visible(seen.page, 'plays_by_day')} .chart").evaluate(edges)
        assert [moment[:10] for moment in domain] == [*shown]
        assert seen.complaints == []


def test_days_in_the_wrong_order_are_exchanged_and_no_day_is_left_out(browser: Browser, report: Path) -> None:
    with opened(browser, report) as seen:
        page = seen.page
        fields = [page.locator("#period-from"), page.locator("#period-to")]
        page.goto(f"{report.as_uri()}#from=2018-11-09&to=2018-11-05")
        page.reload()
        drawn(page)
        assert [field.input_value() for field in fields] == ["2018-11-05", "2018-11-09"]
        assert page.url.endswith("#from=2018-11-05&to=2018-11-09")
        bars = f"{visible(page, 'sessions_by_day')} .picture:first-child .mark-rect path"
        assert 0 < page.locator(bars).count() <= 5
        fields[0].fill("2018-11-12")
        assert [field.input_value() for field in fields] == ["2018-11-09", "2018-11-12"]
        assert page.url.endswith("#from=2018-11-09&to=2018-11-12")
        fields[0].fill("")
        assert page.url.endswith("#from=2018-11-09&to=2018-11-12"), "the charts still show these days"
        page.goto(f"{report.as_uri()}#level=nobody&from=2018-10-01&to=2018-11-09")
        page.wait_for_function("location.hash === '#to=2018-11-09'")
        assert seen.complaints == []


def saved(page: Page, question: str, folder: Path) -> tuple[str, list[list[str]]]:
    """The CSV file of a table: its name, and its rows."""
    figure = page.locator(visible(page, question))
    figure.locator("details.numbers summary").click()
    with page.expect_download() as download:
        figure.locator(".csv").click()
    download.value.save_as(folder / "saved.csv")
    with (folder / "saved.csv").open(encoding="utf-8", newline="") as file:
        return download.value.suggested_filename, [*csv.reader(file)]


def test_a_table_can_be_saved_as_csv(browser: Browser, report: Path, tmp_path: Path) -> None:
    with opened(browser, report) as seen:
        name, [head, *rows] = saved(seen.page, "most_played_songs", tmp_path)
        assert name == "most_played_songs_all.csv"
        assert head == ["Title", "Artist name", "Plays", "Listeners", "Matched plays"]
        assert {title for title, *_ in rows} == {"Hello", *(title for title, _ in report_page.TITLES)}
        assert sum(int(row[2]) for row in rows) == 121
        _, rejected = saved(seen.page, "rejected_by_reason", tmp_path)
        assert len(rejected) == 1, "without rows there is the header only"


def test_a_saved_table_tells_null_from_a_dash_and_from_nothing(
    browser: Browser, sparkify: Sparkify, tmp_path: Path
) -> None:
    own = sparkify.folder / "questions"
    own.mkdir()
    (own / "texts.sql").write_text(
        "-- Which texts?\nselect 1 as n, '–' as text union all select 2, null union all select 3, '' "
        "union all select 9007199254740993, '#1' order by n"
    )
    sparkify.configure(more=f"[REPORT]\nQUESTIONS = {own}")
    fill(sparkify, [event()])
    with opened(browser, Report.made(sparkify).path) as seen:
        with seen.page.expect_download() as download:
            seen.page.locator("#texts .csv").click()
        download.value.save_as(tmp_path / "texts.csv")
    assert (tmp_path / "texts.csv").read_text() == 'N,Text\n1,–\n2,\n3,""\n9007199254740993,"#1"\n'


def test_a_long_table_is_saved_with_all_its_rows_and_exact_values(
    browser: Browser, sparkify: Sparkify, tmp_path: Path
) -> None:
    plays = [
        event(
            ts=FIRST_DAY + n // 3 * DAY, sessionId=n, song="Hello" if n % 3 else f"{n}", userAgent=f"Browser {n // 3}"
        )
        for n in range(3 * 450)
    ]
    fill(sparkify, plays)
    with opened(browser, Report.made(sparkify, "--level", "paid", "--by", "day").path) as seen:
        for name in ("matched_by_day", "plays_by_user_agent"):  # a chart shows these rows; none does
            answer = csv.reader(sparkify.command("query", name, "--level", "paid", "--format", "csv").out.splitlines())
            _, [_, *rows] = saved(seen.page, name, tmp_path)
            assert len(rows) == 450
            assert [*map(as_numbers, rows)] == [*map(as_numbers, answer)][1:]
            assert seen.page.locator(f"#{name} tbody tr").count() == 450
        assert seen.complaints == []


def as_numbers(fields: list[str]) -> list[str | float]:
    """A line of CSV; Python and JavaScript write the same number differently: `1.0`, `1`."""
    return [float(field) if re.fullmatch(r"[\d.]+", field) else field for field in fields]


def test_without_javascript_the_numbers_and_the_switch_remain(browser: Browser, report: Path) -> None:
    with opened(browser, report, java_script_enabled=False) as seen:
        page = seen.page
        assert page.locator("noscript p").is_visible()
        page.locator("label[for=level-paid]").click()
        figure = page.locator("#most_played_songs .variant[data-level=paid]")
        figure.locator("summary").first.click()
        assert figure.locator("table").is_visible()
        assert not page.locator("#most_played_songs .variant[data-level=all]").is_visible()


def test_a_long_table_is_completed_when_it_is_opened(browser: Browser, sparkify: Sparkify) -> None:
    days = [event(ts=FIRST_DAY + n * DAY, sessionId=n, userId=str(n % 9)) for n in range(450)]
    fill(sparkify, days)
    with opened(browser, Report.made(sparkify, "--level", "paid", "--by", "day").path) as seen:
        details = seen.page.locator("#matched_by_day details.numbers")
        assert "These are the first 100 of 450 rows" in (details.text_content() or "")
        details.locator("summary").click()
        rows = details.locator("tbody tr")
        rows.nth(449).wait_for()
        assert rows.count() == 450
        assert rows.nth(449).inner_text().split() == ["2020-01-24", "1", "1", "100", "%"]
        assert not details.locator(".cut").count()
        assert seen.complaints == []
