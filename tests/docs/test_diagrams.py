"""The diagrams of docs/diagrams.py show the tables, the keys and the steps as they are, in lines that Mermaid draws."""

from __future__ import annotations

import re

import diagrams
import pytest

from sparkify import sql_queries, transform

NODE = re.compile(r'(\w+)(?:\[\("(.+)"\)\]|\(\["(.+)"\]\)|\[\["(.+)"\]\]|\[/"(.+)"/\]|\["(.+)"\])')


def tables_drawn(diagram: str) -> dict[str, list[str]]:
    """The columns of each table of an erDiagram, whose lines must all be relations, or columns of a table."""
    columns: dict[str, list[str]] = {}
    ends: set[str] = set()
    first, *lines = diagram.splitlines()
    assert first == "erDiagram"
    table = ""
    for line in lines:
        if relation := re.fullmatch(r"    (\w+) \}o--(?:\|\||o\|) (\w+) : \w+", line):
            ends |= {relation[1], relation[2]}
        elif opening := re.fullmatch(r"    (\w+) \{", line):
            assert not table
            table = opening[1]
            columns[table] = []
        elif line == "    }":
            assert table
            table = ""
        else:
            column = re.fullmatch(r'        [a-z]+ (\w+)(?: PK| FK| PK, FK)? "[^"]+"', line)
            assert column, line
            columns[table].append(column[1])
    assert not table
    assert ends <= columns.keys()
    return columns


def arrows_drawn(diagram: str) -> set[tuple[str, str]]:
    """The arrows of a flowchart, by the labels of their nodes. All lines must be nodes, arrows between, or groups."""
    labels: dict[str, str] = {}
    arrows: set[tuple[str, str]] = set()
    depth = 0
    first, *lines = diagram.splitlines()
    assert re.fullmatch("flowchart (LR|TD)", first)
    for line in map(str.strip, lines):
        if re.fullmatch(r'subgraph \w+ \["[^"]+"\]', line):
            depth += 1
        elif line == "end":
            depth -= 1
        elif arrow := re.fullmatch(r"(\w+) (?:-->|==>) (\w+)", line):
            assert (labels[arrow[1]], labels[arrow[2]]) not in arrows, line
            arrows.add((labels[arrow[1]], labels[arrow[2]]))
        else:
            node = NODE.fullmatch(line)
            assert node, line
            assert node[1] not in {*labels, "end", "default", "subgraph"}, line
            labels[node[1]] = next(filter(None, node.groups()[1:]))
        assert depth in (0, 1)
    assert depth == 0
    assert {*labels.values()} == {end for arrow in arrows for end in arrow}, "a node without an arrow"
    return arrows


def test_the_star_schema_is_drawn_with_its_columns_and_keys() -> None:
    diagram = diagrams.star_diagram()
    star = ("songplays", "page_views", "time", "users", "songs", "artists")
    assert tables_drawn(diagram) == {table: [*sql_queries.columns(table)] for table in star}
    assert {line.strip() for line in diagram.splitlines() if "--" in line} == {
        "songplays }o--|| time : start_time",
        "songplays }o--o| users : user_id",
        "songplays }o--o| songs : song_id",
        "songplays }o--o| artists : artist_id",
        "page_views }o--o| users : user_id",
        "songs }o--|| artists : artist_id",
    }


def test_the_main_flow_leads_from_s3_through_every_table_of_the_star_schema_to_the_analysts() -> None:
    arrows = arrows_drawn(diagrams.main_diagram())
    assert {("song_data", "staging_songs"), ("log_data", "staging_events"), ("plays", "SQL of your own")} < arrows
    into_star = {
        *(("staging_songs", table) for table in ("songs", "artists", "songplays")),
        *(("staging_events", table) for table in ("songplays", "page_views", "users", "time")),
    }
    star = {"songplays", "page_views", "users", "songs", "artists", "time"}
    assert {arrow for arrow in arrows if arrow[1] in star} == into_star
    assert {source for source, target in arrows if target == "plays"} == star - {"page_views", "time"}
    assert {source for source, target in arrows if target == "sessions"} == {"events"}
    assert ("songplays", "the questions: query, report") in arrows


def test_every_table_that_a_step_changes_or_reads_is_drawn_with_that_step() -> None:
    arrows = arrows_drawn(diagrams.step_diagram())
    names = {*sql_queries.TABLES, *sql_queries.VIEWS}
    columns = {column for table in sql_queries.TABLES for column in sql_queries.columns(table)}
    nodes = {f"{number} {step.name}": step for number, step in enumerate(transform.STEPS, 1)}
    assert {end for arrow in arrows for end in arrow} - names == nodes.keys()
    for node, step in nodes.items():
        sql = " ".join(step.statements()).replace('"', "")
        written = {target for source, target in arrows if source == node}
        drawn = written | {source for source, target in arrows if target == node}
        assert written == {*re.findall(r"\b(?:insert into|update|delete from) (\w+)", sql)}
        mentioned = {name for name in names if re.search(rf"(?<![.\w]){name}\b(?!\.)", sql)}
        assert drawn <= mentioned
        assert mentioned - drawn <= columns


@pytest.mark.parametrize(
    "line",
    [
        '    lost[("lost")]',
        "    table_time --> table_nowhere",
        "    table_users --> table_plays",
        '    subgraph open ["open"]',
        "    end",
        "    table_new[(new)]",
        '    table_time[("time")]',
    ],
)
def test_a_line_that_mermaid_would_not_draw_right_is_found(line: str) -> None:
    with pytest.raises((AssertionError, KeyError)):
        arrows_drawn(f"{diagrams.main_diagram()}\n{line}")
