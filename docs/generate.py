"""Writes `docs/reference` from the program itself, and what other pages show between `<!-- generated: NAME -->` and
`<!-- end -->`: the blocks of `BLOCKS`.

    python docs/generate.py            writes all that is out of step
    python docs/generate.py --check    only names it; the exit code is 1 then
"""

from __future__ import annotations

import argparse
import inspect
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain, groupby
from pathlib import Path
from textwrap import fill
from typing import Any, NamedTuple

from sparkify import cli, dictionary, errors, questions, sql_queries
from sparkify.config.keys import KEYS, Key
from sparkify.dictionary import Column, Table
from sparkify.transform import STEPS

ROOT = Path(__file__).resolve().parent.parent
REFERENCE = ROOT / "docs" / "reference"
SQL = "../../src/sparkify/sql"
"""The folder of the SQL files as a page of the reference links to it."""

HEAD = "<!-- Written by docs/generate.py. Change what it reads, and run `make docs`. -->"
BLOCK = re.compile(r"(<!-- generated: ([a-z-]+) -->\n).*?(<!-- end -->)", re.DOTALL)

FACT = "songplays"
STAGED = {"song_data": "staging_songs", "log_data": "staging_events"}
"""Which table the objects below each prefix of [S3] are staged into."""

WIDTH = 120
HELP_WIDTH = 100


# ---------------------------------------------------------------- the tables, by what they are for


def star() -> list[Table]:
    """The fact, then the dimensions that its keys lead to."""
    fact = dictionary.table(FACT)
    return [fact, *(dictionary.table(key.table) for key in fact.foreign_keys)]


def groups() -> dict[str, list[Table]]:
    """All tables and views, those first that an analyst meets first."""
    staging = [dictionary.table(name) for name in STAGED.values()]
    in_hand = {*sql_queries.BATCH_TABLES, sql_queries.BATCH_VIEW}
    known = {"The star schema": [*star(), dictionary.table("plays")], "Staging": staging}
    rest = [table for table in dictionary.tables() if table not in chain(*known.values())]
    return {
        "The star schema": known["The star schema"],
        "Bookkeeping": [table for table in rest if table.name not in in_hand],
        "Staging": staging,
        "Work tables, for the batch in hand": [table for table in rest if table.name in in_hand],
    }


# ---------------------------------------------------------------- the way of the data, read from the SQL


class Statement(NamedTuple):
    """A statement of `sql/transform`: its step, the table that it changes (empty if it only counts), what it reads."""

    step: str
    written: str
    read: list[str]


def statements() -> list[Statement]:
    """The statements between staging and the checks, in the order in which they run."""
    found = []
    for step in STEPS:
        for text in step.statements():
            written = re.match(r'(?:insert into|update|delete from) "?(\w+)"?', text)
            found.append(Statement(step.name, written[1] if written else "", dictionary.tables_read(text)))
    return found


def flows() -> list[tuple[str, str]]:
    """From which table or view rows get into which, by one statement or one view."""
    views = [(read, view) for view in sql_queries.VIEWS for read in _view_reads(view)]
    return [*((read, each.written) for each in statements() if each.written for read in each.read), *views]


def _view_reads(view: str) -> list[str]:
    [text] = sql_queries.statements("create", view)
    return dictionary.tables_read(text)


def main_flows() -> list[tuple[str, str]]:
    """The same from staging to the star schema and on to the view `plays`, straight through what lies between."""
    stages = [list(STAGED.values()), [table.name for table in star()], ["plays"]]
    shown = {name: stage for stage, names in enumerate(stages) for name in names}
    leads = flows()

    def reached(name: str, seen: set[str]) -> Iterator[str]:
        for source, target in leads:
            if source == name and target not in seen:
                seen.add(target)
                yield from [target] if target in shown else reached(target, seen)

    return [
        (source, target)
        for source in shown
        for target in sorted(reached(source, set()), key=list(shown).index)
        if shown[source] < shown[target]
    ]


# ---------------------------------------------------------------- diagrams


