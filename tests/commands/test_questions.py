"""The analysts' questions: each against answers that were worked out by hand, on both engines.

    questions/1/ 2/ 3/                   three deliveries: song_data/... and log_data/...
    questions/settings.cfg               text added to the configuration
    questions/expect/<name>.csv          the answer to a question
    questions/expect/<name> --to ….csv   its answer with options

`questions/README.md` lists the plays and page views, and says how to add an answer.
"""

import csv
import io
import re
import shlex
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise, zip_longest
from pathlib import Path
from typing import Any

import pytest

from harness.answers import connected
from harness.engines import opened
from harness.paths import REAL_DATA, require_real_data
from harness.records import event, lines
from harness.warehouse import Sparkify
from sparkify import dictionary, questions
from sparkify.engines.answer import Answer
from sparkify.engines.engine import Engine
from sparkify.questions import Filter, Question
from sparkify.sample import write_sample

HERE = Path(__file__).parent
EXPECTED = sorted((HERE / "questions" / "expect").glob("*.csv"))

BOTH = ("duckdb", "redshift")
TYPES = {"BIGINT", "INTEGER", "DOUBLE", "VARCHAR", "DATE", "TIMESTAMP"}
QUESTIONS = questions.all_questions()
ANY_VALUE = "*"
FACT = r"\b(from|join) (songplays|page_views|events)\b( as \w+)?"
DAY = timedelta(days=1)
NOON = datetime(2018, 11, 1, 12, tzinfo=UTC)

PERIOD = r"(?:\w\.)?start_time >= \$from_time and (?:\w\.)?start_time < \$to_time"
CHOICE = "start_time >= $from_time and start_time < $to_time and $level in ('all', level)"
CHOSEN = [
    Filter(date(2018, 11, 2)),
    Filter(last_day=date(2018, 11, 1)),
    Filter(date(2018, 11, 9), date(2018, 11, 29)),
    Filter(date(2019, 1, 13)),
    Filter(last_day=date(2019, 1, 12)),
    Filter(level="free"),
    Filter(level="paid"),
]
"""Some begin, and some end, at a midnight at which a play began."""

LOOKING_BEYOND = {
    "daily_and_monthly_listeners",
    "idle_listeners",
    "level_changes",
    "new_and_returning_users",
    "plays_against_four_weeks",
    "plays_by_weekday_and_hour",
    "retention_by_week",
    "rising_artists",
    "rising_songs",
    "sessions_by_minutes",
}
"""Those that look at events outside the period, or at other levels."""

UP_TO_A_DAY = {"idle_listeners", "rising_artists", "rising_songs"}
"""Those about the days that end with the period: where it begins has no meaning for them."""

COUNTS_BY_CLASS = {
    "days_to_first_play_and_paid": 5,
    "downgrade_path": 3,
    "sessions_by_length": 6,
    "sessions_by_minutes": 6,
    "upgrade_path": 3,
}
"""Those with a row for every class or step, and how many these are."""

OF_THE_CHOSEN_EVENTS = [each for each in QUESTIONS if "--level" in each.options and each.name not in LOOKING_BEYOND]
BY_DAY = [
    each for each in QUESTIONS if "day" in dictionary.question_columns(each.name) and each.name != "sessions_by_day"
]
RANKINGS = [each for each in QUESTIONS if "--limit" in each.options]


def with_options(text: str) -> tuple[Question, Filter]:
    """A question and what is chosen, from `name --from 2018-11-02 --level paid`."""
    name, *words = shlex.split(text)
    chosen = dict(zip(words[::2], words[1::2], strict=True))
    question = questions.find(name)
    assert chosen.keys() <= set(question.options), f"{name} takes {question.options}"
    days = {option: date.fromisoformat(chosen[option]) for option in ("--from", "--to") if option in chosen}
    most = int(chosen["--limit"]) if "--limit" in chosen else None
    return question, Filter(days.get("--from"), days.get("--to"), chosen.get("--level"), chosen.get("--by"), most)


def asked(engine: Engine, question: Question, chosen: Filter) -> Answer:
    """The whole answer of a warehouse to a question."""
    with engine.snapshot():
        answer = questions.ask(engine, question, chosen)
        return Answer(answer.columns, answer.types, iter([*answer.rows]))


