"""The report holds what the questions answer, says it in words, and needs nothing but itself."""

import re
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from harness import report_page
from harness.answers import connected
from harness.paths import REAL_DATA
from harness.records import event
from harness.report_page import DAY, FIRST_DAY, Page, Report, ReportOn, Variant, fill
from harness.warehouse import Sparkify
from sparkify import dictionary, questions
from sparkify.output import as_json
from sparkify.questions import Filter, Question
from sparkify.report import tables, words
from sparkify.report.answers import AnsweredQuestion, ReportContext
from sparkify.report.chapters import CHAPTERS, times, user_agents
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


def sentence(name: str, rows: list[tuple[Any, ...]]) -> str:
    """The sentence of a figure for an answer that no warehouse gave, in a report on 100 plays."""
    columns = tuple(dictionary.question_columns(name))
    totals = {"plays": 100, "last_play": NOW - timedelta(days=2), "first_play": NOW - timedelta(days=9)}
    context = ReportContext(Filter(), totals, NOW)
    answer = AnsweredQuestion(Question(name), context, columns, ("BIGINT",) * len(columns), tuple(rows))
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
            for cells, row in zip(variant.numbers, rows, strict=bool(rows)):
                for text, value in zip(cells, map(as_json, row), strict=True):
                    assert same(text, value), f"{name} {level}: {text!r} is shown for {value!r}"


def same(shown: Any, value: Any) -> bool:
    """Whether a cell shows a value of an answer; times are compared to the second."""
    if isinstance(value, str) and re.match(r"\d{4}-\d\d-\d\dT", value):
        return bool(shown == value.replace("T", " ")[:19])
    return bool(shown == value or str(shown) == value)


def test_the_numbers_are_those_of_sql_by_hand(filled: Sparkify, page: Page) -> None:
    plays = "songplays where level = 'paid'"
    [[total, listeners, sessions]] = filled.query(
        f"select count(*), count(distinct user_id), count(distinct session_id) from {plays}"
    )
    assert page.figures["totals"]["paid"].numbers[0][:3] == (total, listeners, sessions)
    by_hour = filled.query("select date_part('dow', start_time), date_part('hour', start_time) from songplays")
    shown = {(weekday, hour): n for weekday, hour, n in page.figures["plays_by_weekday_and_hour"]["all"].numbers}
    assert shown == {hour: by_hour.count(hour) for hour in by_hour}
    titles = [title for [title] in filled.query(f"select title from {plays} and song_id is null")]
    missing = {row[0]: row[2] for row in page.figures["missing_songs"]["paid"].numbers}
    assert missing == {title: titles.count(title) for title in titles}


def test_charts_are_drawn_from_the_rows_of_the_table(page: Page) -> None:
    for name, count in {
        "plays_by_day": "plays",
        "most_played_songs": "plays",
        "sessions_by_length": "sessions",
    }.items():
        for variant in page.figures[name].values():
            at = variant.chart["columns"].index(count)
            drawn = [row[at] for row in variant.chart["rows"]]
            assert drawn == [row[-2 if name == "most_played_songs" else -1] for row in variant.numbers]


def test_every_figure_has_its_query_as_sql_with_values_and_as_a_command_line(filled: Sparkify, page: Page) -> None:
    for name, level, variant in shown(page):
        option = f" --level {level}" if level in ("free", "paid") else ""
        assert variant.codes[0] == f"sparkify query {name}{option} --config {filled.config}"
    to_run = shown(page)
    if filled.engine == "redshift":  # the stand-in takes a tenth of a second to parse a statement
        for name, level, variant in to_run:
            if level != "any":
                as_paid = variant.codes[1].replace(f"'{level}' in ('all', level)", "'paid' in ('all', level)")
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
    variant = page.figures["missing_songs"]["all"]
    titles = {row[0] for row in variant.rows}
    assert titles == {title for title, _ in report_page.TITLES}
    chart = variant.chart
    drawn = [dict(zip(chart["columns"], row, strict=True)) for row in chart["rows"]]
    assert {row["title"] for row in drawn} == titles
    labels = {row["title"]: row["label"].translate(PLAIN) for row in drawn}
    assert labels[report_page.LONG].startswith(report_page.LONG[:50])
    assert labels[report_page.LONG].endswith("… – Long")
    assert labels[report_page.ARABIC[0]] == " – ".join(report_page.ARABIC)
    assert labels[report_page.EMOJI] == f"{report_page.EMOJI[: words.SHORT - 1]}… – 🎸"


