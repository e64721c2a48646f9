"""The one place that prints: nothing from outside steers a terminal, forges a line, hides text or shows a secret."""

import io
import json
import os
import sys
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.records import event, lines, song
from harness.warehouse import Sparkify
from sparkify import formats
from sparkify.engines.answer import Answer
from sparkify.output import escape_control_characters, json_line, without_credentials, write_lines

FORGED = "x\x1b]0;PWNED\x07\nerror: forged line\r\x85\u2028\u2029\x0b\x0cerror: forged line\u202eevil\u200b\x7f"

MISLEADING = [
    *map(chr, (*range(0x20), *range(0x7F, 0xA0))),
    *("\u2028", "\u2029", "\u061c", "\u200b", "\u200e", "\u200f", "\u2060", "\ufeff", "\u00ad", "\u3164", "\U000e0041"),
    *map(chr, (*range(0x202A, 0x202F), *range(0x2066, 0x206A))),
    *("\ud800", "\udcff"),
]


def printed(text: str) -> str:
    stream = io.StringIO()
    write_lines([text], stream)
    return stream.getvalue()


@pytest.mark.parametrize("character", MISLEADING, ids=ascii)
def test_each_misleading_character_is_spelled_out(character: str) -> None:
    assert printed(f"a{character}b") == f"a{ascii(character)[1:-1]}b\n"


@pytest.mark.parametrize(
    "text", ["فيروز 🎵 Beyoncé", "می\u200cخواهم", "👩\u200d🎤", "❤\ufe0f", "日本語　x", "C:\\new\\table", "−½"]
)
def test_a_text_that_is_as_it_looks_stays_as_it_is(text: str) -> None:
    assert escape_control_characters(text) == text


@pytest.mark.parametrize("text", ["pay\u200dpal", "\u200dx", "a\u200cb", "a\ufe0fb"])
def test_a_joiner_that_joins_nothing_is_spelled_out(text: str) -> None:
    assert escape_control_characters(text).isascii()