def rows(engine: Engine, text: str) -> list[tuple[Any, ...]]:
    """The rows of the answer to `name --option value …`."""
    return [*asked(engine, *with_options(text)).rows]


def written(value: object) -> str:
    """A value as an expect file writes it."""
    if isinstance(value, datetime):
        return value.isoformat(sep=" ", timespec="milliseconds")
    return "" if value is None else str(value)


def with_values(wanted: list[list[str]], found: list[list[str]]) -> list[list[str]]:
    """What is wanted, with what was found where any value will do."""
    same = zip_longest(wanted, found, fillvalue=())
    return [
        [there if value == ANY_VALUE and there else value for value, there in zip_longest(row, found_row[: len(row)])]
        for row, found_row in same
        if row
    ]


def ms(moment: datetime) -> int:
    """A moment as `ts` and `registration` give it."""
    return int(moment.timestamp() * 1000)


def as_csv(table: list[list[str]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(table)
    return text.getvalue()


def loaded(sparkify: Sparkify) -> Sparkify:
    """The same, with all deliveries loaded."""
    sparkify.configure(more=(HERE / "questions" / "settings.cfg").read_text(encoding="utf-8"))
    for delivery in ("1", "2", "3"):
        sparkify.put_all(HERE / "questions" / delivery)
        sparkify.loaded()
    return sparkify


@pytest.fixture(scope="module", params=BOTH)
def answering(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """A warehouse of the plays that `questions/README.md` lists."""
    folder = tmp_path_factory.mktemp("questions") / "sparkify"
    with opened(request, request.param, folder) as sparkify, connected(loaded(sparkify)) as engine:
        yield engine


@pytest.fixture(scope="module", params=BOTH)
def empty(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """A warehouse with its tables and nothing in them."""
    folder = tmp_path_factory.mktemp("empty") / "sparkify"
    with opened(request, request.param, folder) as sparkify, connected(sparkify) as engine:
        yield engine


@pytest.mark.parametrize("expected", EXPECTED, ids=lambda path: path.stem)
def test_a_question_has_the_answer_that_was_worked_out_by_hand(expected: Path, answering: Engine) -> None:
    answer = asked(answering, *with_options(expected.stem))
    wanted = [*csv.reader(io.StringIO(expected.read_text(encoding="utf-8"), newline=""))]
    found = [[*answer.columns], *([written(value) for value in row] for row in answer.rows)]
    assert as_csv(found) == as_csv(with_values(wanted, found))


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.name)
def test_every_question_has_an_expected_answer_and_one_with_options_if_it_takes_any(question: Question) -> None:
    asks = [path.stem for path in EXPECTED if path.stem.partition(" ")[0] == question.name]
    assert question.name in asks, f"add tests/commands/questions/expect/{question.name}.csv; the README there says how"
    tried = {word for ask in asks for word in shlex.split(ask) if word.startswith("--")}
    assert tried & {"--from", "--to"} or "--to" not in question.options
    assert "--level" in tried or "--level" not in question.options


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.name)
def test_every_question_says_what_it_asks_what_it_counts_and_what_its_columns_are(question: Question) -> None:
    assert re.fullmatch(r"[A-Z].{10,90}\?", question.title)
    assert re.fullmatch(r"[A-Z].{40,}\.", question.note)
    described = dictionary.question_columns(question.name)
    [header, *_] = csv.reader(io.StringIO((HERE / "questions" / "expect" / f"{question.name}.csv").read_text("utf-8")))
    assert [*described] == header
    assert all(described.values()), described


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.name)
def test_a_question_about_plays_takes_a_period_and_a_level(question: Question) -> None:
    about_plays = re.search(r"\bfrom (song)?plays\b", question.sql) and question.name != "extent"  # of all plays
    period_and_level = {"--to", "--level"} if question.name in UP_TO_A_DAY else {"--from", "--to", "--level"}
    assert not about_plays or set(question.options) - {"--limit", "--by"} == period_and_level
    assert ("--limit" in question.options) == ("limit $most" in question.sql)


@pytest.mark.parametrize("chosen", CHOSEN, ids=lambda chosen: " ".join(map(" ".join, chosen.options().items())))
@pytest.mark.parametrize("question", OF_THE_CHOSEN_EVENTS, ids=lambda question: question.name)
def test_what_is_chosen_is_answered_as_if_there_were_no_other_events(
    question: Question, chosen: Filter, answering: Engine
) -> None:
    everything = re.sub(PERIOD, "1 = 1", question.sql).replace("$level", "'all'")
    others = everything.replace("$most", "").replace("$by", "")
    assert "$" not in others, "the period is written as in the other questions"
    with answering.snapshot():
        among_these = answering.ask(re.sub(FACT, only_chosen, everything), chosen.values())
        wanted = [*among_these.rows]
    assert [*asked(answering, question, chosen).rows] == wanted


def only_chosen(fact: re.Match[str]) -> str:
    """A fact as a statement reads it, narrowed to the events that are chosen."""
    return f"{fact[1]} (select * from {fact[2]} where {CHOICE}){fact[3] or f' as {fact[2]}'}"


@pytest.mark.parametrize("question", BY_DAY, ids=lambda question: question.name)
def test_the_days_of_a_period_are_as_they_are_among_all_days(question: Question, answering: Engine) -> None:
    every_day = [*asked(answering, question, Filter()).rows]
    for first, last in pairwise(sorted({day for day, *_ in every_day})):
        for chosen in (Filter(first, first), Filter(last_day=last - DAY), Filter(last)):
            begin, end = chosen.first_day or date.min, chosen.last_day or date.max
            wanted = [row for row in every_day if begin <= row[0] <= end]
            assert [*asked(answering, question, chosen).rows] == wanted


@pytest.mark.parametrize("question", RANKINGS, ids=lambda question: question.name)
def test_a_limit_cuts_a_ranking(question: Question, answering: Engine) -> None:
    whole = [*asked(answering, question, Filter(most=100)).rows]
    assert [*asked(answering, question, Filter(most=2)).rows] == whole[:2]
    assert [*asked(answering, question, Filter(most=1)).rows] == whole[:1]


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.name)
def test_an_empty_warehouse_has_an_answer_to_every_question(question: Question, empty: Engine) -> None:
    answer = asked(empty, question, Filter())
    assert [*answer.columns] == [*dictionary.question_columns(question.name)]
    assert set(answer.types) <= TYPES
    found = [*answer.rows]
    if question.name == "totals":
        assert found == [(0, 0, 0, 0, None, None, 0.0, 0)]
    elif question.name == "extent":
        assert found == [(None, None)]
    elif question.name in COUNTS_BY_CLASS:
        assert len(found) == COUNTS_BY_CLASS[question.name]
        assert {row[2] for row in found} == {0}
    else:
        assert found == []


