"""The blocks of README and docs are run, and a block that is wrong is found."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import doc_runner
from doc_blocks import PAGES, Block, DocumentError, blocks, matches, page_name
from doc_runner import PageRun, Store
from harness.engines import opened
from harness.redshift import Access, Servers
from harness.warehouse import Sparkify
from sparkify import sql_queries
from sparkify.cli import main
from sparkify.sample import write_sample

FROM_NOTHING = {"tutorial.md"}
"""Pages whose folder has neither sample nor warehouse yet."""

QUERIES = [block for page in PAGES for block in blocks(page) if block.is_query]

PAGES_TO_RUN = [page for page in PAGES if any(not block.is_query for block in blocks(page))]


@pytest.fixture(scope="session")
def bare_clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone whose environment is set up."""
    folder = tmp_path_factory.mktemp("docs") / "bare"
    doc_runner.make_clone(folder)
    return folder


@pytest.fixture(scope="session")
def clone(bare_clone: Path) -> Path:
    """A clone after `make run`, with less data."""
    folder = bare_clone.with_name("clone")
    copy_clone(bare_clone, folder)
    write_sample(folder / "sample", 50, 1_000, 1)
    for command in ("create-tables", "etl"):
        assert main([command, "--quiet", "--config", str(folder / "dwh.cfg")]) == 0
    return folder


def copy_clone(base: Path, folder: Path) -> None:
    """Copy a clone.

    Only its own files are copied. Those in its folders are linked: copies of the sample would be new to the load, and
    no page writes into a source file.
    """

    def copy(source: str, target: str) -> None:
        if Path(source).parent == base:
            shutil.copy2(source, target)
        else:
            os.link(source, target)

    shutil.copytree(base, folder, symlinks=True, copy_function=copy)


@contextmanager
def cloud(folder: Path, servers: Servers, sample: Path) -> Iterator[Store]:
    """An empty database in the stand-in for Redshift, and a bucket that holds a sample."""
    keys = servers.users["worker"]
    with servers.without_tables(folder, Access(role="unloader")) as made:
        made.put_all(sample)
        environment = {
            "AWS_ENDPOINT_URL": servers.store.endpoint,
            "AWS_ACCESS_KEY_ID": keys.key,
            "AWS_SECRET_ACCESS_KEY": keys.secret,
        }
        yield Store(made.config.read_text(encoding="utf-8"), made.store, environment)


@pytest.mark.parametrize("page", PAGES, ids=page_name)
def test_every_block_of_a_page_is_of_a_kind_that_is_tested(page: Path) -> None:
    assert [block.location for block in blocks(page) if not block.has_test] == []


@pytest.mark.parametrize("page", PAGES_TO_RUN, ids=page_name)
def test_what_a_page_tells_to_do_does_what_it_says(page: Path, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    base = request.getfixturevalue("bare_clone" if page.name in FROM_NOTHING else "clone")
    folder = tmp_path / "sparkify"
    copy_clone(base, folder)
    if not any(block.tag in ("s3", "redshift") for block in blocks(page)):
        PageRun(page, folder, tmp_path / "notes").run()
        return
    with cloud(tmp_path / "cloud", request.getfixturevalue("servers"), base / "sample") as store:
        PageRun(page, folder, tmp_path / "notes", store).run()


# ---------------------------------------------------------------- queries


@pytest.fixture(scope="module")
def both(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Sparkify]]:
    """The same small sample, loaded into DuckDB and into the stand-in for Redshift."""
    folder = tmp_path_factory.mktemp("both")
    write_sample(folder / "sample", 50, 1_000, 1)
    with opened(request, "duckdb", folder / "duckdb") as one, opened(request, "redshift", folder / "redshift") as other:
        for made in (one, other):
            made.put_all(folder / "sample")
            made.loaded()
        yield [one, other]


def assert_same_answer(sql: str, both: list[Sparkify]) -> None:
    answers = [made.command("query", "--quiet", "--format", "csv", sql) for made in both]
    assert [answer.exit_code for answer in answers] == [0, 0], answers[0].err + answers[1].err
    assert sorted(answers[0].out.splitlines()) == sorted(answers[1].out.splitlines())


@pytest.mark.parametrize("block", QUERIES, ids=lambda block: block.location)
def test_a_query_of_the_documents_finds_the_same_in_both_engines(block: Block, both: list[Sparkify]) -> None:
    assert_same_answer(block.text, both)


