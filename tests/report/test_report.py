"""The report holds what the questions answer, says it in words, and needs nothing but itself."""

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import altair
import pytest
import vl_convert
from hypothesis import given
from hypothesis import strategies as st

from harness import report_page
from harness.answers import connected
from harness.paths import REAL_DATA, ROOT
from harness.records import event
from harness.report_page import DAY, FIRST_DAY, Page, Report, ReportOn, Variant, fill
from harness.warehouse import Sparkify
from sparkify import dictionary, questions, sql_queries
from sparkify.own_questions import OwnQuestion
from sparkify.questions import Filter, Question
from sparkify.report import comparison, drawings, embedded, grains, tables, words
from sparkify.report.answers import AnsweredQuestion, ReportContext
from sparkify.report.chapters import CHAPTERS, songs, times, user_agents
from sparkify.sample import write_sample

QUESTIONS = [figure.question for chapter in CHAPTERS for figure in chapter.figures]
NOW = datetime(2018, 12, 1, 12)
PLAIN = {ord("\u2068"): None, ord("\u2069"): None, ord("\u00a0"): " "}
"""Removes isolates, and turns no-break spaces into spaces."""


@pytest.fixture(scope="module", params=["duckdb", "redshift"])
def report_on(request: pytest.FixtureRequest) -> ReportOn:
    report_in_engine: ReportOn = request.getfixturevalue(f"report_in_{request.param}")
    return report_in_engine


@pytest.fixture
def report(report_on: ReportOn) -> Report:
    return report_on("hard")


@pytest.fixture
def filled(report: Report) -> Sparkify:
    return report.sparkify


@pytest.fixture
def page(report: Report) -> Page:
    return report.page


def sentence(name: str, rows: list[tuple[Any, ...]], by: str = "day") -> str:
    """The sentence of a figure for an answer that no warehouse gave, in a report on 1,000 plays.

    The warehouse has plays from the evening of 31 October on, until the noon of 1 December.
    """
    columns = tuple(dictionary.question_columns(name))
    extent = {"first_play": datetime(2018, 10, 31, 21), "last_play": NOW}
    context = ReportContext(Filter(by=by), {"plays": 1_000, "last_play": NOW - timedelta(days=2)}, extent, NOW)
    kinds = ("BIGINT",) * len(columns)
    answer = AnsweredQuestion(Question(name), context, context.filter, columns, kinds, tuple(rows))
    [figure] = [figure for chapter in CHAPTERS for figure in chapter.figures if figure.question == name]
    return figure.sentence(answer).translate(PLAIN)


def shown(page: Page) -> list[tuple[str, str, Variant]]:
    """Every question and level with what the page shows for it."""
    return [(name, level, page.figures[name][level]) for name in QUESTIONS for level in page.figures[name]]


def test_every_table_is_the_answer_to_its_question_for_every_level(filled: Sparkify, page: Page) -> None:
    with connected(filled) as engine, engine.snapshot():
        for name, level, variant in shown(page):
            chosen = Filter(level=level if level in ("free", "paid") else None)
            answer = questions.ask(engine, Question(name), chosen)
            rows = [*answer.rows]
            assert variant.head == [words.label(column) for column in answer.columns], name
            assert len(variant.rows) == max(len(rows), 1), name
            assert (variant.answer["rows"] if rows else []) == [[*map(embedded.exact, row)] for row in rows], name
            for cells, row in zip(variant.rows, rows, strict=bool(rows)):
                for column, text, value in zip(answer.columns, cells, row, strict=True):
                    assert text == in_a_cell(column, value), f"{name} {level}: {column}"


def in_a_cell(column: str, value: Any) -> str:
    """How a cell shows a value of an answer: numbers with two decimals, times to the second."""
    if value is None:
        return "–"
    if column.endswith("_share"):
        return words.share(value, 1)
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}"
    return str(value) if isinstance(value, str | date) or column.endswith("_id") else words.number(value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        (2**53 - 1, 2**53 - 1),
        (2**53, "9007199254740992"),
        (1 / 3, 1 / 3),
        (float("inf"), "inf"),
        (Decimal("1E+3"), "1000"),
        (date(2018, 11, 1), "2018-11-01"),
        (datetime(2018, 11, 1, 12, 0, 0, 500_000), "2018-11-01 12:00:00.5"),
        ("–", "–"),
    ],
)
def test_the_page_holds_exact_values_in_types_of_json(value: Any, expected: Any) -> None:
    assert embedded.exact(value) == expected