@pytest.mark.parametrize("sparkify", BOTH, indirect=True)
def test_a_session_is_of_the_class_that_its_number_of_plays_lies_in(sparkify: Sparkify) -> None:
    lengths = [1, 2, 5, 6, 10, 11, 20, 21, 50, 51, 120]
    plays = [event(sessionId=length, itemInSession=item) for length in lengths for item in range(length)]
    sparkify.put("log_data/2018/11/2018-11-22-events.json", lines(plays))
    sparkify.loaded()
    with connected(sparkify) as engine:
        classes = rows(engine, "sessions_by_length")
    assert classes == [(1, 1, 1), (2, 5, 2), (6, 10, 2), (11, 20, 2), (21, 50, 2), (51, None, 2)]


@pytest.mark.parametrize("sparkify", BOTH, indirect=True)
def test_a_session_is_of_the_class_that_its_minutes_lie_in(sparkify: Sparkify) -> None:
    seconds = [0, 59, 60, 599, 600, 1799, 1800, 3599, 3600, 10_799, 10_800, 864_000]
    ends = [(session, item, ms(NOON) + 1000 * s * item) for session, s in enumerate(seconds) for item in (0, 1)]
    views = [event(page="Home", sessionId=session, itemInSession=item, ts=ts) for session, item, ts in ends]
    sparkify.put("log_data/2018/11/2018-11-22-events.json", lines(views))
    sparkify.loaded()
    with connected(sparkify) as engine:
        classes = rows(engine, "sessions_by_minutes")
    assert classes == [(0, 1, 2), (1, 10, 2), (10, 30, 2), (30, 60, 2), (60, 180, 2), (180, None, 2)]


