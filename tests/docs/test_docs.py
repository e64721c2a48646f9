"""What the documents say is run, so that they cannot drift from the program."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pytest

import doc_runner
from doc_runner import ROOT, DocumentError, PageRun, Store, name_of
from harness.engines import opened
from harness.program import Outcome, run
from harness.records import event, lines, song
from harness.redshift import Access, Servers
from harness.warehouse import Sparkify
from sparkify import config, sql_queries, transform
from sparkify.cli import main
from sparkify.config.keys import KEYS
from sparkify.errors import ConfigError
from sparkify.sample import write_sample

REFERENCE = ROOT / "docs" / "reference"
"""Written by docs/generate.py: the program's own help, and SQL that other tests ask."""

PAGES = [ROOT / "README.md", *(page for page in sorted((ROOT / "docs").rglob("*.md")) if page.parent != REFERENCE)]

OTHER_PAGES = [ROOT / name for name in ("CONTRIBUTING.md", "bench/README.md", "redshift_stand_in/README.md")]
"""Pages for who works on the project: their links are checked, their blocks are not run."""

FROM_NOTHING = {"tutorial.md"}
"""Pages whose folder has neither sample nor warehouse yet."""


@pytest.fixture(scope="session")
def bare_clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone whose environment is set up."""
    folder = tmp_path_factory.mktemp("docs") / "bare"
    doc_runner.make_clone(folder)
    return folder


@pytest.fixture(scope="session")
def clone(bare_clone: Path) -> Path:
    """A clone after `make run`."""
    return after_make_run(bare_clone, "clone", songs=1_000, events=20_000)


@pytest.fixture(scope="session")
def small_clone(bare_clone: Path) -> Path:
    """A clone after `make run` with less data, for pages that also load it elsewhere."""
    return after_make_run(bare_clone, "small", songs=50, events=1_000)


def after_make_run(bare: Path, name: str, songs: int, events: int) -> Path:
    folder = bare.parent / name
    shutil.copytree(bare, folder, symlinks=True)
    write_sample(folder / "sample", songs, events, 1)
    for command in ("create-tables", "etl"):
        assert main([command, "--quiet", "--config", str(folder / "dwh.cfg")]) == 0
    return folder


def copy_clone(base: Path, folder: Path) -> None:
    """A clone in another folder. The objects of the sample stay the same files, for a copy would be new to the load."""

    def copy(source: str, target: str) -> None:
        if "/sample/" in source:
            os.link(source, target)
        else:
            shutil.copy2(source, target)

    shutil.copytree(base, folder, symlinks=True, copy_function=copy)


@contextmanager
def cloud(page: Path, servers: Servers, sample: Path) -> Iterator[Store]:
    """An empty database in the stand-in for Redshift, and a bucket that holds a sample."""
    keys = servers.users["worker"]
    with servers.without_tables(page, Access(role="unloader")) as made:
        made.put_all(sample)
        environment = {
            "AWS_ENDPOINT_URL": servers.store.endpoint,
            "AWS_ACCESS_KEY_ID": keys.key,
            "AWS_SECRET_ACCESS_KEY": keys.secret,
        }
        yield Store(made.config.read_text(encoding="utf-8"), made.store, environment)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_block_of_a_page_is_of_a_kind_that_is_tested(page: Path) -> None:
    assert doc_runner.untested(page) == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_what_a_page_tells_to_do_does_what_it_says(page: Path, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    if not (found := doc_runner.blocks(page)):
        return
    needs_servers = any(block.tag in ("s3", "redshift") for block in found)
    kind = "bare_clone" if page.name in FROM_NOTHING else "small_clone" if needs_servers else "clone"
    base = request.getfixturevalue(kind)
    folder = tmp_path / "sparkify"
    copy_clone(base, folder)
    if not needs_servers:
        PageRun(page, folder).run()
        return
    with cloud(tmp_path / "cloud", request.getfixturevalue("servers"), base / "sample") as store:
        PageRun(page, folder, store).run()


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


SQL = [block for page in PAGES for block in doc_runner.blocks(page) if (block.language, block.tag) == ("sql", "")]


@pytest.mark.parametrize("block", SQL, ids=lambda block: block.place)
def test_a_query_of_the_documents_finds_the_same_in_both_engines(block: doc_runner.Block, both: list[Sparkify]) -> None:
    answers = [made.command("query", "--quiet", "--format", "csv", block.text) for made in both]
    assert [answer.exit_code for answer in answers] == [0, 0], answers[0].err + answers[1].err
    assert sorted(answers[0].out.splitlines()) == sorted(answers[1].out.splitlines())


def test_every_question_is_in_the_reference() -> None:
    text = (REFERENCE / "questions.md").read_text(encoding="utf-8")
    for name in sql_queries.names("report"):
        assert re.search(rf"\b{name}\b", text), name


def test_every_question_is_answered_with_names_over_rows(clone: Path) -> None:
    for name in sql_queries.names("report"):
        answer = run("query", name, "--quiet", "--config", str(clone / "dwh.cfg"))
        assert answer.exit_code == 0, answer.err
        names, line, *_ = answer.out.splitlines()
        assert len(names.split()) == len(line.split()) > 1


# --- The JSON of commands ---

JSON_PAGE = ROOT / "docs" / "json.md"


def documented(command: str) -> dict[str, str]:
    """The fields of a command's JSON in the page, each with its type."""
    section = JSON_PAGE.read_text(encoding="utf-8").split(f"\n## {command}\n")[1].split("\n## ")[0]
    return dict(re.findall(r"^\| `(.+?)` \| (.+?) \|", section, re.MULTILINE))