def star_diagram() -> str:
    """The star schema as Mermaid draws it."""
    lines = ["erDiagram"]
    for table in star():
        for key in table.foreign_keys:
            column = table.column(key.column)
            end = "o|" if column and column.may_be_null else "||"
            lines.append(f"    {table.name} }}o--{end} {key.table} : {key.column}")
    for table in star():
        lines += [f"    {table.name} {{", *_indented(_attribute(table, c) for c in table.columns), "    }"]
    return _fenced("mermaid", lines)


def _attribute(table: Table, column: Column) -> str:
    """A column in an erDiagram, with the first words of its description."""
    is_foreign = column.name in (key.column for key in table.foreign_keys)
    keys = ", ".join((["PK"] if column.name == table.primary_key else []) + (["FK"] if is_foreign else []))
    kind = re.sub(r"\(\d+\)| precision", "", column.type)
    words = re.split(r"[,;:(]", column.description)[0].strip()
    return " ".join(filter(None, [kind, column.name, keys, f'"{words}"']))


def main_diagram() -> str:
    """The way of the data from S3 to those who ask, without what lies between staging and the star schema."""
    asked = sorted({name for question in questions.all_questions() for name in dictionary.tables_read(question.sql)})
    shown = {name for flow in main_flows() for name in flow}
    lines = [
        "flowchart LR",
        *_subgraph("S3, or a folder", [f'{prefix}[/"{prefix}"/]' for prefix in STAGED]),
        *_subgraph("staging", [_drawn(name) for name in STAGED.values()]),
        *_subgraph("star schema", [_drawn(table.name) for table in star()]),
        *_subgraph("views", [_drawn("plays")]),
        *_subgraph("analysts", ['questions(["the questions: query, report"])', 'own_sql(["SQL of your own"])']),
        *(f"    {prefix} --> {_node(table)}" for prefix, table in STAGED.items()),
        *(f"    {_node(source)} --> {_node(target)}" for source, target in main_flows()),
        *(f"    {_node(name)} --> questions" for name in asked if name in shown),
        f"    {_node('plays')} --> own_sql",
    ]
    return _fenced("mermaid", lines)


def step_diagram() -> str:
    """Every step between staging and the checks, with the tables that it reads and writes."""
    found = statements()
    names = dict.fromkeys(name for each in found for name in (*each.read, each.written) if name)
    views = [(read, view) for view in sql_queries.VIEWS if view in names for read in _view_reads(view)]
    lines = [
        "flowchart TD",
        *(f"    {_drawn(name)}" for name in names),
        *(f'    step_{step.name}["{number} {step.name}"]' for number, step in enumerate(STEPS, 1)),
        *(f"    {_node(read)} --> {_node(view)}" for read, view in views),
    ]
    edges = [f"    {_node(read)} --> step_{each.step}" for each in found for read in each.read]
    edges += [f"    step_{each.step} ==> {_node(each.written)}" for each in found if each.written]
    return _fenced("mermaid", [*lines, *dict.fromkeys(edges)])


def _subgraph(title: str, nodes: Iterable[str]) -> list[str]:
    return [f'    subgraph in_{re.sub(r"[^a-z0-9]+", "_", title.lower())} ["{title}"]', *_indented(nodes), "    end"]


def _indented(lines: Iterable[str]) -> list[str]:
    return [f"        {line}" for line in lines]


def _drawn(name: str) -> str:
    """The node of a table: a view has double sides, a table that keeps its rows is a drum, one of a batch is round."""
    if dictionary.table(name).kind == "view":
        return f'{_node(name)}[["{name}"]]'
    is_of_a_batch = name in sql_queries.BATCH_TABLES
    return f'{_node(name)}(["{name}"])' if is_of_a_batch else f'{_node(name)}[("{name}")]'


def _node(name: str) -> str:
    """The name of a table's node, which is none of Mermaid's own words."""
    return f"table_{name}"


# ---------------------------------------------------------------- pages


