"""What `docs/generate.py` writes is in step with the program, complete, and right as Markdown and Mermaid."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from importlib import util
from pathlib import Path
from types import ModuleType

import pytest

from sparkify import cli, config, dictionary, errors, sql_queries, transform
from sparkify.config.keys import KEYS

ROOT = Path(__file__).resolve().parents[2]
PAGES = ("commands.md", "configuration.md", "exit-codes.md", "questions.md", "tables.md")


@pytest.fixture(scope="module")
def generate() -> Iterator[ModuleType]:
    """The script; it is no part of a package."""
    spec = util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
    assert spec
    assert spec.loader
    module = util.module_from_spec(spec)
    sys.modules["generate"] = module  # where `NamedTuple` looks its annotations up
    spec.loader.exec_module(module)
    yield module
    del sys.modules["generate"]


@pytest.fixture(scope="module")
def pages(generate: ModuleType) -> dict[str, str]:
    """The text of every page of the reference, by its name."""
    return {name: page() for name, page in generate.PAGES.items()}


@pytest.fixture
def unwritten(generate: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a page of its own, for which nothing has been written yet."""
    (tmp_path / "docs").mkdir()
    page = "# Ours\n\n<!-- generated: exit-codes -->\nnot yet\n<!-- end -->\n\nwritten by hand\n"
    (tmp_path / "README.md").write_text(page, encoding="utf-8")
    monkeypatch.setattr(generate, "ROOT", tmp_path)
    monkeypatch.setattr(generate, "REFERENCE", tmp_path / "docs" / "reference")
    return tmp_path


@pytest.fixture
def copy(generate: ModuleType, unwritten: Path) -> Path:
    """A folder with pages of its own, which are in step."""
    assert generate.main([]) == 0
    return unwritten


def test_every_page_is_in_step_with_the_program(generate: ModuleType) -> None:
    changed = [str(path.relative_to(ROOT)) for path in generate.out_of_step(generate.documents())]
    assert changed == [], "these pages are out of step with the program; run `make docs`"


