"""dwh.cfg and the environment: what public solutions write is read, and what cannot be used is named with its cure."""

import os
from pathlib import Path
from typing import Any

import pytest

from harness.dwh_cfg import S3, read
from harness.program import run
from harness.warehouse import Sparkify
from sparkify.config import keys, load
from sparkify.config.keys import Key
from sparkify.errors import ConfigError

ON_REDSHIFT = (
    f"{S3.replace('= ', '= s3://b/')}[CLUSTER]\nHOST = h\nDB_NAME = d\nDB_USER = u\nDB_PASSWORD = p\n"
    "[IAM_ROLE]\nARN = arn:aws:iam::123456789012:role/r\n"
)

# As the public solutions of this task have it: quoted values, and sections with which they create a cluster.
PUBLIC = """
[AWS]
KEY=
SECRET=

[DWH]
DWH_CLUSTER_TYPE=multi-node
DWH_NUM_NODES=4
DWH_NODE_TYPE=dc2.large

[CLUSTER]
HOST=''
DB_NAME='dwh'
DB_USER="dwhuser"
DB_PASSWORD='Passw0rd'
DB_PORT=5439

[IAM_ROLE]
ARN='arn:aws:iam::123456789012:role/dwhRole'

[S3]
LOG_DATA='s3://udacity-dend/log_data'
LOG_JSONPATH='s3://udacity-dend/log_json_path.json'
SONG_DATA='s3://udacity-dend/song_data'
"""


def refusal(folder: Path, text: str, **environment: str) -> str:
    """Why a configuration is refused."""
    with pytest.raises(ConfigError) as e:
        read(folder, text, **environment)
    assert e.value.exit_code == 2
    return str(e.value)


# ---------------------------------------------------------------- what is read


def test_the_file_of_a_public_solution_is_read_as_it_is(tmp_path: Path) -> None:
    config = read(tmp_path, PUBLIC)
    assert config.store.log_data == "s3://udacity-dend/log_data"
    assert config.store.log_jsonpath == "s3://udacity-dend/log_json_path.json"
    assert config.store.song_data == "s3://udacity-dend/song_data"
    assert config.cluster is None
    assert config.warnings == (f"{tmp_path / 'dwh.cfg'}: not ours and not read: [DWH]",)


@pytest.mark.parametrize("quoted", ["logs", "'logs'", '"logs"', " 'logs' ", "' logs '"])
def test_a_value_may_stand_in_quotes(quoted: str, tmp_path: Path) -> None:
    assert read(tmp_path, S3.replace("LOG_DATA = logs", f"LOG_DATA = {quoted}")).store.log_data == "logs"


@pytest.mark.parametrize("text", ["it's", "'", "'logs", 'say "logs"', "'a' or 'b"])
def test_a_quote_that_is_no_pair_belongs_to_the_value(text: str, tmp_path: Path) -> None:
    assert read(tmp_path, S3.replace("LOG_DATA = logs", f"LOG_DATA = {text}")).store.log_data == text


@pytest.mark.parametrize("password", ["100%", "%(HOST)s", "a=b", "a:b", "a#b", "p;w", "${HOST}", "pässwörd"])
def test_a_secret_may_hold_any_character(password: str, tmp_path: Path) -> None:
    config = read(tmp_path, f"{S3}[AWS]\nKEY = AKIA\nSECRET = {password}\n[CLUSTER]\nDB_PASSWORD = {password}\n")
    assert config.store.secret == password


def test_a_byte_order_mark_and_windows_line_ends_are_no_matter(tmp_path: Path) -> None:
    (tmp_path / "dwh.cfg").write_bytes(b"\xef\xbb\xbf" + S3.replace("\n", "\r\n").encode())
    assert load(tmp_path / "dwh.cfg", {}).store.song_data == "songs"


def test_sections_and_keys_may_be_written_in_small_letters(tmp_path: Path) -> None:
    assert read(tmp_path, S3.lower()).store.log_data == "logs"


def test_comments_are_no_part_of_the_values_before_them(tmp_path: Path) -> None:
    assert read(tmp_path, f"# first\n{S3}; last\n  # indented\n").store.song_data == "songs"


