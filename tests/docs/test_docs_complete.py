"""The links of the pages lead somewhere, every page is linked, and make and the SQL files explain themselves."""

from __future__ import annotations

import re
import subprocess
from importlib.metadata import distributions
from pathlib import Path

import pytest
from generate import REFERENCE, ROOT

from doc_blocks import PAGES, blocks, page_name
from sparkify import config, sql_queries, transform

OTHER_PAGES = [ROOT / name for name in ("CONTRIBUTING.md", "bench/README.md", "redshift_stand_in/README.md")]
"""Pages for who works on the project: their links are checked, their blocks are not run."""


def test_the_configuration_of_the_readme_is_read(tmp_path: Path) -> None:
    [block] = [block for block in blocks(ROOT / "README.md") if block.language == "ini"]
    (tmp_path / "dwh.cfg").write_text(block.text, encoding="utf-8")
    read = config.load(tmp_path / "dwh.cfg", environment={})
    assert read.store.log_data == "s3://my-bucket/log_data"
    assert read.duckdb_path == tmp_path / "sparkify.duckdb"
    assert read.max_errors == 0


def test_make_explains_every_target_and_the_pages_name_no_other() -> None:
    [declared] = re.findall(r"^\.PHONY: (.+)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    answer = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    explained = set(re.findall(r"^make ([a-z-]+) +\S", answer, re.MULTILINE))
    assert explained == {*declared.split(), "sample"}
    pages = [*PAGES, ROOT / "CONTRIBUTING.md"]
    named = {
        name for page in pages for name in re.findall(r"(?:`|^ *(?:\$ )?)make ([a-z-]+)", page.read_text("utf-8"), re.M)
    }
    assert {"run", "test", "redshift-driver", "lock"} <= named <= explained


@pytest.mark.parametrize("name", ["run", "redshift", "openlineage", "dev"])
def test_make_says_what_it_installs_how_large_that_is_and_how_to_remove_it(name: str) -> None:
    planned = ["make", "--dry-run", "--always-make", f".venv/installed-{name}"]
    answer = subprocess.run(planned, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    size = r"about \d+ MB, and \d+ MB of downloads"
    said = rf'^echo "Installing the packages of locks/{name}\.txt into \.venv: {size}; deleting \.venv removes them\."$'
    assert re.search(said, answer, re.MULTILINE), answer
    assert answer.index('echo "Installing') < answer.index("pip install")


def test_what_a_user_installs_is_no_larger_than_make_says() -> None:
    [most] = re.findall(r"^SIZE_run = (\d+) MB", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    names = {*re.findall(r"^([\w-]+)==", (ROOT / "locks/run.txt").read_text(encoding="utf-8"), re.MULTILINE), "pip"}
    packages = [each for each in distributions() if re.sub(r"[-_.]+", "-", each.name).lower() in names]
    assert {"duckdb", "botocore", "pip"} <= {each.name for each in packages}
    paths = {Path(str(file.locate())) for each in packages for file in each.files or ()}
    assert sum(path.stat().st_size for path in paths if path.exists()) < int(most) * 2**20


def test_every_check_and_question_says_in_its_header_what_it_is_for() -> None:
    for folder in ("checks", "report", "transform", "create", "history", "forget"):
        for name in sql_queries.names(folder):
            assert len(sql_queries.header(folder, name).split()) > 3, f"sql/{folder}/{name}.sql"


def test_every_transform_and_table_is_used() -> None:
    assert set(sql_queries.names("transform")) == {step.name for step in transform.STEPS}
    assert set(sql_queries.names("create")) == {*sql_queries.TABLES, *sql_queries.VIEWS}


def test_the_links_between_the_documents_lead_somewhere() -> None:
    for document in [*PAGES, *REFERENCE.glob("*.md"), *OTHER_PAGES]:
        for target, heading in re.findall(r"\]\(([^)#:]*)(?:#([^)]+))?\)", document.read_text(encoding="utf-8")):
            page = document.parent / target if target else document
            assert page.exists(), f"{page_name(document)}: {target}"
            assert not heading or heading in anchors(page), f"{page_name(document)}: {target}#{heading}"


def anchors(page: Path) -> set[str]:
    """The names under which GitHub links to a page's headings."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_page_is_in_the_index() -> None:
    index = ROOT / "docs" / "README.md"
    linked = {(index.parent / target).resolve() for target in re.findall(r"\]\(([^)#:]+)", index.read_text("utf-8"))}
    assert {*PAGES, *REFERENCE.glob("*.md")} - linked - {index, ROOT / "README.md"} == set()
