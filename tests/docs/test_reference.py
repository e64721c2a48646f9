"""What `docs/generate.py` writes is in step with the program, and complete."""

from __future__ import annotations

import re
from pathlib import Path

import generate
import pytest

from sparkify import cli, config, dictionary, errors, sql_queries
from sparkify.config.keys import KEYS

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = ("commands.md", "configuration.md", "exit-codes.md", "questions.md", "tables.md")
DBT_SOURCES = "docs/how-to/dbt/models/sources.yml"


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    """The text of every page of the reference, by its name."""
    return {name: page() for name, page in generate.PAGES.items()}


@pytest.fixture
def unwritten(pages: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a page of its own, and with no page of the reference yet."""
    (tmp_path / "docs").mkdir()
    page = "# Ours\n\n<!-- generated: exit-codes -->\nnot yet\n<!-- end -->\n\nwritten by hand\n"
    (tmp_path / "README.md").write_text(page, encoding="utf-8")
    monkeypatch.setattr(generate, "ROOT", tmp_path)
    monkeypatch.setattr(generate, "REFERENCE", tmp_path / "docs" / "reference")
    monkeypatch.setattr(generate, "DBT_SOURCES", tmp_path / DBT_SOURCES)
    monkeypatch.setattr(generate, "PAGES", {name: lambda text=text: text for name, text in pages.items()})
    return tmp_path


@pytest.fixture
def copy(unwritten: Path) -> Path:
    """The same folder, in which every page is in step."""
    assert generate.main([]) == 0
    return unwritten


def test_every_page_is_in_step_with_the_program(pages: dict[str, str]) -> None:
    assert {*pages} == {*REFERENCE}
    changed = [str(path.relative_to(ROOT)) for path in generate.out_of_step(generate.documents())]
    assert changed == [], "these pages are out of step with the program; run `make docs`"


def test_all_pages_are_written_and_then_nothing_is_out_of_step(
    unwritten: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert generate.main([]) == 0
    wrote = [line.removeprefix("wrote ") for line in capsys.readouterr().out.splitlines()]
    assert sorted(wrote) == ["README.md", DBT_SOURCES, *(f"docs/reference/{name}" for name in REFERENCE)]
    assert generate.main(["--check"]) == 0
    assert generate.main([]) == 0
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("name", [DBT_SOURCES, *(f"docs/reference/{name}" for name in REFERENCE)])
@pytest.mark.parametrize("change", ["changed", "deleted"])
def test_a_page_that_is_out_of_step_is_named_and_written_again(
    name: str, change: str, copy: Path, capsys: pytest.CaptureFixture[str]
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
    copy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (copy / "docs" / "reference" / "old.md").write_text("# Old\n", encoding="utf-8")
    assert generate.main(["--check"]) == 1
    assert "docs/reference/old.md is out of step" in capsys.readouterr().out
    assert generate.main([]) == 0
    assert generate.main(["--check"]) == 0


def test_only_the_text_between_its_marks_is_checked_and_written_in_another_page(
    copy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = generate.exit_codes_table()
    page = copy / "README.md"
    text = f"# Ours\n\n<!-- generated: exit-codes -->\n{table}\n<!-- end -->\n\nwritten by hand\n"
    assert page.read_text(encoding="utf-8") == text
    page.write_text(text.replace("| 0 |", "| 5 |").replace("by hand", "by me"), encoding="utf-8")
    capsys.readouterr()
    assert generate.main(["--check"]) == 1
    assert capsys.readouterr().out.startswith("README.md is out of step")
    assert generate.main([]) == 0
    assert page.read_text(encoding="utf-8") == text.replace("by hand", "by me")


def test_every_block_is_put_between_its_marks() -> None:
    marks = "\n".join(f"<!-- generated: {name} -->\n<!-- end -->\n" for name in generate.BLOCKS)
    filled = generate.filled(marks)
    assert re.findall(r"<!-- generated: ([a-z-]+) -->\n(?:```mermaid|\|)", filled) == [*generate.BLOCKS]
    assert generate.filled(filled) == filled


def test_a_block_that_nothing_writes_is_refused() -> None:
    with pytest.raises(KeyError, match="no-such"):
        generate.filled("<!-- generated: no-such -->\n<!-- end -->")


@pytest.mark.parametrize("settings", [{"COLUMNS": "40"}, {"COLUMNS": "300", "FORCE_COLOR": "1"}])
def test_the_terminal_changes_nothing(
    settings: dict[str, str], pages: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    assert generate.commands_page() == pages["commands.md"]


# ---------------------------------------------------------------- the contents of the pages


def section(page: str, title: str) -> str:
    """The text under a heading."""
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
    assert titles[:7] == ["songplays", "page_views", "time", "users", "songs", "artists", "plays"]
    assert set(titles) == {*sql_queries.TABLES, *sql_queries.VIEWS}


def test_the_tables_are_drawn(pages: dict[str, str]) -> None:
    kinds = re.findall(r"^```mermaid\n(.+)$", pages["tables.md"], re.MULTILINE)
    assert kinds == ["flowchart LR", "erDiagram", "flowchart TD"]


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