def test_relative_paths_count_from_the_folder_of_the_file(
    sparkify: Sparkify, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    sparkify.put("log_data/a.json", '{"sessionId": 1, "itemInSession": 0, "ts": 1, "page": "NextSong"}')
    assert run("etl", "--config", "../sparkify/dwh.cfg").exit_code == 0
    assert sparkify.query("select object from load_history") == [("bucket/log_data/a.json",)]
    assert list(elsewhere.iterdir()) == []


def test_without_an_option_the_file_is_dwh_cfg_in_the_current_folder(
    sparkify: Sparkify, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(sparkify.folder)
    assert run("check").exit_code == 0


def test_what_the_file_leaves_out_has_its_default(tmp_path: Path) -> None:
    config = read(tmp_path, S3)
    assert config.duckdb_path == tmp_path / "sparkify.duckdb"
    assert (config.max_errors, config.lock_timeout) == (0, 60)
    assert config.batch_size >= 1_000_000
    assert config.warnings == ()


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("1", 1),
        ("1 B", 1),
        ("300", 300),
        ("2 KB", 2_000),
        ("2kb", 2_000),
        ("512 MB", 512_000_000),
        ("1GB", 1_000_000_000),
    ],
)
def test_a_batch_size_may_have_a_unit(text: str, size: int, tmp_path: Path) -> None:
    assert read(tmp_path, f"{S3}[ETL]\nBATCH_SIZE = {text}\n").batch_size == size


def test_a_key_and_a_secret_in_the_file_are_used_with_a_warning_that_does_not_show_them(tmp_path: Path) -> None:
    config = read(tmp_path, f"{S3}[AWS]\nKEY = AKIAEXAMPLE\nSECRET = 'wJalr/secret'\nREGION = us-west-2\n")
    assert (config.store.key, config.store.secret, config.store.region) == ("AKIAEXAMPLE", "wJalr/secret", "us-west-2")
    [warning] = config.warnings
    assert "a profile or a role is safer" in warning
    assert "AKIAEXAMPLE" not in warning
    assert "secret" not in warning


# ---------------------------------------------------------------- the environment


def test_an_environment_variable_overrides_its_key(tmp_path: Path) -> None:
    config = read(tmp_path, S3, DWH_S3_LOG_DATA="'s3://other/logs'", DWH_ETL_MAX_ERRORS="7", DWH_DUCKDB_PATH="x.duckdb")
    assert config.store.log_data == "s3://other/logs"
    assert config.max_errors == 7
    assert config.duckdb_path == tmp_path / "x.duckdb"


def test_an_empty_environment_variable_clears_its_key(tmp_path: Path) -> None:
    assert read(tmp_path, f"{S3}[CLUSTER]\nHOST = example.com\n", DWH_CLUSTER_HOST="").cluster is None


def test_an_environment_variable_is_enough_where_the_file_has_no_key(tmp_path: Path) -> None:
    text = S3.replace("LOG_DATA = logs\n", "")
    assert read(tmp_path, text, DWH_S3_LOG_DATA="logs").store.log_data == "logs"


def test_a_mistyped_environment_variable_is_named_with_the_right_one(tmp_path: Path) -> None:
    [warning] = read(tmp_path, S3, DWH_ETL_MAX_ERROR="7").warnings
    assert "DWH_ETL_MAX_ERROR is not read; did you mean DWH_ETL_MAX_ERRORS?" in warning


def test_a_bad_value_from_the_environment_is_refused_by_the_name_of_its_variable(tmp_path: Path) -> None:
    assert "DWH_ETL_MAX_ERRORS" in refusal(tmp_path, S3, DWH_ETL_MAX_ERRORS="many")


# ---------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("section", "key", "nearest"),
    [
        ("S3", "LOG_DATE", "LOG_DATA"),
        ("S3", "LOG_JSONPATHS", "LOG_JSONPATH"),
        ("ETL", "MAX_ERROR", "MAX_ERRORS"),
        ("ETL", "BATCHSIZE", "BATCH_SIZE"),
        ("DUCKDB", "PTAH", "PATH"),
        ("CLUSTER", "HOTS", "HOST"),
        ("AWS", "SECERT", "SECRET"),
        ("IAM_ROLE", "ANR", "ARN"),
    ],
)
def test_an_unknown_key_in_a_section_of_ours_is_refused_with_the_nearest_right_one(
    section: str, key: str, nearest: str, tmp_path: Path
) -> None:
    message = refusal(tmp_path, f"{S3}{key} = x\n" if section == "S3" else f"{S3}[{section}]\n{key} = x\n")
    assert message.startswith(
        f"{tmp_path / 'dwh.cfg'}: [{section}] {key} is not a key we know; did you mean {nearest}?"
    )


