"""`sparkify query`: answer a question of `sql/report`, or a person's own SQL."""

from __future__ import annotations

import sys
from argparse import Namespace
from contextlib import ExitStack
from functools import partial

from sparkify import formats, outputs, own_questions, questions, sql_queries
from sparkify.command_line import Parser, add_config, add_filters, count, file
from sparkify.commands import Result, configuration, copy_for_readers
from sparkify.config import Config, load
from sparkify.errors import ConfigError
from sparkify.progress import Progress

HELP = "answer a question that ships with the program, one of your own, or SQL; nothing can be changed by it"
EXAMPLES = (
    "sparkify query    # lists the questions",
    "sparkify query most_played_songs --from 2018-11-01 --to 2018-11-07 --level paid --limit 20",
    'sparkify query "select level, count(*) as plays from plays group by level" --format csv',
    "sparkify query plays_by_day --output plays_by_day.parquet",
)


def add_options(parser: Parser) -> None:
    """See `Command`."""
    add_config(parser)
    parser.add_argument(
        "question",
        metavar="NAME|SQL",
        nargs="?",
        help="the question, - for SQL from stdin; without one, all are listed",
    )
    parser.suggestions["question"] = partial(sql_queries.names, "report")
    parser.add_argument(
        "--format", choices=formats.FORMATS, help="how to print it (default: as --output ends, as in .csv; else table)"
    )
    parser.add_argument("--output", type=file, metavar="FILE", help="write into a file and not to stdout")
    add_filters(parser, questions.LEVELS)
    parser.add_argument("--by", choices=questions.GRAINS, help="what a question about days counts by (default: day)")
    parser.add_argument("--limit", type=count, metavar="N", help=f"rows of a ranking (default: {questions.MOST})")


def run(options: Namespace, progress: Progress) -> Result:
    """See `Command`. The answer is written here, for it may be larger than memory."""
    form = options.format or formats.of_file(options.output)
    chosen = questions.Filter(options.first_day, options.last_day, options.level, options.by, options.limit)
    if options.question is None:
        if ignored := chosen.options():
            raise ConfigError(f"{' and '.join(ignored)}: name the question that is meant; without one, all are listed")
        formats.write(questions.listed(_own_questions(options, progress)), form, options.output)
        return Result()
    config = configuration(options, progress)
    sql = _asked(options.question, config)
    questions.require_options(sql, chosen)
    _require_free_output(options, config)
    with ExitStack() as opened:
        file = None
        if formats.written_by_engines(form, options.output):
            file = opened.enter_context(outputs.file_beside(options.output))
        with (
            copy_for_readers(config, progress) as engine,
            engine.snapshot(),
            progress.waiting("answer", engine.percentage) as end_waiting,
        ):
            if file and not engine.write(sql, chosen.values(), form, file):
                file = None
            if not file:
                answer, is_whole = engine.ask(sql, chosen.values(), in_portions=True).read_ahead()
                if not is_whole:
                    if not formats.goes_into_a_file(options.output):
                        end_waiting()
                    formats.write(answer, form, options.output)
        # A slow reader, such as a pager, does not keep the warehouse open.
        if file:
            formats.deliver(file, form, options.output)
        elif is_whole:
            formats.write(answer, form, options.output)
    return Result()


def _asked(question: str, config: Config) -> str:
    """The SQL that is asked for. In some locales Python reads bytes that are not UTF-8 as lone surrogates.

    Raises:
        ConfigError: it is not UTF-8, or there is no such question.
    """
    where = "stdin" if question == "-" else "the question"
    try:
        sql = sys.stdin.read() if question == "-" else own_questions.statement(question, config.questions)
        sql.encode()
    except UnicodeError as e:
        raise ConfigError(f"{where}: this is no SQL, for it is not UTF-8 ({e})") from e
    return sql


def _own_questions(options: Namespace, progress: Progress) -> list[questions.Question]:
    """The questions of the folder that the configuration names. The list needs no configuration, but for a file."""
    if options.output is None and not options.config.exists():
        return []
    try:
        config = load(options.config)
    except ConfigError as e:
        if options.output is not None:
            raise
        progress.warn(f"questions of your own are not listed: {e}")
        return []
    if options.output is not None:
        _require_free_output(options, config)
    return own_questions.all_usable(config.questions, progress.warn) if config.questions else []


def _require_free_output(options: Namespace, config: Config) -> None:
    if options.output is not None:
        outputs.require_free_file(options.output, options.config, config)