def tables_page() -> str:
    """The data dictionary."""
    parts = [
        "# Tables and columns",
        _paragraph(
            f"Every table and view of the warehouse, as [`sql/create`]({SQL}/create) defines and describes it."
            " `create-tables` lays the same words into the warehouse as comments, which SQL tools show beside the"
            " names; only work tables have none there."
        ),
        "## The way of the data",
        main_diagram(),
    ]
    for title, tables in groups().items():
        parts.append(f"## {title}")
        if tables[0].name == FACT:
            parts.append(star_diagram())
        parts += [part for table in tables for part in _table_parts(table)]
    parts += [
        "## Step by step",
        _paragraph(
            "What happens within a batch's transaction, between staging and the checks: each step is a file of"
            f" [`sql/transform`]({SQL}/transform). It runs when the batch holds what it needs, or when an earlier step"
            " wrote rows. Drums keep their rows, round tables are emptied when a batch is staged."
        ),
        step_diagram(),
        _table(("step", "what it does", "runs when there are", "reads", "writes"), _step_rows()),
    ]
    return _page(parts)


def _table_parts(table: Table) -> Iterator[str]:
    yield f"### {table.name}"
    yield _paragraph(f"{table.description} Grain: {table.grain}")
    if table.primary_key:
        keys = [f"`{table.primary_key}`"]
        keys += [f"`{key.column}` leads to [{key.table}](#{key.table})" for key in table.foreign_keys]
        yield _paragraph(f"Key: {'; '.join(keys)}.")
    yield _table(
        ("column", "type", "null", "description"),
        [
            (f"`{column.name}`", column.type or "computed", "yes" if column.may_be_null else "no", column.description)
            for column in table.columns
        ],
    )


def _step_rows() -> Iterator[tuple[str, ...]]:
    needs = {step.name: " or ".join(step.needs) for step in STEPS}
    files = {step.name: step.file or step.name for step in STEPS}
    for number, (step, found) in enumerate(groupby(statements(), lambda each: each.step), 1):
        of_step = list(found)
        file = files[step]
        does = re.match(r".*?[.:](?= |$)", sql_queries.header("transform", file))
        read = dict.fromkeys(name for each in of_step for name in each.read)
        written = dict.fromkeys(each.written for each in of_step if each.written)
        words = does[0].rstrip(".:") if does else ""
        yield f"{number}. [{step}]({SQL}/transform/{file}.sql)", words, needs[step], _names(read), _names(written)


def _names(names: Iterable[str]) -> str:
    return ", ".join(f"[{name}](#{name})" for name in names)


def questions_page() -> str:
    """The analysts' questions, with what their answers mean."""
    every = questions.all_questions()
    parts = [
        "# The questions",
        _paragraph(
            "`sparkify query NAME` answers them; `sparkify report` shows most of them as charts. Days are UTC, and both"
            " days of `--from` and `--to` count."
        ),
        _table(("name", "question"), [(f"[{each.name}](#{each.name})", each.title) for each in every]),
    ]
    for each in every:
        options = ", ".join(f"`{option}`" for option in each.options)
        columns = dictionary.question_columns(each.name).items()
        parts += [
            f"## {each.name}",
            f"**{each.title}**",
            _paragraph(f"{each.note} Options: {options or 'none'}."),
            _table(("column", "description"), [(f"`{name}`", text) for name, text in columns]),
            f"<details><summary>SQL</summary>\n\n{_fenced('sql', [f'{each.sql};'])}\n\n</details>",
        ]
    return _page(parts)


def configuration_page() -> str:
    """Every key of `dwh.cfg`."""
    parts = [
        "# Configuration",
        _paragraph(
            "The keys of `dwh.cfg`, by section. An environment variable overrides its key, and an empty one clears it."
            " Relative paths count from the file's own folder; a value may stand in quotes. A section that is not"
            " listed here is not read, which a warning says; an unknown key in a section that is, is an error."
        ),
    ]
    head = ("key", "meaning", "value", "without it", "environment variable")
    for section, keys in KEYS.items():
        parts += [f"## [{section}]", _table(head, map(_key_row, keys.values()))]
    return _page(parts)


def _key_row(key: Key[Any]) -> tuple[str, ...]:
    without = f"`{key.default}`" if key.default else key.without
    return f"`{key.name}`", key.meaning, key.kind.accepted, without, f"`{key.variable}`"