@pytest.mark.parametrize("value", ["-1", "many", "1.5", "1e3", "0x10", "3 errors", "²"])
def test_max_errors_is_a_whole_number_from_0_on(value: str, tmp_path: Path) -> None:
    message = refusal(tmp_path, f"{S3}[ETL]\nMAX_ERRORS = {value}\n")
    assert message == f"{tmp_path / 'dwh.cfg'}: [ETL] MAX_ERRORS = {value}: a whole number from 0 on is accepted"


@pytest.mark.parametrize(
    ("key", "value", "accepted"),
    [
        (keys.ETL_LOCK_TIMEOUT, "soon", "a whole number from 0 to 2000000 is accepted"),
        (keys.CLUSTER_DB_PORT, "65536", "a whole number from 0 to 65535 is accepted"),
        (keys.DUCKDB_MEMORY_LIMIT, "much", "a size such as 512 MB or 4 GB is accepted"),
        (keys.CLUSTER_SSLMODE, "none", "verify-full, verify-ca or disable is accepted"),
        (keys.CLUSTER_SCHEMA, "Mine", "a name of small letters, digits and _ is accepted"),
        (keys.IAM_ROLE_ARN, "me", "arn:aws:iam::123456789012:role/NAME is accepted"),
    ],
    ids=str,
)
def test_a_value_that_is_none_of_its_kind_is_refused_with_what_is_accepted(
    key: Key[Any], value: str, accepted: str, tmp_path: Path
) -> None:
    message = refusal(tmp_path, ON_REDSHIFT, **{key.variable: value})
    assert message == f"the environment variable {key.variable} = {value}: {accepted}"


@pytest.mark.parametrize(
    ("key", "example"),
    [
        (keys.CLUSTER_DB_NAME, "dev"),
        (keys.CLUSTER_DB_USER, "awsuser"),
        (keys.CLUSTER_DB_PASSWORD, "a password, or set CLUSTER_ID or WORKGROUP to log in by IAM, or DB_SECRET_ARN"),
        (keys.IAM_ROLE_ARN, "arn:aws:iam::123456789012:role/NAME"),
    ],
    ids=str,
)
def test_what_redshift_needs_is_asked_for_with_an_example(key: Key[Any], example: str, tmp_path: Path) -> None:
    message = refusal(tmp_path, ON_REDSHIFT.replace(f"{key.name} =", f"; {key.name} ="))
    assert message == f"{tmp_path / 'dwh.cfg'}: {key} is not set; give it a value such as {example}"


def test_a_login_by_iam_needs_neither_a_user_nor_a_password(tmp_path: Path) -> None:
    text = ON_REDSHIFT.replace("DB_USER =", "; ").replace("DB_PASSWORD =", "; ")
    cluster = read(tmp_path, text, DWH_CLUSTER_WORKGROUP="wg").cluster
    assert cluster
    assert (cluster.user, cluster.password, cluster.workgroup) == ("", "", "wg")


@pytest.mark.parametrize("work", ["s3://b/logs", "s3://b/logs/work", "s3a://b/songs/"])
def test_work_lies_outside_of_the_data(work: str, tmp_path: Path) -> None:
    assert refusal(tmp_path, ON_REDSHIFT, DWH_S3_WORK=work).endswith("accepted is a prefix without data")
    assert read(tmp_path, ON_REDSHIFT, DWH_S3_WORK="s3://b/logs-work/").warehouse == "redshift://h:5439/d"


# ---------------------------------------------------------------- the declaration of the keys


@pytest.mark.parametrize("key", keys.ALL, ids=str)
def test_a_key_is_declared_with_all_that_is_said_of_it(key: Key[Any]) -> None:
    assert getattr(keys, key.variable.removeprefix("DWH_")) is key
    assert key.meaning
    assert bool(key.default) != bool(key.without)
    assert bool(key.example) == key.without.startswith("required")
    if key.default:
        key.kind.parse(key.default)


