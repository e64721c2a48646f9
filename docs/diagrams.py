"""How data flows through the tables, read from `sql/transform` and `sql/create`, and Mermaid's texts that draw it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from sparkify import dictionary, questions, sql_queries
from sparkify.dictionary import Column, Table
from sparkify.transform import STEPS

FACTS = ("songplays", "page_views")
STAGED = {"song_data": "staging_songs", "log_data": "staging_events"}
"""The staging table of each prefix of [S3]."""


# ---------------------------------------------------------------- the flow of data


class Statement(NamedTuple):
    """A statement of `sql/transform`: its step, the table that it changes (empty if it only counts), those it reads."""

    step: str
    written: str
    read: list[str]


def star() -> list[Table]:
    """The facts, then the dimensions that their keys lead to."""
    facts = [dictionary.table(name) for name in FACTS]
    dimensions = dict.fromkeys(key.table for fact in facts for key in fact.foreign_keys)
    return [*facts, *map(dictionary.table, dimensions)]


def statements() -> list[Statement]:
    """The statements between staging and the checks, in the order in which they run."""
    return [
        Statement(step.name, _written_table(sql), dictionary.tables_read(sql))
        for step in STEPS
        for sql in step.statements()
    ]


def _written_table(sql: str) -> str:
    written = re.match(r'(?:insert into|update|delete from) "?(\w+)"?', sql)
    return written[1] if written else ""


def flows() -> list[tuple[str, str]]:
    """From which table or view rows get into which, by one statement or one view."""
    written = [(read, statement.written) for statement in statements() if statement.written for read in statement.read]
    return [*written, *((read, view) for view in sql_queries.VIEWS for read in _view_reads(view))]


def _view_reads(view: str) -> list[str]:
    [sql] = sql_queries.statements("create", view)
    return dictionary.tables_read(sql)


def main_flows() -> list[tuple[str, str]]:
    """The flows from staging to the star schema and on to the views, straight through the tables between."""
    stages = [list(STAGED.values()), [table.name for table in star()], list(sql_queries.LASTING_VIEWS)]
    stage_of = {name: stage for stage, names in enumerate(stages) for name in names}
    all_flows = flows()

    def next_shown(name: str, visited: set[str]) -> Iterator[str]:
        for source, target in all_flows:
            if source == name and target not in visited:
                visited.add(target)
                yield from [target] if target in stage_of else next_shown(target, visited)

    return [
        (source, target)
        for source in stage_of
        for target in sorted(next_shown(source, set()), key=list(stage_of).index)
        if stage_of[source] < stage_of[target] or source in sql_queries.LASTING_VIEWS
    ]


# ---------------------------------------------------------------- diagrams


def star_diagram() -> str:
    """The star schema."""
    lines = ["erDiagram"]
    for table in star():
        for key in table.foreign_keys:
            column = table.column(key.column)
            end = "o|" if column and column.may_be_null else "||"
            lines.append(f"    {table.name} }}o--{end} {key.table} : {key.column}")
    for table in star():
        lines += [f"    {table.name} {{", *_indented(_attribute(table, c) for c in table.columns), "    }"]
    return "\n".join(lines)


def _attribute(table: Table, column: Column) -> str:
    """A column in an erDiagram, with the first words of its description."""
    is_foreign = column.name in (key.column for key in table.foreign_keys)
    keys = ", ".join((["PK"] if column.name == table.primary_key else []) + (["FK"] if is_foreign else []))
    kind = re.sub(r"\(\d+\)| precision", "", column.type)
    words = re.split(r"[,;:(]", column.description)[0].strip()
    return " ".join(filter(None, [kind, column.name, keys, f'"{words}"']))


def main_diagram() -> str:
    """The flow from S3 to the analysts, without the tables between staging and the star schema."""
    asked = sorted({name for question in questions.all_questions() for name in dictionary.tables_read(question.sql)})
    shown = {name for flow in main_flows() for name in flow}
    lines = [
        "flowchart LR",
        *_subgraph("S3, or a folder", [f'{prefix}[/"{prefix}"/]' for prefix in STAGED]),
        *_subgraph("staging", map(_table_node, STAGED.values())),
        *_subgraph("star schema", [_table_node(table.name) for table in star()]),
        *_subgraph("views", map(_table_node, sql_queries.LASTING_VIEWS)),
        *_subgraph("analysts", ['questions(["the questions: query, report"])', 'own_sql(["SQL of your own"])']),
        *(f"    {prefix} --> {_id(table)}" for prefix, table in STAGED.items()),
        *(f"    {_id(source)} --> {_id(target)}" for source, target in main_flows()),
        *(f"    {_id(name)} --> questions" for name in asked if name in shown),
        *(f"    {_id(view)} --> own_sql" for view in sql_queries.LASTING_VIEWS),
    ]
    return "\n".join(lines)


def step_diagram() -> str:
    """Every step between staging and the checks, with the tables that it reads and writes."""
    every = statements()
    names = dict.fromkeys(name for statement in every for name in (*statement.read, statement.written) if name)
    views = []
    for view in reversed(sql_queries.VIEWS):  # each comes after those that it reads
        if view in names:
            views += [(read, view) for read in _view_reads(view)]
            names |= dict.fromkeys(_view_reads(view))
    reads = [f"    {_id(read)} --> step_{statement.step}" for statement in every for read in statement.read]
    writes = [f"    step_{statement.step} ==> {_id(statement.written)}" for statement in every if statement.written]
    lines = [
        "flowchart TD",
        *(f"    {_table_node(name)}" for name in names),
        *(f'    step_{step.name}["{number} {step.name}"]' for number, step in enumerate(STEPS, 1)),
        *(f"    {_id(read)} --> {_id(view)}" for read, view in views),
        *dict.fromkeys(reads + writes),
    ]
    return "\n".join(lines)


def _subgraph(title: str, nodes: Iterable[str]) -> list[str]:
    return [f'    subgraph in_{re.sub(r"[^a-z0-9]+", "_", title.lower())} ["{title}"]', *_indented(nodes), "    end"]


def _indented(lines: Iterable[str]) -> list[str]:
    return [f"        {line}" for line in lines]


def _table_node(name: str) -> str:
    """The node of a table: a view has double sides, a table that keeps its rows is a drum, one of a batch is round."""
    if dictionary.table(name).kind == "view":
        return f'{_id(name)}[["{name}"]]'
    is_of_a_batch = name in sql_queries.BATCH_TABLES
    return f'{_id(name)}(["{name}"])' if is_of_a_batch else f'{_id(name)}[("{name}")]'


def _id(name: str) -> str:
    """The id of a table's node, which is none of Mermaid's own words."""
    return f"table_{name}"