def test_the_numbers_are_those_of_sql_by_hand(filled: Sparkify, page: Page) -> None:
    plays = "songplays where level = 'paid'"
    [[total, listeners, sessions]] = filled.query(
        f"select count(*), count(distinct user_id), count(distinct session_id) from {plays}"
    )
    assert page.figures["totals"]["paid"].numbers[0][:3] == (total, listeners, sessions)
    by_hour = filled.query("select date_part('dow', start_time), date_part('hour', start_time) from songplays")
    shown = {(weekday, hour): n for weekday, hour, n, *_ in page.figures["plays_by_weekday_and_hour"]["all"].numbers}
    assert shown == {hour: by_hour.count(hour) for hour in by_hour}
    titles = [title for [title] in filled.query(f"select title from {plays}")]
    matched = [title for [title] in filled.query(f"select title from {plays} and song_id is not null")]
    songs = {row[0]: (row[2], row[4]) for row in page.figures["most_played_songs"]["paid"].numbers}
    assert songs == {title: (titles.count(title), matched.count(title)) for title in titles}


def test_charts_are_drawn_from_the_rows_of_the_table(page: Page) -> None:
    for name, count in {
        "plays_by_day": "plays",
        "most_played_songs": "plays",
        "sessions_by_length": "sessions",
    }.items():
        for variant in page.figures[name].values():
            at = variant.chart["columns"].index(count)
            drawn = [row[at] for row in variant.chart["rows"]]
            assert drawn == [row[2 if name == "most_played_songs" else -1] for row in variant.numbers]


def test_every_figure_has_its_query_as_sql_with_values_and_as_a_command_line(filled: Sparkify, page: Page) -> None:
    for name, level, variant in shown(page):
        option = f" --level {level}" if level in ("free", "paid") else ""
        assert variant.codes[0] == f"sparkify query {name}{option}"
    to_run = shown(page)
    if filled.engine == "redshift":  # the stand-in takes a tenth of a second to parse a statement
        for name, level, variant in to_run:
            if level != "any":
                as_paid = re.sub(rf"'{level}'(?= in \('all', |\s+when 'free')", "'paid'", variant.codes[1])
                assert as_paid == page.figures[name]["paid"].codes[1], "what is run for one level can be run for all"
        to_run = [(name, level, variant) for name, level, variant in to_run if level in ("any", "paid")]
    statements = [variant.codes[1].removesuffix(";") for _, _, variant in to_run]
    for rows, (name, _, variant) in zip(filled.queries(statements), to_run, strict=True):
        assert len(variant.rows) == max(len(rows), 1), name


def test_what_does_not_depend_on_the_level_is_there_once(page: Page) -> None:
    by_level = {name: list(variants) for name, variants in page.figures.items()}
    assert by_level["freshness"] == by_level["rejected_by_reason"] == by_level["last_runs"] == ["any"]
    assert by_level["totals"] == by_level["plays_by_city"] == ["all", "free", "paid"]


def test_hard_titles_are_whole_in_tables_and_tooltips_and_shortened_in_labels(page: Page) -> None:
    variant = page.figures["most_played_songs"]["all"]
    titles = {row[0] for row in variant.rows} - {"Hello"}
    assert titles == {title for title, _ in report_page.TITLES}
    chart = variant.chart
    drawn = [dict(zip(chart["columns"], row, strict=True)) for row in chart["rows"]]
    assert {row["title"] for row in drawn if row["catalogue"] == songs.MISSING} == titles
    assert [row["title"] for row in drawn if row["catalogue"] == songs.KNOWN] == ["Hello"]
    labels = {row["title"]: row["label"].translate(PLAIN) for row in drawn}
    assert labels[report_page.LONG].startswith(report_page.LONG[:50])
    assert labels[report_page.LONG].endswith("… – Long")
    assert labels[report_page.ARABIC[0]] == " – ".join(report_page.ARABIC)
    assert labels[report_page.EMOJI] == f"{report_page.EMOJI[: words.SHORT - 1]}… – 🎸"


def test_a_title_with_a_script_in_it_is_text(report: Report, page: Page) -> None:
    assert "<script>alert(1)" not in report.html
    assert "<img src=x" not in report.html
    data = sum(bool(variant.data) for variants in page.figures.values() for variant in variants.values())
    assert page.scripts == data + 3  # the configuration, Vega and the program
    assert "49" not in {cell for row in page.figures["most_played_songs"]["all"].rows for cell in row[:2]}


def test_the_page_asks_the_network_for_nothing_and_says_so_to_the_browser(report: Report, page: Page) -> None:
    assert all(address.startswith("#") for address in page.addresses)
    html = report.html
    assert "default-src 'none'" in html
    assert "unsafe-eval" not in html.partition("<script")[0]
    assert "@import" not in html.partition("</style>")[0]
    assert "url(" not in html.partition("</style>")[0]


def test_headings_are_in_order(page: Page) -> None:
    assert page.headings[0] == 1
    assert page.headings.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(page.headings))


def test_the_page_says_period_and_time_and_no_place(filled: Sparkify, report: Report, page: Page) -> None:
    assert "2018-11-01 to 2018-12-07 (UTC), all there is" in page.text
    assert re.search(r"Made\s*\d{4}-\d\d-\d\d \d\d:\d\d \(UTC\)", page.text)
    assert str(filled.folder) not in report.html
    assert "localhost" not in report.html
    assert "127.0.0.1" not in report.html