# ---------------------------------------------------------------- values, files and places that are refused


@pytest.mark.parametrize("value", ["0", "-1", "1 TB", "big", "1.5 GB", "GB", "²"])
def test_a_batch_size_that_is_none_is_refused(value: str, tmp_path: Path) -> None:
    message = refusal(tmp_path, f"{S3}[ETL]\nBATCH_SIZE = {value}\n")
    assert message.startswith(f"{tmp_path / 'dwh.cfg'}: [ETL] BATCH_SIZE = {value}: ")


@pytest.mark.parametrize("key", ["LOG_DATA", "LOG_JSONPATH", "SONG_DATA"])
def test_a_location_that_is_not_set_is_asked_for_with_an_example(key: str, tmp_path: Path) -> None:
    text = "\n".join(line for line in S3.splitlines() if not line.startswith(f"{key} "))
    assert f"dwh.cfg: [S3] {key} is not set; give it a value such as s3://" in refusal(tmp_path, text)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param("LOG_DATA = logs\n", "no section headers", id="a missing section header"),
        pytest.param(f"{S3}just words\n", "line 5: not a line", id="a line that is none"),
        pytest.param(f"{S3}LOG_DATA = other\n", "LOG_DATA", id="a key twice"),
        pytest.param(f"{S3}{S3}", "S3", id="a section twice"),
    ],
)
def test_a_file_that_is_no_configuration_is_refused_with_place_and_form(text: str, reason: str, tmp_path: Path) -> None:
    message = refusal(tmp_path, text)
    assert message.startswith(f"{tmp_path / 'dwh.cfg'}: ")
    assert reason.lower() in message.lower()
    assert "lines are `[SECTION]`, `KEY = value` or `# comment`" in message
    assert "\n" not in message


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.cfg: there is no such file; .* --config FILE"):
        load(tmp_path / "nowhere.cfg", {})


@pytest.mark.parametrize("content", [b"[S3]\nLOG_DATA = \xff\xfe\n", b"\xff\xfe[\0S\0"])
def test_a_file_that_is_not_utf_8_is_named(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "dwh.cfg").write_bytes(content)
    with pytest.raises(ConfigError, match=r"dwh\.cfg: the configuration cannot be read"):
        load(tmp_path / "dwh.cfg", {})


def test_a_folder_in_place_of_the_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="the configuration cannot be read"):
        load(tmp_path, {})


@pytest.mark.parametrize("command", ["create-tables", "etl", "check"])
def test_every_command_ends_with_exit_code_2_and_one_sentence_on_stderr(command: str, sparkify: Sparkify) -> None:
    sparkify.configure(MAX_ERROR=3)
    before = sparkify.database.read_bytes()
    outcome = sparkify.command(command)
    assert outcome.exit_code == 2
    assert outcome.out == ""
    message, changed = outcome.err.splitlines()
    assert message.startswith(
        f"error: {sparkify.config}: [ETL] MAX_ERROR is not a key we know; did you mean MAX_ERRORS?"
    )
    assert changed == "nothing was changed"
    assert sparkify.database.read_bytes() == before


def test_a_section_that_is_not_ours_is_named_in_one_warning_and_the_load_goes_on(sparkify: Sparkify) -> None:
    sparkify.configure(more="[DWH]\nDWH_NODE_TYPE = dc2.large\n[NOTES]\nx = 1")
    outcome = sparkify.loaded()
    warnings = [line for line in outcome.err.splitlines() if line.startswith("warning: ")]
    assert warnings == [f"warning: {sparkify.config}: not ours and not read: [DWH], [NOTES]"]


@pytest.mark.parametrize(
    ("section", "nearest"),
    [
        ("DUKDB", "DUCKDB"),
        ("duckdbs", "DUCKDB"),
        ("ELT", "ETL"),
        ("CLUSTR", "CLUSTER"),
        ("IAMROLE", "IAM_ROLE"),
        ("AWS1", "AWS"),
    ],
)
def test_a_mistyped_section_is_warned_of_with_the_right_one(section: str, nearest: str, tmp_path: Path) -> None:
    [warning] = read(tmp_path, f"{S3}[{section}]\nx = 1\n[NOTES]\nx = 1\n").warnings
    file = tmp_path / "dwh.cfg"
    assert warning == f"{file}: not ours and not read: [{section}] (did you mean [{nearest}]?), [NOTES]"


