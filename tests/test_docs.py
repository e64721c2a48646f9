"""What the documents say is run, so that they cannot drift from the program."""

from __future__ import annotations

import re
from pathlib import Path

import duckdb
import pytest

from sparkify import config, sql_queries
from sparkify.cli import main
from sparkify.sample import write_sample

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def blocks(path: Path, language: str) -> list[str]:
    """The code blocks of one language in a document."""
    return re.findall(rf"^```{language}\n(.*?)^```", path.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A warehouse that was loaded with the repository's own dwh.cfg, in a folder of its own."""
    folder = tmp_path_factory.mktemp("clone")
    (folder / "dwh.cfg").write_text((ROOT / "dwh.cfg").read_text(encoding="utf-8"), encoding="utf-8")
    write_sample(folder / "sample", 100, 1_000, 1)
    assert main(["create-tables", "--config", str(folder / "dwh.cfg")]) == 0
    assert main(["etl", "--config", str(folder / "dwh.cfg")]) == 0
    return folder / "sparkify.duckdb"


def test_every_query_in_the_documents_runs(warehouse: Path) -> None:
    queries = [query for document in DOCUMENTS for query in blocks(document, "sql")]
    assert len(queries) >= 6
    with duckdb.connect(warehouse, read_only=True) as connection:
        for query in queries:
            connection.execute(query)


def test_the_questions_of_the_readme_are_those_that_ship() -> None:
    shipped = {sql_queries.statements("report", name)[0] for name in sql_queries.names("report")}
    assert {query.strip().rstrip(";") for query in blocks(ROOT / "README.md", "sql")} == shipped


def test_every_question_is_answered_with_names_over_rows(warehouse: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in sql_queries.names("report"):
        assert main(["query", name, "--config", str(warehouse.parent / "dwh.cfg")]) == 0
        first, *rows = capsys.readouterr().out.splitlines()
        assert "plays" in first.split()
        assert rows


def test_the_configuration_of_the_readme_is_read(tmp_path: Path) -> None:
    [text] = blocks(ROOT / "README.md", "ini")
    (tmp_path / "dwh.cfg").write_text(text, encoding="utf-8")
    read = config.load(tmp_path / "dwh.cfg", environment={})
    assert read.store.log_data == "s3://my-bucket/log_data"
    assert read.duckdb_path == tmp_path / "sparkify.duckdb"
    assert read.max_errors == 0


def test_every_key_that_is_read_is_in_the_readme() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for section, keys in config.KEYS.items():
        assert f"[{section}]" in text
        for key in keys if section in ("S3", "DUCKDB", "ETL") else ():
            assert re.search(rf"\b{key}\b", text), f"[{section}] {key}"


def test_every_check_and_question_says_in_its_header_what_it_is_for() -> None:
    for folder in ("checks", "report", "transform", "create", "history"):
        for name in sql_queries.names(folder):
            assert len(sql_queries.header(folder, name).split()) > 3, f"sql/{folder}/{name}.sql"


def test_every_transform_and_table_is_used() -> None:
    assert set(sql_queries.names("transform")) == set(sql_queries.TRANSFORMS)
    assert set(sql_queries.names("create")) == {*sql_queries.TABLES, *sql_queries.VIEWS}


def test_the_links_between_the_documents_lead_somewhere() -> None:
    for document in [*DOCUMENTS, ROOT / "CONTRIBUTING.md", ROOT / "bench" / "README.md"]:
        for target in re.findall(r"\]\(([^)#:]+)\)", document.read_text(encoding="utf-8")):
            assert (document.parent / target).exists(), f"{document.name}: {target}"