@pytest.mark.parametrize("sparkify", BOTH, indirect=True)
def test_a_user_is_of_the_class_that_the_days_to_the_first_play_lie_in(sparkify: Sparkify) -> None:
    days = [-3, 0, 1, 7, 8, 30, 31, 400]
    plays = [
        event(userId=str(user), registration=ms(NOON), ts=ms(NOON + count * DAY), level=level, itemInSession=item)
        for user, n in enumerate(days)
        for item, (count, level) in enumerate([(n + 1, "paid"), (n, "free")])
    ]
    sparkify.put("log_data/2018/11/2018-11-22-events.json", lines(plays))
    sparkify.loaded()
    with connected(sparkify) as engine:
        classes = rows(engine, "days_to_first_play_and_paid")
    assert classes == [(0, 0, 2, 1), (1, 7, 2, 2), (8, 30, 2, 2), (31, None, 2, 3), (None, None, 0, 0)]


@pytest.mark.parametrize("sparkify", BOTH, indirect=True)
def test_a_listener_of_a_month_is_one_of_30_days_and_an_idle_one_of_14_days_ago(sparkify: Sparkify) -> None:
    played = {"early": [0], "late": [15, 29, 30], "often": [0, 16, 31]}
    plays = [event(userId=user, ts=ms(NOON + n * DAY)) for user, days in played.items() for n in days]
    sparkify.put("log_data/2018/11/2018-11-22-events.json", lines(plays))
    sparkify.loaded()
    with connected(sparkify) as engine:
        listeners = [(day, daily, monthly) for day, daily, monthly, _ in rows(engine, "daily_and_monthly_listeners")]
        counted = [(0, 2, 2), (15, 1, 3), (16, 1, 3), (29, 1, 3), (30, 1, 2), (31, 1, 2)]
        assert listeners == [((NOON + n * DAY).date(), daily, monthly) for n, daily, monthly in counted]
        for n, idle in [(13, []), (14, ["early", "often"]), (16, ["early"]), (28, ["early"]), (31, ["early"])]:
            asked_for = f"idle_listeners --to {NOON + n * DAY:%Y-%m-%d}"
            assert [user for user, *_ in rows(engine, asked_for)] == idle


@pytest.mark.parametrize("sparkify", BOTH, indirect=True)
def test_a_length_that_no_song_has_adds_no_hours(sparkify: Sparkify) -> None:
    lengths = [3600.0, 86_400.0, 86_400.5, -1.0, 1e300, None]
    plays = [event(length=length, itemInSession=item) for item, length in enumerate(lengths)]
    sparkify.put("log_data/2018/11/2018-11-22-events.json", lines(plays))
    sparkify.loaded()
    with connected(sparkify) as engine:
        assert rows(engine, "hours_listened_by_day") == [(date(2018, 11, 22), 6, 2, 25.0)]


@pytest.mark.parametrize("sparkify", BOTH, indirect=True)
def test_an_hour_of_the_week_is_counted_as_often_as_the_warehouse_reaches_it(sparkify: Sparkify) -> None:
    """From noon on a Thursday to noon on the second one after it: of the three Thursdays only noon is there thrice."""
    hours = [0, 24, 7 * 24 - 1, 7 * 24, 14 * 24]
    plays = [event(ts=ms(NOON + timedelta(hours=hour)), itemInSession=hour) for hour in hours]
    sparkify.put("log_data/2018/11/2018-11-22-events.json", lines(plays))
    sparkify.loaded()
    with connected(sparkify) as engine:
        assert rows(engine, "plays_by_weekday_and_hour") == [(4, 11, 1, 2, 0.5), (4, 12, 3, 3, 1.0), (5, 12, 1, 2, 0.5)]
        to_thursday = rows(engine, "plays_by_weekday_and_hour --to 2018-11-08")
        assert to_thursday == [(4, 11, 1, 1, 1.0), (4, 12, 2, 2, 1.0), (5, 12, 1, 1, 1.0)]
        from_friday = rows(engine, "plays_by_weekday_and_hour --from 2018-11-02")
        assert from_friday == [(4, 11, 1, 2, 0.5), (4, 12, 2, 2, 1.0), (5, 12, 1, 2, 0.5)]