@pytest.mark.parametrize(
    ("options", "levels", "period"),
    [
        ("--from 2018-11-02 --to 2018-11-05", ["all", "free", "paid"], "2018-11-02 to 2018-11-05 (UTC)"),
        ("--from 2018-11-02 --level paid", ["paid"], "from 2018-11-02 on (UTC)"),
        ("--to 2018-11-05 --level paid", ["paid"], "up to 2018-11-05 (UTC)"),
    ],
)
def test_a_period_keeps_the_report_to_its_days(filled: Sparkify, options: str, levels: list[str], period: str) -> None:
    page = Report.made(filled, *options.split()).page
    assert period in page.text
    assert list(page.figures["plays_by_day"]) == levels
    for variant in page.figures["plays_by_day"].values():
        days = [row[0] for row in variant.rows]
        assert min(days) >= ("2018-11-02" if "--from" in options else "")
        assert max(days) <= ("2018-11-05" if "--to" in options else "3000")
    level = "" if "--level" in options else " --level paid"
    assert page.figures["totals"]["paid"].codes[0] == f"sparkify query totals {options}{level}"


def test_a_level_makes_a_report_on_that_level_alone(filled: Sparkify, page: Page) -> None:
    free = Report.made(filled, "--level", "free").page
    assert list(free.figures["totals"]) == ["free"]
    assert free.figures["totals"]["free"].rows == page.figures["totals"]["free"].rows
    assert "All listeners" not in free.text
    assert re.search(r"Listeners\s*Free", free.text)


def test_a_period_without_plays_says_so(filled: Sparkify) -> None:
    page = Report.made(filled, "--from", "2030-01-01").page
    assert page.figures["totals"]["all"].finding == "There are no plays in this period."
    assert page.figures["most_played_songs"]["free"].finding == "There are no plays of free listeners in this period."
    assert not page.figures["most_played_songs"]["all"].data


def test_an_empty_warehouse_says_in_every_figure_that_there_is_nothing(sparkify: Sparkify) -> None:
    page = Report.made(sparkify).page
    assert list(page.figures) == QUESTIONS
    for name, variants in page.figures.items():
        for variant in variants.values():
            assert re.search(r"\b(no|none|nothing|nobody|0 changes)\b", variant.finding, re.IGNORECASE), name
            assert not (variant.data and variant.answer["specs"]), name


def test_one_play_makes_a_whole_report(report_on: ReportOn) -> None:
    page = report_on("one").page
    figures = {name: variants.get("all") for name, variants in page.figures.items()}
    songs, hours, totals = figures["most_played_songs"], figures["plays_by_weekday_and_hour"], figures["totals"]
    assert songs
    assert songs.finding.translate(PLAIN) == "“Hello” by Adele is the only one, with 1 play, 100 % of all."
    assert hours
    assert hours.finding == "No hour of the week stands out."
    assert totals
    assert totals.finding.translate(PLAIN).startswith(
        "1 play by 1 listener in 1 session, on Thursday 2018-11-22 (UTC); 100 %"
    )
    assert comparison.NOTHING in page.text
    assert page.figures["totals"]["free"].finding == "There are no plays of free listeners in the warehouse yet."


@pytest.mark.parametrize("moment", [datetime(1, 1, 1), datetime(1970, 1, 1), datetime(9999, 12, 31, 23, 59)])
def test_a_play_at_an_end_of_time_makes_a_report(sparkify: Sparkify, moment: datetime) -> None:
    moments = [moment, moment - timedelta(days=1)] if moment.year > 1970 else [moment, moment + timedelta(days=1)]
    times = [round((each - datetime(1970, 1, 1)) / timedelta(milliseconds=1)) for each in moments]
    fill(sparkify, [event(ts=ts, sessionId=n) for n, ts in enumerate(times)])
    first, last = min(moments).date(), max(moments).date()
    days = Report.made(sparkify, "--from", str(first), "--to", str(last)).page.figures["plays_by_day"]["all"]
    assert [row[2] for row in days.numbers] == [1, 1]
    for by in questions.GRAINS:
        page = Report.made(sparkify, "--by", by).page
        assert sum(row[2] for row in page.figures["plays_by_day"]["all"].numbers) == 2
    fill(sparkify, [event(ts=FIRST_DAY, sessionId=7)])
    assert Report.made(sparkify, "--force").page.figures["totals"]["all"].numbers[0][0] == 3


def test_user_agents_are_grouped_with_and_without_their_quotes(page: Page) -> None:
    variant = page.figures["plays_by_user_agent"]["all"]
    rows = [dict(zip(variant.chart["columns"], row, strict=True)) for row in variant.chart["rows"]]
    drawn = {(row["kind"], row["name"]): row["plays"] for row in rows}
    assert drawn == {
        ("browser", "Chrome"): 80,
        ("browser", "Firefox"): 40,
        ("browser", "unknown"): 1,
        ("system", "Windows"): 80,
        ("system", "Mac OS X"): 40,
        ("system", "unknown"): 1,
    }
    assert sum(row[1] for row in variant.numbers) == 121
    assert variant.finding.translate(PLAIN) == (
        "Among browsers, Chrome leads with 80 plays (66.1 %); among systems, Windows leads with 80 plays (66.1 %)."
    )