def test_all_pages_are_written_and_then_nothing_is_out_of_step(
    generate: ModuleType, unwritten: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert generate.main([]) == 0
    wrote = [line.removeprefix("wrote ") for line in capsys.readouterr().out.splitlines()]
    assert sorted(wrote) == ["README.md", *(f"docs/reference/{name}" for name in PAGES)]
    assert generate.main(["--check"]) == 0
    assert generate.main([]) == 0
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("name", [f"docs/reference/{name}" for name in PAGES])
@pytest.mark.parametrize("change", ["changed", "deleted"])
def test_a_page_that_is_out_of_step_is_named_and_written_anew(
    name: str, change: str, generate: ModuleType, copy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (copy / name).read_bytes()
    (copy / name).unlink()
    if change == "changed":
        (copy / name).write_bytes(before + b"\n")
    capsys.readouterr()
    assert generate.main(["--check"]) == 1
    assert capsys.readouterr().out == f"{name} is out of step with the program; run `make docs`\n"
    assert generate.main([]) == 0
    assert (copy / name).read_bytes() == before


def test_a_page_of_the_reference_that_nothing_writes_is_named_and_deleted(
    generate: ModuleType, copy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (copy / "docs" / "reference" / "old.md").write_text("# Old\n", encoding="utf-8")
    assert generate.main(["--check"]) == 1
    assert "docs/reference/old.md is out of step" in capsys.readouterr().out
    assert generate.main([]) == 0
    assert generate.main(["--check"]) == 0


def test_only_what_stands_between_its_marks_is_written_into_another_page(generate: ModuleType, copy: Path) -> None:
    table = generate.exit_codes_table()
    text = f"# Ours\n\n<!-- generated: exit-codes -->\n{table}\n<!-- end -->\n\nwritten by hand\n"
    assert (copy / "README.md").read_text(encoding="utf-8") == text


def test_every_block_is_put_in_its_place(generate: ModuleType) -> None:
    marks = "\n".join(f"<!-- generated: {name} -->\n<!-- end -->\n" for name in generate.BLOCKS)
    filled = generate.filled(marks)
    assert re.findall(r"<!-- generated: ([a-z-]+) -->\n(?:```mermaid|\|)", filled) == [*generate.BLOCKS]
    assert generate.filled(filled) == filled


def test_a_block_that_nothing_writes_is_refused(generate: ModuleType) -> None:
    with pytest.raises(KeyError, match="no-such"):
        generate.filled("<!-- generated: no-such -->\n<!-- end -->")


@pytest.mark.parametrize("settings", [{"COLUMNS": "40"}, {"COLUMNS": "300", "FORCE_COLOR": "1"}])
def test_the_terminal_changes_nothing(
    settings: dict[str, str], generate: ModuleType, pages: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    assert generate.commands_page() == pages["commands.md"]


# ---------------------------------------------------------------- what the pages hold


def section(page: str, title: str) -> str:
    """What stands under a heading."""
    found = re.search(rf"^##+ {re.escape(title)}\n(.*?)(?=^##+ |\Z)", page, re.MULTILINE | re.DOTALL)
    assert found, f"there is no heading {title}"
    return found[1]


def rows(text: str) -> list[list[str]]:
    """The cells of the tables of a text, without their heads."""
    cells = [re.split(r"(?<!\\) \| ", line[2:-2]) for line in text.splitlines() if line.startswith("| ")]
    heads = {at - 1 for at, row in enumerate(cells) if set(row) == {"---"}}
    return [row for at, row in enumerate(cells) if at not in heads and set(row) != {"---"}]


def test_every_table_and_view_has_its_columns_in_order(pages: dict[str, str]) -> None:
    for table in dictionary.tables():
        found = rows(section(pages["tables.md"], table.name))
        assert [row[0] for row in found] == [f"`{column.name}`" for column in table.columns]
        assert [row[3] for row in found] == [column.description for column in table.columns]


def test_the_star_schema_comes_first(pages: dict[str, str]) -> None:
    titles = re.findall(r"^### (\w+)$", pages["tables.md"], re.MULTILINE)
    assert titles[:6] == ["songplays", "time", "users", "songs", "artists", "plays"]
    assert set(titles) == {*sql_queries.TABLES, *sql_queries.VIEWS}


def test_every_question_has_its_columns_options_and_sql(pages: dict[str, str]) -> None:
    for name in sql_queries.names("report"):
        text = section(pages["questions.md"], name)
        assert dict(rows(text)) == {f"`{c}`": words for c, words in dictionary.question_columns(name).items()}
        [statement] = sql_queries.statements("report", name)
        assert f"```sql\n{statement};\n```" in text
        for parameter, option in {"$from_time": "--from", "$level": "--level", "$most": "--limit"}.items():
            assert (f"`{option}`" in text) == (parameter in statement), name


def test_every_key_has_its_meaning_and_what_happens_without_it(pages: dict[str, str]) -> None:
    for name, keys in KEYS.items():
        found = rows(section(pages["configuration.md"], f"[{name}]"))
        assert [row[0] for row in found] == [f"`{key}`" for key in keys]
        assert [row[2] for row in found] == [key.kind.accepted for key in keys.values()]
        assert [row[4] for row in found] == [f"`DWH_{name}_{key}`" for key in keys]
        assert all(all(row) for row in found), f"[{name}]"


def test_the_defaults_in_the_configuration_are_those_that_are_used(pages: dict[str, str], tmp_path: Path) -> None:
    written = {row[0].strip("`"): row[3].strip("`") for row in rows(pages["configuration.md"]) if "`" in row[3][:1]}
    (tmp_path / "dwh.cfg").write_text("[S3]\nLOG_DATA = a\nLOG_JSONPATH = b\nSONG_DATA = c\n", encoding="utf-8")
    used = config.load(tmp_path / "dwh.cfg", environment={})
    assert written["PATH"] == used.duckdb_path.name
    assert written["MEMORY_LIMIT"] == f"{used.memory_limit // 10**6} MB"
    assert written["BATCH_SIZE"] == f"{used.batch_size // 10**9} GB"
    assert (written["MAX_ERRORS"], written["LOCK_TIMEOUT"]) == (f"{used.max_errors}", f"{used.lock_timeout:g}")


def test_every_exit_code_has_its_meaning_and_every_fault_its_code(pages: dict[str, str]) -> None:
    found = {row[0]: row[1:] for row in rows(pages["exit-codes.md"])}
    assert {code: meaning for code, (meaning, _) in found.items()} == {f"{c:d}": c.meaning for c in errors.ExitCode}
    for kind in (errors.ConfigError, errors.AccessError, errors.BadRecordsError, errors.CheckError):
        assert (kind.__doc__ or "?") in found[f"{kind.exit_code:d}"][1]


def test_every_command_has_the_help_that_it_prints(
    pages: dict[str, str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    commands = cli.parser().commands
    assert {"create-tables", "etl", "query"} < set(commands)
    for name in commands:
        with pytest.raises(SystemExit):
            cli.parse([name, "--help"])
        printed = capsys.readouterr().out
        assert section(pages["commands.md"], f"sparkify {name}").strip() == f"```text\n{printed.rstrip()}\n```"


def test_the_links_of_the_reference_lead_somewhere(pages: dict[str, str]) -> None:
    for name, page in pages.items():
        titles = re.findall(r"^#+ (.+)$", page, re.MULTILINE)
        for target in re.findall(r"\]\(([^)]+)\)", page):
            path, _, anchor = target.partition("#")
            assert not path or (ROOT / "docs" / "reference" / path).exists(), f"{name}: {target}"
            assert not anchor or anchor in titles, f"{name}: {target}"


# ---------------------------------------------------------------- Mermaid


def diagrams(text: str) -> list[list[str]]:
    """The lines of every diagram of a page."""
    return [found.splitlines() for found in re.findall(r"^```mermaid\n(.*?)^```", text, re.MULTILINE | re.DOTALL)]


def check_entities(lines: list[str]) -> set[str]:
    """The tables of an erDiagram, all of whose lines have to be relations or columns of a table."""
    tables: dict[str, list[str]] = {}
    ends: set[str] = set()
    inside = ""
    for line in lines[1:]:
        if relation := re.fullmatch(r"    (\w+) \}o--(?:\|\||o\|) (\w+) : \w+", line):
            ends |= {relation[1], relation[2]}
        elif opened := re.fullmatch(r"    (\w+) \{", line):
            assert not inside
            inside = opened[1]
            tables[inside] = []
        elif line == "    }":
            assert inside
            inside = ""
        else:
            column = re.fullmatch(r'        [a-z]+ (\w+)(?: PK| FK| PK, FK)? "[^"]+"', line)
            assert column, line
            tables[inside].append(column[1])
    assert not inside
    assert ends <= tables.keys()
    for table, columns in tables.items():
        assert columns == [*sql_queries.columns(table)]
    return set(tables)


NODE = re.compile(r'(\w+)(?:\[\("(.+)"\)\]|\(\["(.+)"\]\)|\[\["(.+)"\]\]|\[/"(.+)"/\]|\["(.+)"\])')


def check_flow(lines: list[str]) -> tuple[dict[str, str], set[tuple[str, str]]]:
    """The nodes of a flowchart, with their labels, and its arrows between them, in labels."""
    nodes: dict[str, str] = {}
    arrows: set[tuple[str, str]] = set()
    depth = 0
    for line in map(str.strip, lines[1:]):
        if re.fullmatch(r'subgraph \w+ \["[^"]+"\]', line):
            depth += 1
        elif line == "end":
            depth -= 1
        elif arrow := re.fullmatch(r"(\w+) (?:-->|==>) (\w+)", line):
            assert (nodes[arrow[1]], nodes[arrow[2]]) not in arrows, line
            arrows.add((nodes[arrow[1]], nodes[arrow[2]]))
        else:
            node = NODE.fullmatch(line)
            assert node, line
            assert node[1] not in nodes, line
            assert node[1] not in ("end", "default", "subgraph"), line
            nodes[node[1]] = next(filter(None, node.groups()[1:]))
        assert depth in (0, 1)
    assert depth == 0
    assert set(nodes.values()) == {end for arrow in arrows for end in arrow}, "a node without an arrow"
    return nodes, arrows


def test_every_diagram_is_one_that_mermaid_draws(generate: ModuleType, pages: dict[str, str]) -> None:
    blocks = "\n".join(block() for block in generate.BLOCKS.values())
    kinds = [lines[0] for text in (pages["tables.md"], blocks) for lines in diagrams(text)]
    assert kinds == ["flowchart LR", "erDiagram", "flowchart TD", "erDiagram", "flowchart LR"]
    for text in (pages["tables.md"], blocks):
        for lines in diagrams(text):
            check_entities(lines) if lines[0] == "erDiagram" else check_flow(lines)


def test_the_star_schema_is_drawn_with_its_keys(generate: ModuleType) -> None:
    [lines] = diagrams(generate.star_diagram())
    assert check_entities(lines) == {"songplays", "time", "users", "songs", "artists"}
    relations = {line.strip() for line in lines if "--" in line}
    assert relations == {
        "songplays }o--|| time : start_time",
        "songplays }o--o| users : user_id",
        "songplays }o--o| songs : song_id",
        "songplays }o--o| artists : artist_id",
        "songs }o--|| artists : artist_id",
    }


def test_the_main_way_leads_from_s3_through_every_table_of_the_star_schema_to_the_analysts(
    generate: ModuleType,
) -> None:
    [lines] = diagrams(generate.main_diagram())
    _, arrows = check_flow(lines)
    assert {("song_data", "staging_songs"), ("log_data", "staging_events"), ("plays", "SQL of your own")} < arrows
    into_star = {
        *(("staging_songs", table) for table in ("songs", "artists", "songplays")),
        *(("staging_events", table) for table in ("songplays", "users", "time")),
    }
    star = {"songplays", "users", "songs", "artists", "time"}
    assert {arrow for arrow in arrows if arrow[1] in star} == into_star
    assert {source for source, target in arrows if target == "plays"} == star
    assert ("songplays", "the questions: query, report") in arrows


def test_every_table_that_a_step_changes_or_reads_is_drawn_with_that_step(generate: ModuleType) -> None:
    [lines] = diagrams(generate.step_diagram())
    nodes, arrows = check_flow(lines)
    names = {*sql_queries.TABLES, *sql_queries.VIEWS}
    of_step = {step.name: step for step in transform.STEPS}
    steps = dict(enumerate(of_step, 1))
    assert set(nodes.values()) - names == {f"{number} {step}" for number, step in steps.items()}
    for number, step in steps.items():
        step_arrows = {arrow for arrow in arrows if f"{number} {step}" in arrow}
        text = " ".join(of_step[step].statements()).replace('"', "")
        assert {target for _, target in step_arrows} & names == set(
            re.findall(r"\b(?:insert into|update|delete from) (\w+)", text)
        )
        mentioned = {name for name in names if re.search(rf"(?<![.\w]){name}\b(?!\.)", text)}
        drawn = {end for arrow in step_arrows for end in arrow} & names
        assert drawn <= mentioned
        assert mentioned - drawn <= {word for words in map(sql_queries.columns, sql_queries.TABLES) for word in words}


@pytest.mark.parametrize(
    "broken",
    [
        '    lost[("lost")]',
        "    table_time --> table_nowhere",
        "    table_time --> table_plays",
        '    subgraph open ["open"]',
        "    end",
        "    table_new[(new)]",
        '    table_time[("time")]',
    ],
)
def test_a_diagram_that_mermaid_would_not_draw_right_is_found(broken: str, generate: ModuleType) -> None:
    [lines] = diagrams(generate.main_diagram())
    with pytest.raises((AssertionError, KeyError)):
        check_flow([*lines, broken])