def test_a_query_that_fails_is_found(both: list[Sparkify]) -> None:
    with pytest.raises(AssertionError, match="nothing"):
        assert_same_answer("select nothing from plays", both)


def test_every_question_is_answered_with_names_over_rows(both: list[Sparkify]) -> None:
    for name in sql_queries.names("report"):
        answer = both[0].command("query", name, "--quiet")
        assert answer.exit_code == 0, answer.err
        names, line, *_ = answer.out.splitlines()
        assert len(names.split()) == len(line.split()) > 1


# ---------------------------------------------------------------- wrong blocks

WRONG = {
    "a command that fails": "```sh\nfalse\n```",
    "a command of the program that it does not know": "```sh aws\n.venv/bin/sparkify lode\n```",
    "other output": "```console\n$ echo one\ntwo\n```",
    "an output that goes on": "```console\n$ printf 'one\\ntwo\\n'\none\n```",
    "no Redshift": "```sql admin\ngrant to the selects\n```",
    "a key that nobody reads": "```ini\n[S3]\nLOGDATA = here\n```",
    "an option that AWS lacks": "```sh aws\naws sts get-caller-identity --who\n```",
    "an operation that AWS lacks": "```sh aws\naws sts who-am-i\n```",
    "an option that AWS needs": "```sh aws\naws iam attach-role-policy --role-name loader\n```",
    "a choice that AWS lacks": "```sh aws\naws iam list-policies --scope Some\n```",
    "an answer that AWS does not give": "```sh aws\naws sts get-caller-identity --query Accounts\n```",
    "SQL that Redshift lacks": "```sh aws\naws redshift-data execute-statement --sql 'grant to the selects'\n```",
    "AWS where none is said": "```sh\naws sts get-caller-identity\n```",
    "a command of cron's that needs its folder": "```crontab\n0 3 * * * .venv/bin/sparkify etl\n```",
    "a percent sign that ends cron's command": "```crontab\n0 3 * * * date +%F\n```",
    "a service that cannot start": "```systemd file=a.service\n[Service]\nExecStart=/opt/sparkify/nothing\n```",
    "a timer of nothing": "```systemd file=a.timer\n[Timer]\nOnCalendar=daily\n```",
    "a unit that the page lacks": "```sh system\nsystemctl start other.service\n```",
    "Python that fails": "```python\nimport nothing\n```",
    "a task that fails": """```python
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG("a"):
    BashOperator(task_id="a", bash_command=".venv/bin/sparkify etl")
```""",
    "a patch of other lines": "```diff\n--- a/dwh.cfg\n+++ b/dwh.cfg\n@@ -1 +1 @@\n-nothing\n+something\n```",
    "no JSON": "```json\n{'a': 1}\n```",
}


@pytest.mark.parametrize("name", WRONG)
def test_a_block_that_is_wrong_is_found(name: str, clone: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"# A page\n\n{WRONG[name]}\n", encoding="utf-8")
    with pytest.raises(DocumentError, match=r"page\.md:3"):
        PageRun(page, clone, tmp_path / "notes").run()


@pytest.mark.parametrize(
    "text",
    [
        "```\nx\n```",
        "```text\nx\n```",
        "```sh later\nx\n```",
        "```mermaid\nerDiagram\n```",
        "Do:\n\n    make run\n",
    ],
)
def test_a_block_without_a_test_is_found(text: str, tmp_path: Path) -> None:
    (tmp_path / "page.md").write_text(text, encoding="utf-8")
    assert [block.has_test for block in blocks(tmp_path / "page.md")] == [False]


@pytest.mark.parametrize(
    ("expected", "output", "is_match"),
    [
        ("one\ntwo", "one\ntwo\n", True),
        ("one", "one\ntwo\n", False),
        ("one\n…", "one\ntwo\nthree\n", True),
        ("…\ntwo", "two\n", True),
        ("took … s", "took 1.5 s\n", True),
        ("took … s", "took 1.5\nor 2 s\n", False),
        ("a.c", "abc\n", False),
        ("", "", True),
        ("", "one\n", False),
    ],
)
def test_an_ellipsis_stands_for_any_text_in_its_line_or_for_lines(expected: str, output: str, is_match: bool) -> None:
    assert matches(expected, output) is is_match
