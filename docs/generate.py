"""Writes `docs/reference` and dbt's sources from the program itself, and the parts of other pages between
`<!-- generated: NAME -->` and `<!-- end -->`, which are the blocks of `BLOCKS`.

    python docs/generate.py            writes the pages that are out of step
    python docs/generate.py --check    only names them; the exit code is 1 then
"""

from __future__ import annotations

import argparse
import inspect
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from textwrap import fill
from typing import Any
from unittest.mock import patch

import dbt_sources
from diagrams import FACTS, STAGED, main_diagram, star, star_diagram, statements, step_diagram

from sparkify import cli, dictionary, errors, metrics, questions, sql_queries
from sparkify.config.keys import KEYS, Key
from sparkify.dictionary import Table
from sparkify.transform import STEPS

ROOT = Path(__file__).resolve().parent.parent
REFERENCE = ROOT / "docs" / "reference"
DBT_SOURCES = ROOT / "docs" / "how-to" / "dbt" / "models" / "sources.yml"
SQL = "../../src/sparkify/sql"
"""The folder of the SQL files as a page of the reference links to it."""

HEAD = "<!-- Written by docs/generate.py. Change what it reads, and run `make docs`. -->"
BLOCK = re.compile(r"(<!-- generated: ([a-z-]+) -->\n).*?(<!-- end -->)", re.DOTALL)

WIDTH = 120
HELP_WIDTH = 100


# ---------------------------------------------------------------- pages


def groups() -> dict[str, list[Table]]:
    """All tables and views by their purpose, in the order in which an analyst meets them."""
    star_schema = [*star(), *map(dictionary.table, sql_queries.LASTING_VIEWS)]
    staging = [dictionary.table(name) for name in STAGED.values()]
    others = [table for table in dictionary.tables() if table not in star_schema + staging]
    work_names = {*sql_queries.BATCH}
    return {
        "The star schema": star_schema,
        "Bookkeeping": [table for table in others if table.name not in work_names],
        "Staging": staging,
        "Work tables, for the batch in hand": [table for table in others if table.name in work_names],
    }


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
        _mermaid(main_diagram()),
    ]
    for title, tables in groups().items():
        parts.append(f"## {title}")
        if tables[0].name in FACTS:
            parts.append(_mermaid(star_diagram()))
        parts += [part for table in tables for part in _table_parts(table)]
    parts += [
        "## Step by step",
        _paragraph(
            "What happens within a batch's transaction, between staging and the checks: each step is a file of"
            f" [`sql/transform`]({SQL}/transform). It runs when the batch holds what it needs, or when an earlier step"
            " wrote rows. Drums keep their rows, round tables are emptied when a batch is staged."
        ),
        _mermaid(step_diagram()),
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
    for number, step in enumerate(STEPS, 1):
        purpose = re.match(r".*?(?=[.:]( |$)|$)", sql_queries.header("transform", step.name))
        of_step = [statement for statement in statements() if statement.step == step.name]
        read = dict.fromkeys(name for statement in of_step for name in statement.read)
        written = dict.fromkeys(statement.written for statement in of_step if statement.written)
        yield (
            f"{number}. [{step.name}]({SQL}/transform/{step.name}.sql)",
            purpose[0] if purpose else "",
            " or ".join(step.needs) + (f"; and {step.also}" if step.also else ""),
            _links(read),
            _links(written),
        )


def _links(names: Iterable[str]) -> str:
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
            f"<details><summary>SQL</summary>\n\n{_fenced('sql', f'{each.sql};')}\n\n</details>",
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
            " `sparkify init DIR` writes a file with all of them."
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
    """The exit codes, and when each is returned."""
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
    """The descriptions of the errors with an exit code."""
    kinds = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, errors.SparkifyError)]
    of_code = [kind for kind in kinds if kind.exit_code == code and kind is not errors.SparkifyError]
    return " ".join(inspect.getdoc(kind) or "" for kind in of_code)


def exit_codes_table() -> str:
    """The exit codes in one table."""
    return _table(("code", "meaning"), [(f"{code:d}", code.meaning) for code in errors.ExitCode])


def metrics_table() -> str:
    """The metrics of `etl --metrics`."""
    return _table(("metric", "meaning"), [(f"`{name}`", meaning) for name, meaning in metrics.METRICS.items()])


def commands_page() -> str:
    """The help of every command."""
    # One width and no colours, on any terminal.
    with patch.dict(os.environ, {"COLUMNS": str(HELP_WIDTH), "NO_COLOR": "1"}):
        os.environ.pop("FORCE_COLOR", None)
        program = cli.parser()
        parts = ["# Commands", _help("sparkify", program)]
        parts += [_help(f"sparkify {name}", command) for name, command in program.commands.items()]
    return _page(parts)


def _help(name: str, parser: argparse.ArgumentParser) -> str:
    return f"## {name}\n\n{_fenced('text', parser.format_help().rstrip())}"


PAGES: dict[str, Callable[[], str]] = {
    "tables.md": tables_page,
    "questions.md": questions_page,
    "commands.md": commands_page,
    "configuration.md": configuration_page,
    "exit-codes.md": exit_codes_page,
}

BLOCKS: dict[str, Callable[[], str]] = {
    "star-schema": lambda: _mermaid(star_diagram()),
    "data-flow": lambda: _mermaid(main_diagram()),
    "exit-codes": exit_codes_table,
    "metrics": metrics_table,
}


# ---------------------------------------------------------------- Markdown


def _page(parts: Iterable[str]) -> str:
    return "\n\n".join([HEAD, *parts]) + "\n"


def _paragraph(text: str) -> str:
    return fill(" ".join(text.split()), WIDTH, break_long_words=False, break_on_hyphens=False)


def _fenced(language: str, text: str) -> str:
    return f"```{language}\n{text}\n```"


def _mermaid(text: str) -> str:
    return _fenced("mermaid", text)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *([cell.replace("|", "\\|") for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


# ---------------------------------------------------------------- writing and checking


def documents() -> dict[Path, str]:
    """The right text of every page that is generated, whole or in part, and of dbt's sources."""
    texts = {REFERENCE / name: page() for name, page in PAGES.items()}
    texts[DBT_SOURCES] = dbt_sources.text()
    for path in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]:
        if path.parent != REFERENCE and BLOCK.search(text := path.read_text(encoding="utf-8")):
            texts[path] = filled(text)
    return texts


def filled(text: str) -> str:
    """A page with the right text in its generated blocks."""
    return BLOCK.sub(lambda block: f"{block[1]}{BLOCKS[block[2]]()}\n{block[3]}", text)


def out_of_step(texts: dict[Path, str]) -> list[Path]:
    """The pages that differ from their right text, and those of the reference that have none."""
    changed = [path for path, text in texts.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    return changed + [path for path in sorted(REFERENCE.glob("*")) if path not in texts]


def main(arguments: Sequence[str] | None = None) -> int:
    """Write or check all pages; the exit code."""
    parser = argparse.ArgumentParser(description="Write the generated pages.")
    parser.add_argument("--check", action="store_true", help="only name the pages that are out of step")
    options = parser.parse_args(arguments)
    texts = documents()
    paths = out_of_step(texts)
    for path in paths:
        name = path.relative_to(ROOT)
        if options.check:
            print(f"{name} is out of step with the program; run `make docs`")
        elif path in texts:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(texts[path], encoding="utf-8", newline="\n")
            print(f"wrote {name}")
        else:
            path.unlink()
            print(f"deleted {name}")
    return 1 if options.check and paths else 0


if __name__ == "__main__":
    sys.exit(main())