def test_a_section_of_a_similar_name_is_no_mistake_beside_the_right_one(tmp_path: Path) -> None:
    [warning] = read(tmp_path, f"{S3}[CLUSTER]\n[CLUSTER_DWH]\nx = 1\n").warnings
    assert warning.endswith("not read: [CLUSTER_DWH]")


def test_a_key_that_must_be_set_below_a_mistyped_section_is_asked_for_with_the_right_section(tmp_path: Path) -> None:
    message = refusal(tmp_path, S3.replace("[S3]", "[SS3]"))
    assert message == f"{tmp_path / 'dwh.cfg'}: [S3] LOG_DATA is not set: [SS3] is not read; did you mean [S3]?"


@pytest.mark.parametrize("key", ["LOG_DATA", "SONG_DATA", "LOG_JSONPATH"])
def test_a_place_that_is_not_there_is_named_with_its_full_path_and_exit_code_3(key: str, sparkify: Sparkify) -> None:
    text = sparkify.config.read_text()
    changed = [f"{key} = nowhere/x" if line.startswith(f"{key} ") else line for line in text.splitlines()]
    sparkify.config.write_text("\n".join(changed))
    outcome = sparkify.etl()
    assert outcome.exit_code == 3
    assert f"error: {sparkify.folder / 'nowhere'}" in outcome.err
    assert outcome.err.splitlines()[-1] == "nothing was changed"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("{}", "not a JSONPaths file ([S3] LOG_JSONPATH)"),
        ("not JSON", "not a JSONPaths file"),
        ("[]", "not a JSONPaths file"),
        ('{"jsonpaths": ["$[\'artist\']"]}', "1 paths for the 18 columns"),
        ('{"jsonpaths": "$.artist"}', "no paths for the 18 columns"),
        ('{"jsonpaths": [' + ", ".join(['"artist"'] * 18) + "]}", "the path artist cannot be read"),
        ('{"jsonpaths": [' + ", ".join(["3"] * 18) + "]}", "the path 3 cannot be read"),
    ],
)
def test_a_jsonpaths_file_that_can_not_be_used_is_refused_with_its_form(
    content: str, reason: str, sparkify: Sparkify
) -> None:
    sparkify.put("log_json_path.json", content)
    outcome = sparkify.etl()
    assert outcome.exit_code == 2
    assert f"error: bucket/log_json_path.json: {reason}" in outcome.err
    assert outcome.err.splitlines()[-1] == "nothing was changed"


# ---------------------------------------------------------------- secrets


BROKEN = {
    "a line without =": "[AWS]\nSECRET hunter2\n",
    "a line without = before any section": "SECRET hunter2\n",
    "a line without = that ends in one": "[AWS]\nSECRET hunter2=\n",
    "a secret alone": "[AWS]\nhunter2/hunter2=\n",
    "a header that is not closed": "[AWS\nSECRET = hunter2\n",
    "a header that is not closed after another section": f"{S3}[AWS SECRET=hunter2\n",
    "a secret twice": "[AWS]\nSECRET = hunter2\nSECRET = hunter2\n",
    "a key that is a secret twice": "[AWS]\nhunter2/x = a\nhunter2/x = a\n",
    "a section twice": "[AWS]\nSECRET = hunter2\n[AWS]\nSECRET = hunter2\n",
    "a section that is a secret twice": "[SECRET hunter2]\n[SECRET hunter2]\n",
    "a password in a section of another name": f"{S3}DB_PASSWORD = hunter2\n",
    "a password under an unknown key": f"{S3}[CLUSTER]\nDB_PASSWORT = hunter2\n",
    "a password that goes on": f"{S3}[CLUSTER]\nDB_PASSWORD = a\n  hunter2\n",
    "a number with a secret behind it": f"{S3}[ETL]\nMAX_ERRORS = 1\n  DB_PASSWORD = hunter2\n",
    "a host with a user": f"{S3}[CLUSTER]\nHOST = user:hunter2@host\nDB_NAME = d\nDB_USER = u\nDB_PASSWORD = p\n",
    "a bucket with a user": S3.replace("LOG_DATA = logs", "LOG_DATA = s3://AKIA:hunter2@bucket/logs"),
    "a presigned address": S3.replace("LOG_DATA = logs", "LOG_DATA = https://b.s3.amazonaws.com/k?X-Amz-Signature=hunter2"),
    "another scheme with a user": S3.replace("LOG_DATA = logs", "LOG_DATA = ftp://user:hunter2@host/logs"),
    "a comment behind a secret address": S3.replace("LOG_DATA = logs", "LOG_DATA = s3://u:hunter2@b/k # logs"),
}  # fmt: skip


