"""The fields of the JSON that commands print are those of docs/json.md."""

from __future__ import annotations

import json
import re

import duckdb
from generate import ROOT

from harness.program import Outcome, run
from harness.records import event, lines, song
from harness.warehouse import Sparkify

JSON_PAGE = ROOT / "docs" / "json.md"


def documented(command: str) -> dict[str, str]:
    """The fields of a command's JSON in the page, each with its type."""
    section = JSON_PAGE.read_text(encoding="utf-8").split(f"\n## {command}\n")[1].split("\n## ")[0]
    return dict(re.findall(r"^\| `(.+?)` \| (.+?) \|", section, re.MULTILINE))


def printed(outcome: Outcome, exit_code: int = 0) -> dict[str, set[str]]:
    """The fields of the JSON that a command printed, each with the types that it had."""
    assert outcome.exit_code == exit_code, outcome.err
    fields: dict[str, set[str]] = {}

    def walk(value: object, path: str) -> None:
        if isinstance(value, dict):
            for name, inner in value.items():
                walk(inner, f"{path}.{name}".lstrip("."))
        elif isinstance(value, list):
            for inner in value:
                walk(inner, f"{path}[]")
        else:
            fields.setdefault(path, set()).add(type_in_words(value))

    walk(json.loads(outcome.out), "")
    return fields


def type_in_words(value: object) -> str:
    if isinstance(value, str):
        return "time" if re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+", value) else "text"
    return {bool: "true or false", int: "integer", float: "number", type(None): "null"}[type(value)]


def assert_types(outcome: dict[str, set[str]], types: dict[str, str]) -> None:
    """Each field has only the types that the page says."""
    for path, kinds in outcome.items():
        allowed = {types[path], *re.split(" or |, ", types[path])}
        assert kinds <= allowed | ({"integer"} if "number" in allowed else set()), f"{path} is {kinds}, not {allowed}"


def assert_documented(command: str, *outcomes: dict[str, set[str]]) -> None:
    """The fields of some outcomes together are those of a command."""
    types = documented(command)
    shown = {path for outcome in outcomes for path in outcome}
    assert shown == types.keys(), f"only printed: {shown - types.keys()}; only in the page: {types.keys() - shown}"
    for outcome in outcomes:
        assert_types(outcome, types)


def assert_failure_documented(*outcomes: dict[str, set[str]], command: str = "") -> None:
    """The fields of a failure are those of every failure, and those of the command."""
    own = documented(command) if command else {}
    types = documented("When a command fails") | own
    optional = ("bad_records", "records[]", "failed[]", "warnings[]", *own)
    required = {path for path in types if not path.startswith(optional)} | {"version", "ok"}
    for outcome in outcomes:
        assert required <= outcome.keys() <= types.keys(), outcome.keys() ^ required
        assert_types(outcome, types)


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
    forgotten = printed(sparkify.command("forget", "nobody", "--yes", "--json"))
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
    failed.append(printed(sparkify.command("forget", " ", "--yes", "--json"), 2))
    assert_documented("etl --json", *loaded)
    assert_documented("etl --dry-run --json", *planned)
    assert_documented("rejected --json", *rejected)
    assert_documented("status --json", *held)
    assert_documented("doctor --json", *examined)
    assert_documented("check --json", checked)
    assert_documented("forget --json", forgotten)
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


def test_an_answer_in_json_is_as_the_page_says(sparkify: Sparkify) -> None:
    sparkify.put("log_data/a.json", lines([event(), event(level="free", sessionId=2)]))
    sparkify.loaded()
    answer = sparkify.command("query", "select level, count(*) as plays from plays group by level", "--format", "json")
    content = json.loads(answer.out)
    assert {"version", "columns[]", "rows[].*"} == documented("query --format json").keys()
    assert content.keys() == {"version", "columns", "rows"}
    assert [*content["rows"][0]] == content["columns"]
    first, *rows, last = answer.out.splitlines()
    assert [json.loads(row.removesuffix(",")) for row in rows] == content["rows"]
    assert json.loads(first + last) == content | {"rows": []}