def test_a_title_with_a_script_in_it_is_text(report: Report, page: Page) -> None:
    assert "<script>alert(1)" not in report.html
    assert "<img src=x" not in report.html
    data = sum(bool(variant.data) for variants in page.figures.values() for variant in variants.values())
    assert page.scripts == data + 2  # the configuration and the program
    assert "49" not in {cell for row in page.figures["missing_songs"]["all"].rows for cell in row[:2]}


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


def test_the_page_says_period_place_and_time(filled: Sparkify, page: Page) -> None:
    assert "2018-11-01 to 2018-12-07 (UTC), all there is" in page.text
    assert re.search(r"Made\s*\d{4}-\d\d-\d\d \d\d:\d\d \(UTC\)", page.text)
    if filled.engine == "duckdb":
        assert str(filled.database) in page.text


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
    assert page.figures["totals"]["paid"].codes[0] == f"sparkify query totals {options}{level} --config {filled.config}"


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
            assert not variant.data, name


def test_one_play_makes_a_whole_report(report_on: ReportOn) -> None:
    page = report_on("one").page
    figures = {name: variants.get("all") for name, variants in page.figures.items()}
    songs, hours, totals = figures["most_played_songs"], figures["plays_by_weekday_and_hour"], figures["totals"]
    assert songs
    assert songs.finding.translate(PLAIN) == "“Hello” by Adele is the only one, with 1 play, 100 % of all."
    assert hours
    assert hours.finding.translate(PLAIN) == "The busiest: Thursday from 0:00 to 1:00 (UTC), with 1 play, 100 % of all."
    assert totals
    assert totals.finding.translate(PLAIN).startswith(
        "1 play by 1 listener in 1 session, on Thursday 2018-11-22 (UTC); 100 %"
    )
    assert page.figures["totals"]["free"].finding == "There are no plays of free listeners in the warehouse yet."


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
    report = Report.made(sparkify)
    page = report.page
    assert report.path.stat().st_size < 3_000_000
    variant = page.figures["plays_by_day"]["all"]
    assert len(variant.chart["rows"]) == 4_000
    assert variant.chart["isAnswer"]
    assert len(variant.rows) == tables.FIRST_ROWS
    assert "These are the first 100 of 4,000 rows; the query below gives all." in page.text
    assert "These are the first 100 of 2,000 rows; the query below gives all." in page.text