LOCATIONS = {
    "Salinas, CA": ("Salinas", "CA"),
    "Winston-Salem, NC": ("Winston-Salem", "NC"),
    "Sacramento--Roseville--Arden-Arcade, CA": ("Sacramento--Roseville--Arden-Arcade", "CA"),
    "Washington-Arlington-Alexandria, DC-VA-MD-WV": ("Washington-Arlington-Alexandria", "DC"),
    "Guam": ("Guam", None),
    "A, B,C, D": ("A, B,C", "D"),
    "Zürich 🏔, ZH": ("Zürich 🏔", "ZH"),
    "Nowhere, ": ("Nowhere", None),
    None: (None, None),
}
"""The city and the state of each location."""


@pytest.mark.parametrize("sparkify", BOTH, indirect=True)
def test_a_city_is_all_before_the_last_comma_and_a_state_the_first_after_it(sparkify: Sparkify) -> None:
    first = datetime(2018, 11, 1, 12, tzinfo=UTC)
    days = {first + n * DAY: location for n, location in enumerate(LOCATIONS)}
    plays = [event(location=location, ts=int(day.timestamp() * 1000)) for day, location in days.items()]
    sparkify.put("log_data/2018/11/2018-11-22-events.json", lines(plays))
    sparkify.loaded()
    with connected(sparkify) as engine:
        for day, location in days.items():
            city, state = LOCATIONS[location]
            of_the_day = f"--from {day:%Y-%m-%d} --to {day:%Y-%m-%d}"
            assert rows(engine, f"plays_by_city {of_the_day}") == [(city, state, 1, 1)]
            assert rows(engine, f"plays_by_state {of_the_day}") == [(state, 1, 1)]


@pytest.mark.parametrize("sparkify", BOTH, indirect=True)
def test_a_change_of_level_is_told_from_the_order_of_plays_that_began_at_one_time(sparkify: Sparkify) -> None:
    levels = [("free", 0), ("paid", 1), ("free", 2)]
    plays = [event(level=level, itemInSession=item, sessionId=9 - item) for level, item in reversed(levels)]
    sparkify.put("log_data/2018/11/2018-11-22-events.json", lines(plays))
    sparkify.loaded()
    with connected(sparkify) as engine:
        assert rows(engine, "level_changes") == [(date(2018, 11, 22), 1, 1)]


@pytest.fixture(scope="module")
def both(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Engine]]:
    """Two warehouses of the same invented plays, in DuckDB and in Redshift."""
    folder = tmp_path_factory.mktemp("both")
    write_sample(folder / "sample", songs=300, events=3_000, seed=7)
    with (
        opened(request, "duckdb", folder / "duckdb") as in_duckdb,
        opened(request, "redshift", folder / "redshift") as in_redshift,
    ):
        for sparkify in (in_duckdb, in_redshift):
            sparkify.put_all(folder / "sample")
            sparkify.loaded()
        with connected(in_duckdb) as duckdb_engine, connected(in_redshift) as redshift_engine:
            yield [duckdb_engine, redshift_engine]


@pytest.mark.parametrize("question", [each for each in QUESTIONS if "--to" in each.options], ids=lambda each: each.name)
@pytest.mark.parametrize(
    "chosen", [Filter(most=10_000), Filter(date(2018, 11, 8), date(2018, 11, 14), "paid")], ids=str
)
def test_both_engines_give_the_same_rows_of_the_same_types_in_the_same_order(
    question: Question, chosen: Filter, both: list[Engine]
) -> None:
    in_duckdb, in_redshift = (asked(engine, question, chosen) for engine in both)
    assert (in_duckdb.columns, in_duckdb.types) == (in_redshift.columns, in_redshift.types)
    rows_in_duckdb = [*in_duckdb.rows]
    # Nobody can have stopped listening two weeks before the middle of the only month.
    assert rows_in_duckdb or (question.name == "idle_listeners" and chosen.last_day)
    assert rows_in_duckdb == [*in_redshift.rows]