def printed(outcome: Outcome, exit_code: int = 0) -> dict[str, set[str]]:
    """The fields of the JSON that a command printed, each with the types that it had."""
    assert outcome.exit_code == exit_code, outcome.err
    found: dict[str, set[str]] = {}

    def walk(value: object, path: str) -> None:
        if isinstance(value, dict):
            for name, inner in value.items():
                walk(inner, f"{path}.{name}".lstrip("."))
        elif isinstance(value, list):
            for inner in value:
                walk(inner, f"{path}[]")
        else:
            found.setdefault(path, set()).add(type_in_words(value))

    walk(json.loads(outcome.out), "")
    return found


def type_in_words(value: object) -> str:
    if isinstance(value, str):
        return "time" if re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+", value) else "text"
    return {bool: "true or false", int: "integer", float: "number", type(None): "null"}[type(value)]


def assert_documented(command: str, *outcomes: dict[str, set[str]]) -> None:
    types = documented(command)
    shown = {path for outcome in outcomes for path in outcome}
    assert shown == types.keys(), f"only printed: {shown - types.keys()}; only in the page: {types.keys() - shown}"
    for outcome in outcomes:
        for path, kinds in outcome.items():
            allowed = set(types[path].split(" or ")) | {types[path]}
            allowed |= {"integer"} if "number" in allowed else set()
            assert kinds <= allowed, f"{path} is {kinds}, and the page says {types[path]}"


def assert_failure_documented(*outcomes: dict[str, set[str]], command: str = "") -> None:
    """The fields of a failure are those of every failure, and those of the command."""
    own = documented(command) if command else {}
    types = documented("When a command fails") | own
    for outcome in outcomes:
        assert outcome.keys() <= types.keys(), outcome.keys() - types.keys()
        only_some = ("bad_records", "records[]", "failed[]", "warnings[]", *own)
        required = {path for path in types if not path.startswith(only_some)} | {"version", "ok"}
        assert required <= outcome.keys(), required - outcome.keys()
        for path, kinds in outcome.items():
            allowed = set(re.split(" or |, ", types[path])) | {types[path]}
            assert kinds <= allowed | ({"integer"} if "number" in allowed else set()), path