@given(st.text(st.characters(exclude_categories=())))
def test_a_line_stays_one_line_without_controls_whatever_it_holds(text: str) -> None:
    shown = printed(text).removesuffix("\n")
    assert len(shown.splitlines()) <= 1
    assert not [c for c in shown if unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp")]
    assert not [c for c in shown if unicodedata.bidirectional(c) in ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI")]
    shown.encode()


@given(st.text(st.characters(exclude_categories=())))
def test_json_is_one_printable_line_and_reads_back_as_what_it_was(text: str) -> None:
    line = json_line({"value": text})
    assert line.isascii()
    assert line.isprintable()
    assert json.loads(line) == {"value": text}


# ---------------------------------------------------------------- what commands print

KEY = f"key {FORGED}"


@pytest.fixture
def hostile(sparkify: Sparkify) -> Sparkify:
    """A warehouse whose data, unknown keys, object names and bad records try to steer whoever looks at them."""
    sparkify.configure(MAX_ERRORS=5)
    sparkify.put("song_data/A/a.json", lines([song(title=FORGED)]))
    sparkify.put("song_data/A/no\u202edata.txt", "x")
    bad = event(sessionId=FORGED)
    sparkify.put("log_data/a\u202e.json", lines([event(song=FORGED, **{KEY: 1}), bad]))
    sparkify.loaded()
    return sparkify


def assert_harmless(text: str) -> None:
    for line in text.split("\n"):
        assert escape_control_characters(line) == line
        assert not line.startswith("error: forged")


@pytest.mark.parametrize(
    "command",
    [
        ["etl", "--dry-run"],
        ["rejected"],
        ["rejected", "--raw"],
        ["rejected", "--retry"],
        ["status", "--allow-failed-run"],
        ["doctor"],
        ["check"],
        ["query", "select title, start_time from songplays"],
        ["query", f'select 1 as "{FORGED}"'.replace("\x00", "")],
        ["query", "select cast(title as integer) from songplays"],
        ["query", f"no such question {FORGED}"],
        ["query", "totals", "--format", FORGED],
        [FORGED],
    ],
    ids=lambda command: " ".join(command)[:30].encode("ascii", "backslashreplace").decode(),
)
def test_nothing_that_a_command_prints_can_mislead(command: list[str], hostile: Sparkify) -> None:
    hostile.put("log_data/b.json", lines([event(sessionId=FORGED, **{KEY: 1})]))
    for log in ("text", "json"):
        outcome = hostile.command(*command, "--log", log)
        assert_harmless(outcome.out)
        assert_harmless(outcome.err)


def test_the_summary_and_the_error_of_a_load_cannot_mislead(hostile: Sparkify) -> None:
    hostile.put("log_data/b.json", lines([event(sessionId=9, **{KEY: 1})]))
    outcome = hostile.etl()
    assert (outcome.exit_code, escape_control_characters(KEY)[:20] in outcome.out) == (0, True)
    assert_harmless(outcome.out + outcome.err)
    hostile.configure(MAX_ERRORS=0)
    hostile.put("log_data/c.json", json.dumps(event(sessionId=FORGED)).replace("\\u", "\\u") + "\nbad" + "\u202e\x1b")
    outcome = hostile.etl()
    assert outcome.exit_code == 1
    assert_harmless(outcome.out + outcome.err)
    [(reason,)] = hostile.query("select error from runs where status = 'failed'")
    assert_harmless(reason)
    assert_harmless(hostile.command("status").err)


@pytest.mark.parametrize("name", ["a\u202eb.cfg", "a\nerror: forged line.cfg", os.fsdecode(b"\xff.cfg")], ids=ascii)
@pytest.mark.parametrize("log", ["text", "json"])
def test_the_name_of_a_configuration_cannot_mislead(name: str, log: str, tmp_path: Path) -> None:
    outcome = Sparkify(tmp_path / "made").command("doctor")
    assert outcome.exit_code == 2 or outcome.exit_code == 3
    from harness.program import run

    for command in ("etl", "doctor", "status"):
        outcome = run(command, "--config", str(tmp_path / name), "--log", log)
        assert outcome.exit_code == 2
        assert_harmless(outcome.out + outcome.err)


class Terminal(io.StringIO):
    """A terminal."""

    def isatty(self) -> bool:
        return True


def answer() -> Answer:
    return Answer(("text",), ("VARCHAR",), iter([(FORGED,)]))


def test_csv_and_json_are_faithful_in_a_file_and_escaped_on_a_terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    formats.write(answer(), "csv", tmp_path / "a.csv")
    assert (tmp_path / "a.csv").read_bytes().decode() == f'text\n"{FORGED}"\n'
    formats.write(answer(), "json", tmp_path / "a.json")
    assert json.loads((tmp_path / "a.json").read_bytes())["rows"] == [{"text": FORGED}]
    for form in ("csv", "json", "table"):
        terminal = Terminal()
        monkeypatch.setattr(sys, "stdout", terminal)
        formats.write(answer(), form, None)
        assert_harmless(terminal.getvalue())
        if form == "json":
            assert json.loads(terminal.getvalue())["rows"] == [{"text": FORGED}]


# ---------------------------------------------------------------- secrets


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("http://user:hunter2@host:9000/x failed", "http://host:9000/x failed"),
        ("https://user:hun/ter2@host/x", "https://host/x"),
        ("HTTPS://hunter2@proxy", "HTTPS://proxy"),
        ("socks5://user:hunter2@proxy:1080", "socks5://proxy:1080"),
        ("s3://AKIA:hunter2@bucket/key", "s3://bucket/key"),
        ("s3://bucket/a@b.json", "s3://bucket/a@b.json"),
        ("https://b.s3.amazonaws.com/k?X-Amz-Signature=hunter2&X-Amz-Date=1", None),
        ("x-amz-security-token=hunter2 and AWSAccessKeyId=hunter2&Signature=hunter2", None),
        ("write to me@example.com", "write to me@example.com"),
    ],
)
def test_credentials_in_an_address_are_cut_out(text: str, shown: str | None) -> None:
    clean = without_credentials(text)
    assert "hunter2" not in clean
    assert shown is None or clean == shown


def test_the_secrets_of_the_configuration_are_cut_out_of_every_message(
    sparkify: Sparkify, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sparkify import listing
    from sparkify.errors import AccessError

    sparkify.configure(more="[AWS]\nKEY = AKIAEXAMPLE\nSECRET = wJalr/hunter2")

    def failed(*_: object, **__: object) -> None:
        raise AccessError("the driver says: wJalr/hunter2 at http://user:hunter2@host is wrong")

    monkeypatch.setattr(listing, "list_objects", failed)
    for options in ([], ["--json"], ["--log", "json"], ["--verbose"]):
        outcome = sparkify.etl(*options)
        assert outcome.exit_code == 3
        assert "the driver says" in outcome.err
        assert "hunter2" not in outcome.err + outcome.out


def test_the_values_of_a_configuration_can_be_shown_without_its_secrets(tmp_path: Path) -> None:
    from sparkify.config import load

    (tmp_path / "dwh.cfg").write_text(
        "[S3]\nLOG_DATA = s3://b/logs\nLOG_JSONPATH = s3://b/p.json\nSONG_DATA = s3://b/songs\n"
        "[AWS]\nKEY = AKIAhunter2\nSECRET = hunter2hunter2\n"
        "[CLUSTER]\nHOST = h\nDB_NAME = d\nDB_USER = u\nDB_PASSWORD = hunter2\n"
        "[IAM_ROLE]\nARN = arn:aws:iam::123456789012:role/r\n"
    )
    config = load(tmp_path / "dwh.cfg", {})
    assert config.cluster
    assert "hunter2" not in repr(config)
    assert "hunter2" not in str(config.warnings)