@pytest.mark.parametrize(
    ("name", "rows", "expected"),
    [
        ("most_played_songs", [("A", "X", 5, 1), ("B", "Y", 4, 1)], "“A” by X leads with 5 plays, 5 % of all."),
        (
            "most_played_songs",
            [("A", "X", 5, 1), (None, None, 5, 1), ("C", "Z", 1, 1)],
            "“A” by X and an untitled song by an unknown artist lead with 5 plays each, 5 % of all.",
        ),
        (
            "most_played_songs",
            [(c, "X", 1, 1) for c in "ABCDEFGHIJ"],
            "At least 10 songs share the first place, with 1 play each, 1 % of all.",
        ),
        (
            "plays_by_city",
            [*((c, "NY", 2, 1) for c in "ABCD"), ("E", None, 1, 1)],
            "4 cities share the first place, with 2 plays each, 2 % of all.",
        ),
        ("missing_songs", [], "None: every play here is of a song in the catalogue."),
        ("missing_songs", [("A", "X", 2, 1), ("B", "Y", 1, 1)], "“A” by X is missed most with 2 plays, 2 % of all."),
        ("most_active_users", [], "Nobody who was logged in played anything here."),
        (
            "plays_by_day",
            [(date(2018, 11, 1), "free", 3), (date(2018, 11, 1), "paid", 1), (date(2018, 11, 2), "paid", 4)],
            "8 plays on 2 days, 62.5 % of them of paid listeners; "
            "the most on Thursday 2018-11-01 and Friday 2018-11-02: 4 plays each.",
        ),
        (
            "level_changes",
            [(date(2018, 11, 1), 3, 1)],
            "3 changes to paid, 1 change back to free: 2 payers more than before.",
        ),
        (
            "level_changes",
            [(date(2018, 11, 1), 1, 1)],
            "1 change to paid, 1 change back to free: as many payers as before.",
        ),
        ("level_changes", [], "Nobody changes level here."),
        (
            "new_and_returning_users",
            [(date(2018, 11, 1), 1, 0), (date(2018, 11, 2), 0, 2)],
            "1 user is new; the most on Thursday 2018-11-01: 1 new user. "
            "On the last day, Friday 2018-11-02, none of 2 users is new.",
        ),
        (
            "sessions_by_length",
            [(1, 1, 2), (2, 5, 2), (51, None, 0)],
            "The most frequent: sessions of 1 and 2–5 plays, 2 sessions each (50 % of all).",
        ),
        (
            "plays_against_four_weeks",
            [(date(2018, 11, 1), 5, None)],
            "No day here has four weeks of plays before it, so none can be compared yet.",
        ),
        (
            "plays_against_four_weeks",
            [(date(2018, 11, 29), 5, 10.5), (date(2018, 11, 30), 7, 7.0)],
            "2 days can be compared; "
            "furthest below the usual is Thursday 2018-11-29 with 5 plays where 10.50 are usual.",
        ),
        (
            "matched_by_day",
            [(date(2018, 11, 1), 10, 1, 0.1), (date(2018, 11, 2), 10, 0, 0.0)],
            "1 of 20 plays (5 %) is of songs in the catalogue; "
            "the day's share is between 0 % (Friday 2018-11-02) and 10 % (Thursday 2018-11-01).",
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
                (2, NOW - timedelta(hours=3), None, "failed", 0, 0, 0, 0, 0, 0, "no room"),
                (1, NOW - timedelta(days=1), NOW, "done", 1, 1, None, 1, 0, None, None),
            ],
            "The last run, begun 3 hours ago, failed. Of the last 2 runs, 1 failed or was killed.",
        ),
        (
            "last_runs",
            [(1, NOW - timedelta(hours=3), None, "done", 1, 1, 0, 1, 0, 2, None)],
            "The last run, begun 3 hours ago, is done. 2 texts of these runs ended in blanks or were encoded twice.",
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


@pytest.mark.parametrize(("most", "classes"), [(1, 1), (5, 5), (7, 4), (140, 6), (1_000_003, 6)])
def test_the_shades_of_the_heat_map_cover_every_number_once(most: int, classes: int) -> None:
    ranges = times.shade_classes(most)
    assert len(ranges) == classes <= times.SHADES
    assert ranges[0][0] == 1
    assert ranges[-1][1] == most
    assert all(after[0] == before[1] + 1 for before, after in pairwise(ranges))


def test_a_name_is_not_cut_within_a_character() -> None:
    assert words.shortened("short", 5) == "short"
    assert words.shortened("e\u0301" * 10, 6) == "e\u0301e\u0301…"
    assert words.shortened("👨‍👩‍👧‍👦👨‍👩‍👧‍👦", 10) == "👨‍👩‍👧‍👦…"


def test_an_age_is_in_the_largest_unit_that_fits_twice() -> None:
    now = datetime(2018, 11, 1, 12, tzinfo=UTC)
    ages = [timedelta(seconds=30), timedelta(minutes=119), timedelta(hours=47), timedelta(days=3)]
    assert [words.ago(now, now - age) for age in ages] == ["just now", "119 minutes ago", "47 hours ago", "3 days ago"]
    assert words.ago(now, now + timedelta(days=1)).startswith("after this report was made")