def test_the_fields_of_json_are_those_of_the_page(sparkify: Sparkify) -> None:
    planned, loaded, examined, held = [], [], [], []
    foreign = "[NOTES]\nx = 1"
    sparkify.configure(MAX_ERRORS=1, more=foreign)
    sparkify.put("song_data/a.json", json.dumps(song()))
    sparkify.put("song_data/read.me", "no data")
    sparkify.put("log_data/a.json", lines([event(extra=1), event(sessionId=1, ts="never")]))
    held.append(printed(sparkify.command("status", "--json")))
    planned.append(printed(sparkify.etl("--dry-run", "--json")))
    loaded.append(printed(sparkify.etl("--json")))
    rejected = [printed(sparkify.command("rejected", "--json"))]
    loaded.append(printed(sparkify.command("rejected", "--retry", "--json")))
    sparkify.put_as_it_is("log_data/b.json.gz", b"no gzip")
    sparkify.put_as_it_is("log_data/c.json.gz", b"no gzip")
    failed = [printed(sparkify.etl("--json"), 1)]
    sparkify.put("log_data/c.json.gz", json.dumps(event(sessionId=2)))
    sparkify.loaded()
    rejected.append(printed(sparkify.command("rejected", "--json")))
    held.append(printed(sparkify.command("status", "--json", "--max-age", "1d")))
    late = printed(sparkify.command("status", "--json", "--max-age", "0s"), 4)
    examined.append(printed(sparkify.command("doctor", "--json")))
    checked = printed(sparkify.command("check", "--json"))
    with duckdb.connect(sparkify.database) as connection:
        connection.execute("delete from users")
    harmed = printed(sparkify.command("check", "--json"), 4)
    sparkify.configure("nowhere")
    sick = printed(sparkify.command("doctor", "--json"), 3)
    failed += [printed(sparkify.etl("--json", *more), 3) for more in ([], ["--dry-run"])]
    failed.append(printed(run("rejected", "--json", "--config", "nowhere.cfg"), 2))
    failed.append(printed(run("etl", "--json", "--nowhere"), 2))
    assert_documented("etl --json", *loaded)
    assert_documented("etl --dry-run --json", *planned)
    assert_documented("rejected --json", *rejected)
    assert_documented("status --json", *held)
    assert_documented("doctor --json", *examined)
    assert_documented("check --json", checked)
    assert_failure_documented(*failed)
    assert {"bad_records", "records[].reason"} <= failed[0].keys()
    assert_failure_documented(late, command="status --json")
    assert_failure_documented(harmed, command="check --json")
    assert {"failed[].check", "failed[].rows[][]"} <= harmed.keys()
    assert_failure_documented(sick, command="doctor --json")


def test_the_fields_of_narration_in_json_are_those_of_the_page(sparkify: Sparkify) -> None:
    sparkify.put("log_data/a.json", lines([event()]))
    sparkify.put("log_data/b.json", "bad")
    sparkify.configure(more="[NOTES]\nx = 1")
    narrated = sparkify.etl("--log", "json", "--verbose").err.splitlines()
    assert_documented("Narration: --log json", *(printed(Outcome(0, line, "")) for line in narrated))


def test_an_answer_in_json_is_as_the_page_says(clone: Path) -> None:
    answer = run("query", "totals", "--format", "json", "--config", str(clone / "dwh.cfg"))
    content = json.loads(answer.out)
    assert {"version", "columns[]", "rows[].*"} == documented("query --format json").keys()
    assert content.keys() == {"version", "columns", "rows"}
    assert [*content["rows"][0]] == content["columns"]
    first, *rows, last = answer.out.splitlines()
    assert [json.loads(row.removesuffix(",")) for row in rows] == content["rows"]
    assert json.loads(first + last) == content | {"rows": []}


# --- What else the documents say ---


def test_the_configuration_of_the_readme_is_read(tmp_path: Path) -> None:
    [block] = [block for block in doc_runner.blocks(ROOT / "README.md") if block.language == "ini"]
    (tmp_path / "dwh.cfg").write_text(block.text, encoding="utf-8")
    read = config.load(tmp_path / "dwh.cfg", environment={})
    assert read.store.log_data == "s3://my-bucket/log_data"
    assert read.duckdb_path == tmp_path / "sparkify.duckdb"
    assert read.max_errors == 0


def test_every_key_that_is_read_is_in_the_reference() -> None:
    text = (REFERENCE / "configuration.md").read_text(encoding="utf-8")
    for section, keys in KEYS.items():
        assert f"[{section}]" in text
        for key in keys:
            assert re.search(rf"\b{key}\b", text), f"[{section}] {key}"


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


def test_every_check_and_question_says_in_its_header_what_it_is_for() -> None:
    for folder in ("checks", "report", "transform", "create", "history"):
        for name in sql_queries.names(folder):
            assert len(sql_queries.header(folder, name).split()) > 3, f"sql/{folder}/{name}.sql"


def test_every_transform_and_table_is_used() -> None:
    assert set(sql_queries.names("transform")) == {step.file or step.name for step in transform.STEPS}
    assert set(sql_queries.names("create")) == {*sql_queries.TABLES, *sql_queries.VIEWS}