def test_unrecognised_user_agents_are_unknown() -> None:
    assert user_agents.browser_and_system(None) == user_agents.browser_and_system("?") == ("unknown", "unknown")


def test_the_real_data_make_a_page_below_three_megabytes(sparkify: Sparkify, tmp_path: Path) -> None:
    folder = REAL_DATA
    if not folder.is_dir():
        folder = tmp_path / "sample"
        write_sample(folder, songs=500, events=8_000, seed=3)
    sparkify.configure(store=str(folder))
    sparkify.loaded()
    report = Report.made(sparkify)
    assert report.path.stat().st_size < 3_000_000
    [[plays]] = sparkify.query("select count(*) from songplays")
    assert report.page.figures["totals"]["all"].numbers[0][0] == plays


def test_two_thousand_days_make_a_page_below_three_megabytes_and_no_table_is_cut_in_silence(
    sparkify: Sparkify,
) -> None:
    agents = [f"Browser/{n} (a user agent as long as those that browsers send today {'.' * 40})" for n in range(2_000)]
    plays = [
        event(ts=FIRST_DAY + day * DAY, sessionId=day, userId=str(day % 50), level=level, userAgent=agents[day])
        for day in range(2_000)
        for level in ("free", "paid")
    ]
    for n, play in enumerate(plays):
        play["itemInSession"] = n % 2
    fill(sparkify, plays)
    report = Report.made(sparkify, "--by", "day")
    page = report.page
    assert report.path.stat().st_size < 3_000_000
    variant = page.figures["plays_by_day"]["all"]
    assert len(variant.chart["rows"]) == 4_000
    assert variant.answer["isComplete"]
    assert len(page.figures["plays_by_user_agent"]["all"].answer["rows"]) == 2_000
    assert len(variant.rows) == tables.FIRST_ROWS
    assert "These are the first 100 of 4,000 rows; the query below gives all." in page.text
    assert "These are the first 100 of 2,000 rows; the query below gives all." in page.text