def exit_codes_page() -> str:
    """What the program tells the shell, and when."""
    parts = [
        "# Exit codes",
        _table(("code", "meaning", "when"), [(f"{code:d}", code.meaning, _causes(code)) for code in errors.ExitCode]),
        _paragraph(
            "Beside its error, a command says what it changed: usually nothing. A load that is stopped keeps the"
            " batches that it had committed, and says how many; the next run goes on from there."
        ),
    ]
    return _page(parts)


def _causes(code: errors.ExitCode) -> str:
    """The faults that end with a code."""
    kinds = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, errors.SparkifyError)]
    ends = [kind for kind in kinds if kind.exit_code == code and kind is not errors.SparkifyError]
    return " ".join(inspect.getdoc(kind) or "" for kind in ends)


def exit_codes_table() -> str:
    """The exit codes in one table."""
    return _table(("code", "meaning"), [(f"{code:d}", code.meaning) for code in errors.ExitCode])


def commands_page() -> str:
    """What `--help` says of every command."""
    with _plain_help():
        whole = cli.parser()
        parts = ["# Commands", _help("sparkify", whole)]
        parts += [_help(f"sparkify {name}", command) for name, command in whole.commands.items()]
    return _page(parts)


def _help(name: str, parser: argparse.ArgumentParser) -> str:
    return f"## {name}\n\n{_fenced('text', [parser.format_help().rstrip()])}"


@contextmanager
def _plain_help() -> Iterator[None]:
    """Help of one width and without colours, whatever the terminal."""
    before = dict(os.environ)
    os.environ.pop("FORCE_COLOR", None)
    os.environ.update({"COLUMNS": str(HELP_WIDTH), "NO_COLOR": "1"})
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


PAGES: dict[str, Callable[[], str]] = {
    "tables.md": tables_page,
    "questions.md": questions_page,
    "commands.md": commands_page,
    "configuration.md": configuration_page,
    "exit-codes.md": exit_codes_page,
}

BLOCKS: dict[str, Callable[[], str]] = {
    "star-schema": star_diagram,
    "data-flow": main_diagram,
    "exit-codes": exit_codes_table,
}


# ---------------------------------------------------------------- Markdown


def _page(parts: Iterable[str]) -> str:
    return "\n\n".join([HEAD, *parts]) + "\n"


def _paragraph(text: str) -> str:
    return fill(" ".join(text.split()), WIDTH, break_long_words=False, break_on_hyphens=False)


def _fenced(language: str, lines: Sequence[str]) -> str:
    return "\n".join([f"```{language}", *lines, "```"])


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *([cell.replace("|", "\\|") for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


# ---------------------------------------------------------------- writing and checking


def documents() -> dict[Path, str]:
    """Every page that is generated, whole or in part, as it has to be."""
    wanted = {REFERENCE / name: page() for name, page in PAGES.items()}
    for path in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]:
        if path.parent != REFERENCE and BLOCK.search(text := path.read_text(encoding="utf-8")):
            wanted[path] = filled(text)
    return wanted


def filled(text: str) -> str:
    """A page with its generated blocks as they have to be."""
    return BLOCK.sub(lambda block: f"{block[1]}{BLOCKS[block[2]]()}\n{block[3]}", text)


def out_of_step(wanted: dict[Path, str]) -> list[Path]:
    """The pages that are not as they have to be, those that ought not to be there among them."""
    changed = [path for path, text in wanted.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    return changed + [path for path in sorted(REFERENCE.glob("*")) if path not in wanted]


def main(arguments: Sequence[str] | None = None) -> int:
    """Write or check all pages; the exit code."""
    parser = argparse.ArgumentParser(description="Write the generated pages.")
    parser.add_argument("--check", action="store_true", help="only name the pages that are out of step")
    options = parser.parse_args(arguments)
    wanted = documents()
    paths = out_of_step(wanted)
    for path in paths:
        name = path.relative_to(ROOT)
        if options.check:
            print(f"{name} is out of step with the program; run `make docs`")
        elif path in wanted:
            path.parent.mkdir(exist_ok=True)
            path.write_text(wanted[path], encoding="utf-8", newline="\n")
            print(f"wrote {name}")
        else:
            path.unlink()
            print(f"deleted {name}")
    return 1 if options.check and paths else 0


if __name__ == "__main__":
    sys.exit(main())
