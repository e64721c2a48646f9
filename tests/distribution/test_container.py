"""The container: what its build sees and installs, and the steps of ci.yml, which run with a stand-in for Docker."""

import os
import re
import shlex
import subprocess
from pathlib import Path

import pytest

from harness import docker
from harness.dockerfile import instructions, visible_files
from harness.paths import ROOT
from harness.workflows import commands, jobs, require_success

INSTRUCTIONS = instructions(ROOT / "Dockerfile")

LOCKS = {f"locks/{name}.txt" for name in ("run", "redshift", "openlineage")}

OF_THE_BUILD = {"pyproject.toml", "README.md", "LICENSE", *LOCKS}
"""What the build sees beside `src`."""


def texts(name: str) -> list[str]:
    """What follows an instruction, each time that it is there."""
    return [step.text for step in INSTRUCTIONS if step.name == name]


# ---------------------------------------------------------------- what the build sees and installs


def test_the_build_sees_the_source_and_what_installs_it_and_nothing_else() -> None:
    seen = {name.as_posix() for name in visible_files(ROOT)}
    source = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "src").rglob("*")
        if path.is_file() and path.parent.name != "__pycache__"
    }
    assert seen == {*OF_THE_BUILD, *source}


def test_the_build_sees_no_data_no_warehouse_and_no_configuration(tmp_path: Path) -> None:
    private = ["dwh.cfg", "other.cfg", "sparkify.duckdb", "sample/log_data/a.json", ".venv/a.py", ".git/config"]
    private += [".env", "locks/dev.txt", "src/sparkify/__pycache__/cli.cpython-311.pyc", "notes/README.md"]
    for name in [*private, "src/sparkify/cli.py", "README.md"]:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / ".dockerignore").write_bytes((ROOT / ".dockerignore").read_bytes())
    assert {name.as_posix() for name in visible_files(tmp_path)} == {"src/sparkify/cli.py", "README.md"}


OF_MAKE_ALONE = ("--editable", "--no-compile")


def installing(lines: list[str]) -> list[list[str]]:
    """The arguments of pip in command lines, with a folder instead of its editable install, and with no variable.

    An image compiles what it installs.
    """
    calls = [shlex.split(line.partition("pip install ")[2]) for line in lines if " pip install " in line]
    return [[word.replace("${LOCK}", "run") for word in words if word not in OF_MAKE_ALONE] for words in calls]


def test_the_build_installs_as_make_does() -> None:
    planned = ["make", "--dry-run", "--always-make", ".venv/installed-run"]
    make = subprocess.run(planned, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    of_make = installing(make.splitlines())
    assert len(of_make) == 2
    assert "--require-hashes" in of_make[0]
    assert installing(texts("RUN")) == of_make


def test_the_base_is_pinned_by_its_digest_and_of_a_python_that_is_tested() -> None:
    [base] = [text.split()[0] for text in texts("FROM") if not text.startswith("base")]
    pinned = re.fullmatch(r"python:(3\.\d+)\.\d+-slim-\w+@sha256:[0-9a-f]{64}", base)
    assert pinned
    assert pinned[1] in jobs("ci")["test"]["strategy"]["matrix"]["python"]


def test_the_user_has_a_number_and_is_not_root() -> None:
    assert [re.fullmatch(r"[1-9]\d*:[1-9]\d*", user) is not None for user in texts("USER")] == [True]


def test_no_probe_runs_beside_a_load() -> None:
    assert texts("HEALTHCHECK") == ["NONE"]


# ---------------------------------------------------------------- the steps of ci.yml


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the program `docker`, which knows no image yet."""
    folder = tmp_path_factory.mktemp("machine") / "bin"
    folder.mkdir()
    docker.install(folder)
    return folder


def test_the_steps_by_which_ci_tries_the_container_pass(programs: Path) -> None:
    steps = commands(jobs("ci")["container"])
    path = f"{programs}{os.pathsep}{os.environ['PATH']}"
    printed = "".join(require_success(step, ROOT, PATH=path) for step in steps)
    assert "all 14 checks passed on " in printed
    assert [".ci/try docker run --rm --read-only" in step for step in steps].count(True) == 1


def test_a_path_of_a_container_is_told_from_one_that_only_begins_so() -> None:
    text = "/data /data/a s3://b/data x=/data/a:/data2 /data-old /other/data"
    assert docker.real_paths(text, {"/data": "/v"}) == "/v /v/a s3://b/data x=/v/a:/data2 /data-old /other/data"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("COPY dwh.cfg ./", "COPY dwh.cfg: not there, or left out by .dockerignore"),
        ("RUN python -m pip install --quiet nothing-of-this-name", "No matching distribution found for nothing-of"),
        ("ADD src src", "ADD: this stand-in does not know the instruction"),
    ],
)
def test_a_build_that_docker_would_refuse_fails_here_too(
    line: str, reason: str, programs: Path, tmp_path: Path
) -> None:
    (tmp_path / ".dockerignore").write_bytes((ROOT / ".dockerignore").read_bytes())
    (tmp_path / "dwh.cfg").touch()
    (tmp_path / "Dockerfile").write_text(f"FROM python AS build\nWORKDIR /opt\n{line}\nFROM build\n")
    assert reason in refusal(programs, "build", "--tag", "wrong", str(tmp_path))


def test_a_run_that_docker_would_refuse_fails_here_too(programs: Path, tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text('FROM python\nWORKDIR /data\nENV PATH=/usr/bin:/bin\nENTRYPOINT ["touch"]\n')
    subprocess.run([programs / "docker", "build", "--tag", "touch", tmp_path], check=True)
    assert "there is no such image" in refusal(programs, "run", "--rm", "other", "a")
    assert "no such program" in refusal(programs, "run", "--rm", "--entrypoint", "nothing", "touch", "a")
    assert "changed" in refusal(programs, "run", "--rm", "--read-only", "touch", "a")
    subprocess.run([programs / "docker", "run", "--rm", "--read-only", "--volume", "a:/data", "touch", "a"], check=True)


def refusal(programs: Path, *arguments: str) -> str:
    """What `docker` says when it cannot do what it was told."""
    done = subprocess.run([programs / "docker", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 125, done.stdout + done.stderr
    return done.stderr