@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN.keys())
def test_no_message_about_a_broken_file_shows_a_secret(text: str, tmp_path: Path) -> None:
    assert "hunter2" not in refusal(tmp_path, text).lower()
    for options in ([], ["--json"], ["--log", "json"], ["--verbose"]):
        for command in ("etl", "doctor"):
            if options != ["--json"] or command == "doctor":
                outcome = run(command, "--config", str(tmp_path / "dwh.cfg"), *options)
                assert outcome.exit_code == 2
                assert "hunter2" not in (outcome.out + outcome.err).lower()


def test_a_broken_line_is_named_by_its_number_and_for_programs_by_file_and_line(tmp_path: Path) -> None:
    path = tmp_path / "dwh.cfg"
    with pytest.raises(ConfigError) as e:
        read(tmp_path, f"{S3}\nSECRET hunter2\n")
    assert str(e.value).startswith(f"{path}: line 6: ")
    assert (e.value.object, e.value.line) == (str(path), 6)


def test_a_section_whose_name_is_no_word_is_not_shown(tmp_path: Path) -> None:
    [warning] = read(tmp_path, f"{S3}[AWS KEY=AKIA SECRET=hunter2]\n").warnings
    assert "not ours and not read" in warning
    assert "hunter2" not in warning


@pytest.mark.parametrize("key", ["DB_PASSWORD", "HOST", "PATH"])
def test_a_key_of_another_section_is_named_with_its_own(key: str, tmp_path: Path) -> None:
    home = {"PATH": "DUCKDB"}.get(key, "CLUSTER")
    assert f"[S3] {key} is not a key we know; it belongs into [{home}]" in refusal(tmp_path, f"{S3}{key} = x\n")


@pytest.mark.parametrize(("mode", "count"), [(0o644, 1), (0o640, 1), (0o604, 1), (0o600, 0), (0o400, 0)])
@pytest.mark.parametrize("secret", ["[CLUSTER]\nDB_PASSWORD = hunter2", "[AWS]\nSECRET = hunter2"])
def test_a_file_with_a_secret_that_others_can_read_is_warned_of(
    secret: str, mode: int, count: int, tmp_path: Path
) -> None:
    path = tmp_path / "dwh.cfg"
    path.write_text(f"{S3}{secret}\n")
    path.chmod(mode)
    warnings = [text for text in load(path, {}).warnings if "chmod 600" in text]
    assert len(warnings) == count
    assert "hunter2" not in str(warnings)


def test_a_file_without_a_secret_may_be_read_by_all(tmp_path: Path) -> None:
    (tmp_path / "dwh.cfg").write_text(f"{S3}[CLUSTER]\nDB_PASSWORD =\n")
    assert load(tmp_path / "dwh.cfg", {"DWH_CLUSTER_DB_PASSWORD": "from the environment"}).warnings == ()


# ---------------------------------------------------------------- values that are written in another way


@pytest.mark.parametrize(
    ("written", "location"),
    [
        ("s3://bucket/logs", "s3://bucket/logs"),
        ("S3://bucket/logs", "s3://bucket/logs"),
        ("s3a://bucket/Logs", "s3://bucket/Logs"),
        ("S3N://bucket/logs", "s3://bucket/logs"),
        ("'s3a://bucket/a # b'", "s3://bucket/a # b"),
        ("file:///data/my%20logs", "/data/my logs"),
        ("file:/data/logs", "/data/logs"),
        ("FILE://localhost/data/logs", "/data/logs"),
        ("data:logs", "data:logs"),
    ],
)
def test_a_location_may_be_written_as_other_tools_write_it(written: str, location: str, tmp_path: Path) -> None:
    assert read(tmp_path, S3.replace("LOG_DATA = logs", f"LOG_DATA = {written}")).store.log_data == location