# Sparkify's real files: what is known of them, and sums that must agree with it.


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """A warehouse of the real files."""
    require_real_data()
    sparkify = Sparkify(tmp_path_factory.mktemp("real") / "sparkify").created()
    sparkify.configure(store=str(REAL_DATA))
    sparkify.loaded()
    with connected(sparkify) as engine:
        yield engine


def test_the_totals_of_the_real_data_are_the_known_ones(real: Engine) -> None:
    [(plays, listeners, _, matched_plays, first_play, last_play, _, paid_plays)] = rows(real, "totals")
    assert (plays, listeners, matched_plays, paid_plays) == (6_820, 96, 341, 6_820 - 1_229)
    assert (first_play.date(), last_play.date()) == (date(2018, 11, 1), date(2018, 11, 30))


@pytest.mark.parametrize(
    ("text", "column", "total"),
    [
        ("most_played_songs --limit 10000", "plays", 6_820),
        ("most_played_artists --limit 10000", "plays", 6_820),
        ("missing_songs --limit 10000", "plays", 6_820 - 341),
        ("plays_by_day", "plays", 6_820),
        ("plays_by_hour", "plays", 6_820),
        ("plays_by_hour", "free_plays", 1_229),
        ("plays_by_hour", "paid_plays", 5_591),
        ("plays_by_weekday_and_hour", "plays", 6_820),
        ("new_and_returning_users", "new_users", 96),
        ("most_active_users --limit 1000", "plays", 6_820),
        ("sessions_by_day", "plays", 6_820),
        ("plays_by_city --limit 1000", "plays", 6_820),
        ("plays_by_state --limit 1000", "plays", 6_820),
        ("plays_by_user_agent", "plays", 6_820),
        ("plays_against_four_weeks", "plays", 6_820),
        ("matched_by_day", "matched_plays", 341),
        ("hours_listened_by_day", "plays", 6_820),
        ("top_listeners_share --limit 1000", "plays", 6_820),
        ("pages_by_day", "events", 8_056),
        ("errors_by_day", "errors", 9),
        ("sessions_by_minutes", "sessions", 941),
        ("days_to_first_play_and_paid", "users_by_first_play", 97),
        ("days_to_first_play_and_paid", "users_by_first_paid_play", 97),
        ("freshness", "records", 8_056 + 14_896),
        ("freshness", "objects", 30 + 14_896),
    ],
)
def test_a_question_leaves_out_nothing_of_the_real_data_and_counts_nothing_twice(
    text: str, column: str, total: int, real: Engine
) -> None:
    place = [*dictionary.question_columns(text.partition(" ")[0])].index(column)
    assert sum(row[place] for row in rows(real, text)) == total


def test_sessions_of_the_real_data_are_as_many_by_day_and_by_length_as_in_total(real: Engine) -> None:
    [(_, _, sessions, *_)] = rows(real, "totals")
    assert sum(row[1] for row in rows(real, "sessions_by_day")) == sessions
    assert sum(row[2] for row in rows(real, "sessions_by_length")) == sessions


def test_each_listener_of_the_real_data_began_in_one_week(real: Engine) -> None:
    began = [(size, active) for _, later, size, active, _ in rows(real, "retention_by_week") if later == 0]
    assert all(size == active for size, active in began)
    assert sum(size for size, _ in began) == 96


def test_what_is_usual_of_the_real_data_is_known_from_the_fifth_week_on(real: Engine) -> None:
    days = [day for day, _, usual_plays in rows(real, "plays_against_four_weeks") if usual_plays is not None]
    assert days == [date(2018, 11, 29), date(2018, 11, 30)]


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.name)
def test_no_two_rows_of_an_answer_have_the_same_place_in_its_order(question: Question, real: Engine) -> None:
    answer = asked(real, question, Filter(most=10_000))
    found = [*answer.rows]
    order = re.search(r"\border by (.+)(\nlimit \$most)?$", question.sql)
    if not order:
        assert len(found) == 1
        return
    keys = [key.split()[0].removeprefix("abs(").removesuffix(")") for key in order[1].split(", ")]
    places = [answer.columns.index(key.rpartition(".")[2]) for key in keys]
    assert len({tuple(row[place] for place in places) for row in found}) == len(found)