def test_the_links_between_the_documents_lead_somewhere() -> None:
    for document in [*PAGES, *REFERENCE.glob("*.md"), *OTHER_PAGES]:
        for target, heading in re.findall(r"\]\(([^)#:]*)(?:#([^)]+))?\)", document.read_text(encoding="utf-8")):
            page = document.parent / target if target else document
            assert page.exists(), f"{name_of(document)}: {target}"
            assert not heading or heading in anchors(page), f"{name_of(document)}: {target}#{heading}"


def anchors(page: Path) -> set[str]:
    """The names under which GitHub links to a page's headings."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_page_is_in_the_index() -> None:
    index = ROOT / "docs" / "README.md"
    linked = {(index.parent / target).resolve() for target in re.findall(r"\]\(([^)#:]+)", index.read_text("utf-8"))}
    assert {*PAGES, *REFERENCE.glob("*.md")} - linked - {index, ROOT / "README.md"} == set()


# --- The runner itself: that a page which is wrong is found ---

WRONG = {
    "a command that fails": "```sh\nfalse\n```",
    "a command of the program that it does not know": "```sh aws\n.venv/bin/sparkify lode\n```",
    "other output": "```console\n$ echo one\ntwo\n```",
    "an output that goes on": "```console\n$ printf 'one\\ntwo\\n'\none\n```",
    "a query that fails": "```sql\nselect nothing from plays\n```",
    "no Redshift": "```sql admin\ngrant to the selects\n```",
    "a key that nobody reads": "```ini\n[S3]\nLOGDATA = here\n```",
    "an option that AWS lacks": "```sh aws\naws sts get-caller-identity --who\n```",
    "an operation that AWS lacks": "```sh aws\naws sts who-am-i\n```",
    "an option that AWS needs": "```sh aws\naws iam attach-role-policy --role-name loader\n```",
    "an answer that AWS does not give": "```sh aws\naws sts get-caller-identity --query Accounts\n```",
    "SQL that Redshift lacks": "```sh aws\naws redshift-data execute-statement --sql 'grant to the selects'\n```",
    "AWS where none is said": "```sh\naws sts get-caller-identity\n```",
    "a time that cron lacks": "```crontab\n0 25 * * * true\n```",
    "a command of cron's that needs its folder": "```crontab\n0 3 * * * .venv/bin/sparkify etl\n```",
    "a percent sign that ends cron's command": "```crontab\n0 3 * * * date +%F\n```",
    "a service that cannot start": "```systemd file=a.service\n[Service]\nExecStart=/opt/sparkify/nothing\n```",
    "a timer of nothing": "```systemd file=a.timer\n[Timer]\nOnCalendar=daily\n```",
    "a unit that the page lacks": "```sh system\nsystemctl start other.service\n```",
    "Python that fails": "```python\nimport nothing\n```",
    "a parameter that Airflow lacks": """```python
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG("a"):
    BashOperator(task_id="a", command="true")
```""",
    "a task that fails": """```python
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG("a"):
    BashOperator(task_id="a", bash_command=".venv/bin/sparkify etl")
```""",
    "a patch of other lines": "```diff\n--- a/dwh.cfg\n+++ b/dwh.cfg\n@@ -1 +1 @@\n-nothing\n+something\n```",
    "no JSON": "```json\n{'a': 1}\n```",
    "a column that the table lacks": "```mermaid\nerDiagram\n    users {\n        varchar name\n    }\n```",
}


@pytest.mark.parametrize("name", WRONG)
def test_a_page_that_is_wrong_is_found(name: str, small_clone: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"# A page\n\n{WRONG[name]}\n", encoding="utf-8")
    copy_clone(small_clone, tmp_path / "sparkify")
    with pytest.raises((DocumentError, ConfigError, TypeError, ValueError)):
        PageRun(page, tmp_path / "sparkify").run()


@pytest.mark.parametrize("text", ["```\nx\n```", "```text\nx\n```", "```sh later\nx\n```", "Do:\n\n    make run\n"])
def test_a_block_that_nobody_tests_is_found(text: str, tmp_path: Path) -> None:
    (tmp_path / "page.md").write_text(text, encoding="utf-8")
    assert len(doc_runner.untested(tmp_path / "page.md")) == 1


@pytest.mark.parametrize(
    ("expected", "printed", "is_so"),
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
def test_an_ellipsis_stands_for_anything_in_its_line_or_for_lines(expected: str, printed: str, is_so: bool) -> None:
    assert doc_runner.matches(expected, printed) is is_so