@pytest.mark.parametrize(
    ("written", "fix"),
    [
        ("gs://bucket/logs", "and not gs:"),
        ("hdfs://host/logs", "and not hdfs:"),
        ("abfs://c@account.dfs.core.windows.net/logs", "and not abfs:"),
        ("http://example.com/logs", "and not http:"),
        ("https://bucket.s3.amazonaws.com/logs", "write this one as s3://bucket/logs"),
        ("https://my.bucket.s3.us-west-2.amazonaws.com/a/b", "write this one as s3://my.bucket/a/b"),
        ("https://s3.us-west-2.amazonaws.com/bucket/a/b", "write this one as s3://bucket/a/b"),
        ("arn:aws:s3:::bucket/logs", "s3://bucket/prefix"),
        ("s3:/bucket/logs", "s3://bucket/prefix"),
        ("s3:///logs", "s3://bucket/prefix"),
        ("file://data/logs", "file:///path"),
    ],
)
@pytest.mark.parametrize("key", ["LOG_DATA", "SONG_DATA", "LOG_JSONPATH"])
def test_a_location_of_another_scheme_is_refused_with_what_is_accepted(
    key: str, written: str, fix: str, tmp_path: Path
) -> None:
    lines = [f"{key} = {written}" if line.startswith(f"{key} ") else line for line in S3.splitlines()]
    message = refusal(tmp_path, "\n".join(lines))
    assert message.startswith(f"{tmp_path / 'dwh.cfg'}: [S3] {key}: ")
    assert fix in message


@pytest.mark.parametrize(
    "written", ["s3://b/x.duckdb", "S3A://b/x", "https://u:hunter2@h/x", "file:///x", "md:x", ":memory:", "duckdb:///x"]
)
@pytest.mark.parametrize("key", ["PATH", "PUBLISH"])
def test_a_file_of_the_warehouse_is_a_path_on_this_machine(key: str, written: str, tmp_path: Path) -> None:
    message = refusal(tmp_path, f"{S3}[DUCKDB]\n{key} = {written}\n")
    assert message.startswith(f"{tmp_path / 'dwh.cfg'}: [DUCKDB] {key}: accepted is a path on this machine, and not ")
    assert "hunter2" not in message
    (tmp_path / "dwh.cfg").write_text(f"{S3}[DUCKDB]\n{key} = ./md:x\n")
    assert load(tmp_path / "dwh.cfg", {}).duckdb_path.parent == tmp_path


@pytest.mark.parametrize(
    "written", ["auto", "AUTO", "'auto'", '"auto"', "\"'auto'\"", "'auto ignorecase'", "Auto  IgnoreCase", "noshred"]
)
def test_a_jsonpaths_file_is_asked_for_where_copy_could_do_without(written: str, tmp_path: Path) -> None:
    message = refusal(tmp_path, S3.replace("LOG_JSONPATH = paths.json", f"LOG_JSONPATH = {written}"))
    assert "a JSONPaths file is needed" in message


COMMENTED = {
    "LOG_DATA": S3.replace("LOG_DATA = logs", "LOG_DATA = logs  # where logs are"),
    "SONG_DATA": S3.replace("SONG_DATA = songs", "SONG_DATA = s3://b/songs ; songs"),
    "LOG_JSONPATH": S3.replace("paths.json", "paths.json\t# paths"),
    "REGION": f"{S3}REGION = us-west-2 # Oregon\n",
    "PATH": f"{S3}[DUCKDB]\nPATH = x.duckdb  # the file\n",
    "MEMORY_LIMIT": f"{S3}[DUCKDB]\nMEMORY_LIMIT = 1 GB ; much\n",
    "WORK": f"{S3}WORK = # none yet\n",
    "MAX_ERRORS": f"{S3}[ETL]\nMAX_ERRORS = 3 # three\n",
    "SSLMODE": f"{S3}[CLUSTER]\nSSLMODE = disable # for now\n",
}


@pytest.mark.parametrize("key", COMMENTED)
def test_a_comment_behind_a_value_is_refused_with_a_hint(key: str, tmp_path: Path) -> None:
    message = refusal(tmp_path, COMMENTED[key])
    assert f"] {key} = " in message
    assert "a comment needs a line of its own" in message