@pytest.mark.parametrize(
    ("name", "rows", "expected"),
    [
        (
            "most_played_songs",
            [("A", "X", 50, 1, 0), ("B", "Y", 40, 1, 40)],
            "“A” by X leads with 50 plays, 5 % of all. Of these 2, 1 is not in the catalogue.",
        ),
        (
            "most_played_songs",
            [("A", "X", 29, 1, 29), ("B", "Y", 4, 1, 4)],
            "No song stands out: none has more than 29 plays. Of these 2, none is not in the catalogue.",
        ),
        (
            "most_played_songs",
            [("A", "X", 50, 1, 0), (None, None, 50, 1, 0), ("C", "Z", 1, 1, 1)],
            "“A” by X leads with 50 plays, 5 % of all; the song of 50 plays, 5 %, is not known. "
            "Of these 3, 2 are not in the catalogue.",
        ),
        (
            "most_played_songs",
            [("A", None, 50, 1, 0), (None, "Y", 49, 1, 0)],
            "“A” by an unknown artist leads with 50 plays, 5 % of all. Of these 2, 2 are not in the catalogue.",
        ),
        (
            "most_played_songs",
            [(None, c, 5, 1, 0) for c in "ABCDEFGHIJ"],
            "The song of the first 10 is not known. Of these 10, 10 are not in the catalogue.",
        ),
        (  # there may be more of them behind the tenth row
            "most_played_songs",
            [*((None, c, 50, 1, 0) for c in "ABC"), *((c, "X", 40, 1, 0) for c in "DEFGHIJ")],
            "At least 7 songs share the first place, with 40 plays each, 4 % of all; the song of at least 150 plays, "
            "15 %, is not known. Of these 10, 10 are not in the catalogue.",
        ),
        ("most_played_artists", [(None, 1, 90, 1)], "The artist of these plays is not known."),
        (
            "most_played_artists",
            [("", 1, 90, 1), ("\u00a0", 1, 50, 1), ("X", 1, 40, 1), ("Y", 1, 40, 1)],
            "X and Y lead with 40 plays each, 4 % of all; the artist of 140 plays, 14 %, is not known.",
        ),
        (
            "most_active_users",
            [("7", " ", "", "free", 90, 1), ("8", None, "X", "free", 40, 1)],
            "User 7 leads with 90 plays, 9 % of all.",
        ),
        (
            "plays_by_state",
            [(None, 700, 0), ("NY", 200, 9), ("CA", 100, 9)],
            "NY leads with 200 plays, 20 % of all; the state of 700 plays, 70 %, is not known.",
        ),
        (
            "plays_by_city",
            [(None, None, 900, 0), ("Guam", None, 100, 9)],
            "Guam leads with 100 plays, 10 % of all; the city of 900 plays, 90 %, is not known.",
        ),
        (
            "plays_by_user_agent",
            [(None, 900, 0), ("Mozilla/5.0 (Windows NT 5.1; rv:31.0) Gecko/20100101 Firefox/31.0", 100, 9)],
            "Among browsers, Firefox leads with 100 plays (10 %), while that of 900 plays (90 %) is not known; among "
            "systems, Windows leads with 100 plays (10 %), while that of 900 plays (90 %) is not known.",
        ),
        ("plays_by_user_agent", [(None, 900, 0)], "Among browsers, none is known; among systems, none is known."),
        (
            "most_played_artists",
            [(c, 1, 40, 1) for c in "ABCDEFGHIJ"],
            "At least 10 artists share the first place, with 40 plays each, 4 % of all.",
        ),
        (  # the eleventh artist may have as many plays
            "most_played_artists",
            [*((c, 1, 40, 1) for c in "ABCDEFGHI"), (None, 1, 40, 1)],
            "At least 9 artists share the first place, with 40 plays each, 4 % of all; "
            "the artist of 40 plays, 4 %, is not known.",
        ),
        (
            "plays_by_city",
            [*((c, "NY", 30, 1) for c in "ABCD"), ("E", None, 1, 1)],
            "4 cities share the first place, with 30 plays each, 3 % of all.",
        ),
        ("plays_by_state", [("NY", 12, 1), ("CA", 2, 1)], "No state stands out: none has more than 12 plays."),
        ("most_active_users", [], "Nobody who was logged in played anything here."),
        (
            "plays_by_day",
            [(date(2018, 11, 1), "free", 30), (date(2018, 11, 1), "paid", 10), (date(2018, 11, 2), "paid", 40)],
            "80 plays in 32 days (30 without a play), 62.5 % of them of paid listeners; "
            "the most on Thursday 2018-11-01 and on Friday 2018-11-02: 40 plays each.",
        ),
        (
            "plays_by_day",
            [(date(2018, 11, 1), "paid", 10), (date(2018, 11, 1), "trial", 10), (date(2018, 11, 1), None, 20)],
            "40 plays in 32 days (31 without a play), 25 % of them of paid listeners "
            "and 50 % of listeners of unknown level.",
        ),
        (  # the warehouse does not have all of the first and of the last day
            "plays_by_day",
            [(date(2018, 10, 31), "free", 90), (date(2018, 11, 1), "free", 31), (date(2018, 11, 2), "free", 30)],
            "151 plays in 32 days (29 without a play), 0 % of them of paid listeners; "
            "the most on Thursday 2018-11-01: 31 plays.",
        ),
        (
            "plays_by_day",
            [(date(2018, 11, 29), "paid", 31), (date(2018, 11, 30), "paid", 30), (date(2018, 12, 1), "paid", 90)],
            "151 plays in 32 days (29 without a play), 100 % of them of paid listeners; "
            "the most on Thursday 2018-11-29: 31 plays.",
        ),
        (
            "plays_by_day",
            [(date(2018, 11, 1), "free", 29), (date(2018, 11, 2), "free", 1)],
            "30 plays in 32 days (30 without a play), 0 % of them of paid listeners.",
        ),
        (  # of five Fridays each has fewer plays than each of four Tuesdays
            "plays_by_weekday_and_hour",
            [(5, 20, 100, 5, 20.0), (2, 8, 90, 4, 22.5)],
            "The busiest: Tuesday from 8:00 to 9:00 (UTC), with 22.5 plays on average of 4 Tuesdays.",
        ),
        (
            "plays_by_weekday_and_hour",
            [(5, 20, 54, 1, 54.0), (2, 8, 30, 1, 30.0)],
            "The busiest: Friday from 20:00 to 21:00 (UTC), with 54 plays.",
        ),
        (
            "plays_by_weekday_and_hour",
            [(5, 20, 30, 5_000, 0.006), (2, 8, 1, 5_000, 0.0002)],
            "The busiest: Friday from 20:00 to 21:00 (UTC), with under 0.1 plays on average of 5,000 Fridays.",
        ),
        (
            "plays_by_weekday_and_hour",
            [(5, 20, 29, 1, 29.0), (2, 8, 3, 1, 3.0)],
            "No hour of the week stands out.",
        ),
        (
            "active_users_by_day",
            [(date(2018, 11, 1), "free", 30), (date(2018, 11, 2), "free", 35), (date(2018, 11, 2), "paid", 1)],
            "2.2 free listeners and under 0.1 paid listeners a day, on average of 30 whole days.",
        ),
        (  # the warehouse does not have all of the first and of the last day
            "active_users_by_day",
            [
                (date(2018, 10, 31), "free", 500),
                *((date(2018, 11, n + 1), level, n // 29) for n in range(30) for level in ("free", None)),
                (date(2018, 12, 1), "free", 500),
            ],
            "Under 0.1 free listeners and under 0.1 listeners of unknown level a day, on average of 30 whole days.",
        ),
        (
            "active_users_by_day",
            [(date(2018, 11, n + 1), level, 1) for n in range(30) for level in ("paid", None)],
            "1 paid listener and 1 listener of unknown level a day, on average of 30 whole days.",
        ),
        (
            "sessions_by_day",
            [(date(2018, 11, 1), 100, 101, 1.01)],
            "100 sessions with 1 play on average.",
        ),
        (
            "level_changes",
            [(date(2018, 11, 1), 3, 1)],
            "3 changes to paid, 1 change back to free: 2 more to paid than back.",
        ),
        (
            "level_changes",
            [(date(2018, 11, 1), 1, 1)],
            "1 change to paid, 1 change back to free: as many of both.",
        ),
        (
            "level_changes",
            [(date(2018, 11, 1), 1, 1_001)],
            "1 change to paid, 1,001 changes back to free: 1,000 more back than to paid.",
        ),
        ("level_changes", [], "Nobody changes level here."),
        (  # in the first month everybody appears for the first time
            "new_and_returning_users",
            [(date(2018, 11, 1), 90, 0), (date(2018, 11, 30), 1, 2)],
            "Nobody is called new before 2018-12-01: the first whole day of the data is 2018-11-01, and listeners who "
            "appear within 30 days from then on may have listened before.",
        ),
        (
            "new_and_returning_users",
            [(date(2018, 11, 1), 90, 0), (date(2018, 12, 1), 3, 2), (date(2018, 12, 2), 1, 2)],
            "4 listeners are new from 2018-12-01 on. "
            "Nobody is called new before 2018-12-01: the first whole day of the data is 2018-11-01, and listeners who "
            "appear within 30 days from then on may have listened before.",
        ),
        ("new_and_returning_users", [(date(2018, 12, 2), 1, 2)], "1 listener is new."),
        ("new_and_returning_users", [(date(2018, 12, 2), 0, 2)], "Nobody is new."),
        (  # classes of one length and of four lengths cannot be compared
            "sessions_by_length",
            [(1, 1, 20), (2, 5, 60), (6, 10, 15), (51, None, 5)],
            "Of 100 sessions, 80 % have at most 5 plays, 5 % more than 50.",
        ),
        (
            "plays_against_four_weeks",
            [(date(2018, 11, 1), 5, None)],
            "No whole day here has four weeks of plays before it, so none can be compared yet.",
        ),
        (
            "plays_against_four_weeks",
            [(date(2018, 11, 29), 45, 60.5), (date(2018, 11, 30), 70, 70.0), (date(2018, 12, 1), 7, 70.0)],
            "2 whole days can be compared; "
            "furthest below the usual is Thursday 2018-11-29 with 45 plays where 60 are usual.",
        ),
        (
            "plays_against_four_weeks",
            [(date(2018, 11, 29), 2, 12.5)],
            "1 whole day can be compared; none of them has or usually has 30 plays, and fewer tell little.",
        ),
        (
            "plays_against_four_weeks",
            [(date(2018, 11, 29), 37, 37.25), (date(2018, 11, 30), 41, 40.75)],
            "2 whole days can be compared; none differs from the usual.",
        ),
        (
            "matched_by_day",
            [(date(2018, 11, 1), 100, 10, 0.1), (date(2018, 11, 2), 100, 0, 0.0), (date(2018, 11, 3), 29, 29, 1.0)],
            "39 of 229 plays (17 %) are of songs in the catalogue; "
            "the share of a whole day is between 0 % (Friday 2018-11-02) and 10 % (Thursday 2018-11-01).",
        ),
        (
            "matched_by_day",
            [(date(2018, 11, 1), 10_000, 1_000, 0.1), (date(2018, 11, 2), 10_000, 1_001, 0.1001)],
            "2,001 of 20,000 plays (10 %) are of songs in the catalogue.",
        ),
        (
            "freshness",
            [("events", 2, 9, NOW - timedelta(hours=50)), ("songs", 1, 1, NOW - timedelta(minutes=5))],
            "The last events were loaded 2 days ago and the last songs were loaded 5 minutes ago; "
            "the last play in this report was 2 days ago.",
        ),
        ("freshness", [], "Nothing has been loaded yet."),
        (
            "rejected_by_reason",
            [("not a number", "ts", 3, 1), ("no JSON", None, 1, 1)],
            "4 records are rejected, most often for “not a number” in column ts (3).",
        ),
        (
            "last_runs",
            [
                (2, NOW - timedelta(hours=3), None, "failed", 0, 0, 0, 0, 0, 0, 0, "no room"),
                (1, NOW - timedelta(days=1), NOW, "done", 1, 1, None, 1, 0, None, None, None),
            ],
            "The last run, begun 3 hours ago, failed. Of the last 2 runs, 1 failed or was killed.",
        ),
        (
            "last_runs",
            [(1, NOW - timedelta(hours=3), None, "done", 1, 1, 0, 1, 0, 2, 0, None)],
            "The last run, begun 3 hours ago, is done. 2 texts of these runs ended in blanks or were encoded twice.",
        ),
        (
            "last_runs",
            [(1, NOW - timedelta(hours=3), None, "done", 1, 1, 0, 1, 0, 1, 0, None)],
            "The last run, begun 3 hours ago, is done. 1 text of these runs ended in blanks or was encoded twice.",
        ),
    ],
)
def test_a_sentence_says_what_the_rows_say(name: str, rows: list[tuple[Any, ...]], expected: str) -> None:
    assert sentence(name, rows) == expected


@pytest.mark.parametrize(
    ("part", "whole", "expected"),
    [(0, 5, "0 %"), (1, 3, "33.3 %"), (1, 100_000, "under 0.1 %"), (99_999, 100_000, "over 99.9 %"), (5, 5, "100 %")],
)
def test_a_share_is_none_or_all_only_when_it_is(part: int, whole: int, expected: str) -> None:
    assert words.share(part, whole).translate(PLAIN) == expected


def test_weeks_and_months_are_named_and_whole_ones_alone_compared() -> None:
    weeks = [(date(2018, 10, 29), "free", 900), (date(2018, 11, 5), "free", 80), (date(2018, 11, 12), "free", 70)]
    assert sentence("plays_by_day", weeks, by="week") == (
        "1,050 plays in 32 days (2 weeks without a play), 0 % of them of paid listeners; "
        "the most in the week from 2018-11-05: 80 plays."
    )
    months = [(date(2018, 10, 1), "free", 900), (date(2018, 11, 1), "free", 80)]
    assert (
        sentence("plays_by_day", months, by="month")
        == "980 plays in 32 days (1 month without a play), 0 % of them of paid listeners."
    )


def test_listeners_who_were_new_before_the_period_are_not_new_in_it(sparkify: Sparkify) -> None:
    """The week in which the period begins, on its Wednesday, has one who was new on Tuesday, and one on Thursday."""
    played = {"old": [0, 43], "tuesday": [40, 43], "thursday": [42], "later": [50]}
    fill(sparkify, [event(userId=user, ts=FIRST_DAY + day * DAY) for user, days in played.items() for day in days])
    chosen = ("--from", "2018-12-12", "--to", "2018-12-25", "--by", "week")
    new = Report.made(sparkify, *chosen).page.figures["new_and_returning_users"]["all"].finding
    assert new == "1 listener is new from 2018-12-17 on."


@pytest.mark.parametrize(("days", "grain"), [(1, "day"), (90, "day"), (91, "week"), (400, "week"), (401, "month")])
def test_the_length_of_the_period_decides_about_days_weeks_and_months(days: int, grain: str) -> None:
    assert grains.fitting(days) == grain


def test_a_report_without_names_names_nobody(filled: Sparkify, report: Report) -> None:
    names = {name for [name] in filled.query("select last_name from users where last_name is not null")}
    without = Report.made(filled, "--no-names")
    assert all(name in report.html for name in names)
    assert names
    assert not any(name in without.html for name in names)
    assert len(without.page.figures["most_active_users"]["all"].rows) == len(
        report.page.figures["most_active_users"]["all"].rows
    )


def test_a_report_is_not_replaced_by_one_without_plays_unless_forced(filled: Sparkify, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text("former")
    asked = ("report", "--output", str(path), "--from", "2030-01-01")
    refused = filled.command(*asked)
    assert refused.exit_code == 2
    assert "is kept: There are no plays in this period. --force replaces it" in refused.err
    assert path.read_text() == "former"
    assert filled.command(*asked, "--force").exit_code == 0
    assert "There are no plays in this period." in path.read_text()


def test_questions_of_a_teams_own_are_asked_too(sparkify: Sparkify) -> None:
    own = sparkify.folder / "questions"
    own.mkdir()
    (own / "by_level.sql").write_text(
        "-- How many plays has each level?\nselect level, count(*) as plays from plays\n"
        "where $level in ('all', level) group by level order by level"
    )
    (own / "five.sql").write_text("-- What is five?\nselect 5 as five")
    sparkify.configure(more=f"[REPORT]\nQUESTIONS = {own}")
    fill(sparkify, report_page.hard_plays())
    page = Report.made(sparkify).page
    assert [row[0] for row in page.figures["by_level"]["all"].rows] == ["free", "paid"]
    assert [row[0] for row in page.figures["by_level"]["paid"].rows] == ["paid"]
    assert page.figures["five"]["any"].rows == [["5"]]
    assert page.figures["five"]["any"].codes[1] == "-- What is five?\nselect 5 as five;"
    assert page.figures["five"]["any"].answer["rows"] == [[5]]
    (own / "five.sql").write_text("-- What is five?\nselect nothing from nowhere")
    failed = sparkify.command("report", "--output", str(sparkify.folder / "again.html"))
    assert failed.exit_code == 2
    assert "the question five of [REPORT] QUESTIONS" in failed.err


@pytest.mark.parametrize(
    ("column", "value", "cell"),
    [
        ("plays", 9007199254740993, "9,007,199,254,740,993"),
        ("plays", 2018, "2,018"),
        ("year", 2018, "2018"),
        ("song_year", 1999, "1999"),
        ("session_id", 1042, "1042"),
        ("grid", 1042, "1,042"),
        ("mean", 0.00123, "0.0012"),
        ("mean", -1e-9, "-0.000000001"),
        ("mean", 0.01, "0.01"),
        ("mean", 0.0, "0"),
        ("mean", float("nan"), "nan"),
        ("is_new", True, "true"),
        ("paid_share", 0.00001, "under 0.1\u00a0%"),
    ],
)
def test_a_cell_says_no_other_number_than_the_answer(column: str, value: object, cell: str) -> None:
    context = ReportContext(Filter(), {}, {}, NOW)
    answer = AnsweredQuestion(OwnQuestion("own", ""), context, Filter(), (column,), ("DOUBLE",), ((value,),))
    assert tables.table(answer).rows == [[cell]]


@pytest.mark.parametrize(
    ("sql", "shown"),
    [
        ("select 1", "select 1;"),
        ("select 1;\n", "select 1;"),
        ("select 1; -- the end", "select 1; -- the end"),
        ("select 1 -- the end; really", "select 1 -- the end; really\n;"),
        ("select ';'", "select ';'\n;"),
        ("select 1 /* ; */\n", "select 1 /* ; */\n;"),
    ],
)
def test_a_statement_that_is_shown_has_one_semicolon_at_its_end(sql: str, shown: str) -> None:
    assert sql_queries.terminated(sql) == shown


def test_an_answer_of_which_the_page_has_not_all_rows_cannot_be_saved(sparkify: Sparkify) -> None:
    own = sparkify.folder / "questions"
    own.mkdir()
    (own / "pairs.sql").write_text("-- Which pairs?\nselect a.session_id from songplays as a cross join songplays as b")
    sparkify.configure(more=f"[REPORT]\nQUESTIONS = {own}")
    fill(sparkify, report_page.hard_plays())
    report = Report.made(sparkify)
    assert "These are the first 100 of many rows; the query below gives all." in report.page.text
    assert not report.page.figures["pairs"]["any"].data
    saved = set(re.findall('data-name="([^"]*)"', report.html))
    assert saved == report.page.figures.keys() - {"pairs"}


def test_the_script_is_the_one_that_the_locked_package_makes() -> None:
    snippet = "window.vegaEmbed = vegaEmbed;"
    assert snippet in (ROOT / "Makefile").read_text()
    shipped = (ROOT / "src/sparkify/report/vega.js").read_text(encoding="utf-8")
    assert shipped == vl_convert.javascript_bundle(snippet), "run `make vega`"


def test_charts_are_vega_lite(page: Page) -> None:
    specs = [
        spec
        for variants in page.figures.values()
        for each in variants.values()
        if each.data
        for spec in each.answer["specs"]
    ]
    assert len(specs) > 30
    for spec in specs:
        altair.Chart.from_dict({**spec, "config": drawings.config()}, validate=True)


@given(st.dates(date(1970, 1, 1), date(2100, 1, 1)), st.integers(0, 900), st.sampled_from(questions.GRAINS))
def test_days_weeks_and_months_follow_each_other_without_a_gap(first: date, length: int, grain: str) -> None:
    last = first + timedelta(days=length)
    begins = grains.all_between(first, last, grain)
    assert begins[0] <= first < grains.end(begins[0], grain)
    assert begins[-1] <= last < grains.end(begins[-1], grain)
    assert [grains.end(begin, grain) for begin in begins[:-1]] == begins[1:]
    assert all(grains.begin(begin, grain) == begin for begin in begins)


@pytest.mark.parametrize(("most", "shades"), [(0.2, 1), (1, 1), (5, 5), (7.5, 4), (140, 6), (1_000_003, 6)])
def test_the_shades_of_the_heat_map_cover_every_number_once(most: float, shades: int) -> None:
    tops = times.shade_tops(most)
    assert len(tops) == shades <= times.SHADES
    assert tops[-1] >= most > (tops[-2] if shades > 1 else 0)
    assert {after - before for before, after in pairwise([0, *tops])} == {tops[0]}


def test_a_name_is_not_cut_within_a_character() -> None:
    assert words.shortened("short", 5) == "short"
    assert words.shortened("e\u0301" * 10, 6) == "e\u0301e\u0301…"
    assert words.shortened("👨‍👩‍👧‍👦👨‍👩‍👧‍👦", 10) == "👨‍👩‍👧‍👦…"


def test_an_age_is_in_the_largest_unit_that_fits_twice() -> None:
    now = datetime(2018, 11, 1, 12, tzinfo=UTC)
    ages = [timedelta(seconds=30), timedelta(minutes=119), timedelta(hours=47), timedelta(days=3)]
    assert [words.ago(now, now - age) for age in ages] == ["just now", "119 minutes ago", "47 hours ago", "3 days ago"]
    assert words.ago(now, now + timedelta(days=1)).startswith("after this report was made")