def test_a_value_that_holds_what_looks_like_a_comment_is_taken_where_it_is_there_or_quoted(tmp_path: Path) -> None:
    (tmp_path / "my #1 logs").mkdir()
    assert read(tmp_path, S3.replace("LOG_DATA = logs", "LOG_DATA = my #1 logs")).store.log_data == "my #1 logs"
    assert read(tmp_path, S3.replace("LOG_DATA = logs", "LOG_DATA = 'your #1 logs'")).store.log_data == "your #1 logs"
    assert read(tmp_path, f"{S3}[AWS]\nSECRET = a #1 ;b\n").store.secret == "a #1 ;b"


def test_relative_paths_count_from_the_folder_of_the_path_that_was_named(tmp_path: Path) -> None:
    (tmp_path / "..data").mkdir()
    (tmp_path / "..data" / "dwh.cfg").write_text(S3)
    (tmp_path / "dwh.cfg").symlink_to("..data/dwh.cfg")
    config = load(tmp_path / "dwh.cfg", {})
    assert (config.folder, config.duckdb_path) == (tmp_path, tmp_path / "sparkify.duckdb")


@pytest.mark.parametrize(
    "content",
    [
        S3.encode("utf-16"),
        S3.encode("utf-16-le"),
        b"\x7fELF\x02\x01\x01\x00\x00",
        os.urandom(5_000) + b"\0",
        f"{S3}[AWS]\nSECRET = hunter2\x1b\n".encode(),
        b"[S3]\nLOG_DATA = \xe9\n",
        b"x" * 2_000_000,
        b"",
        b"\xef\xbb\xbf",
    ],
    ids=["utf-16", "utf-16 without a mark", "a program", "noise", "controls", "latin-1", "large", "empty", "a mark"],
)
def test_a_file_that_is_no_text_ends_every_command_with_one_sentence_and_exit_code_2(
    content: bytes, tmp_path: Path
) -> None:
    path = tmp_path / "dwh.cfg"
    path.write_bytes(content)
    for command in ("etl", "doctor"):
        outcome = run(command, "--config", str(path))
        assert outcome.exit_code == 2
        assert str(path) in outcome.out + outcome.err
        assert "Traceback" not in outcome.err


@pytest.mark.parametrize("path", ["/dev/null", "/dev/zero", "/proc/self/mem", "/"])
def test_what_is_no_file_ends_with_exit_code_2(path: str) -> None:
    assert run("etl", "--config", path).exit_code == 2


@pytest.mark.parametrize(
    ("section", "key", "value"),
    [
        ("ETL", "MAX_ERRORS", "9" * 5_000),
        ("ETL", "LOCK_TIMEOUT", "9" * 18),
        ("ETL", "BATCH_SIZE", "9" * 5_000),
        ("DUCKDB", "MEMORY_LIMIT", f"{'9' * 30} GB"),
        ("DUCKDB", "PATH", "~nobody-of-this-name/x.duckdb"),
        ("DUCKDB", "PATH", "s3://music/x.duckdb"),
        ("DUCKDB", "PUBLISH", "s3://music/x.duckdb"),
        ("REPORT", "QUESTIONS", "https://example.com/questions"),
    ],
)
def test_a_number_that_is_too_large_a_home_that_is_not_there_and_an_address_for_a_path_are_refused(
    section: str, key: str, value: str, tmp_path: Path
) -> None:
    assert f"[{section}] {key}" in refusal(tmp_path, f"{S3}[{section}]\n{key} = {value}\n")
    assert "[S3] LOG_DATA" in refusal(tmp_path, S3.replace("= logs", "= ~nobody-of-this-name/logs"))


@pytest.mark.parametrize("host", ["host:5439/dev", "redshift://host", "jdbc:redshift://host:5439/dev", "a b", "h/dev"])
def test_a_host_is_a_name_alone(host: str, tmp_path: Path) -> None:
    message = refusal(
        tmp_path, f"{S3.replace('= ', '= s3://b/')}[CLUSTER]\nHOST = {host}\nDB_NAME = d\nDB_PASSWORD = p\n"
    )
    assert "accepted is the name of a host alone" in message
