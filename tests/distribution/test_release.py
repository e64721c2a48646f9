"""A release: the version is one everywhere, the wheel and the source archive hold what they must, and release.yml."""

import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from datetime import date
from itertools import pairwise
from pathlib import Path

import pytest
from packaging.version import Version

from doc_blocks import PAGES
from harness.docker import link_packages
from harness.paths import ROOT
from harness.workflows import FOLDER, commands, jobs, require_success
from sparkify import __version__

HEADINGS = re.findall(r"^## (.+)$", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)


# ---------------------------------------------------------------- the version


def test_the_changelog_begins_with_the_version_of_the_package() -> None:
    version, _, day = HEADINGS[0].partition(" - ")
    assert version == __version__
    assert day == "unreleased" or date.fromisoformat(day)


def test_the_changelog_has_older_versions_in_their_order_each_with_its_day() -> None:
    versions = [heading.partition(" - ") for heading in HEADINGS]
    assert all(Version(newer) > Version(older) for (newer, *_), (older, *_) in pairwise(versions))
    assert all(date.fromisoformat(day) for _, _, day in versions[1:])


@pytest.mark.parametrize("page", [*PAGES, ROOT / "CONTRIBUTING.md"], ids=lambda page: page.name)
def test_a_page_names_no_other_version_than_this(page: Path) -> None:
    named = re.findall(r"\bsparkify(?:[-=:@ ]| version |==)v?(\d+\.\d+(?:\.\d+)?)", page.read_text(encoding="utf-8"))
    assert {*named} <= {__version__}


@pytest.mark.parametrize(
    ("tag", "heading", "refusal"),
    [
        ("v1.2.0", "## 1.2.0 - 2026-12-01", ""),
        ("v1.2", "## 1.2.0 - 2026-12-01", "v1.2: src/sparkify/__init__.py says 1.2.0; tag v1.2.0, or set the version"),
        ("1.2.0", "## 1.2.0 - 2026-12-01", "1.2.0: src/sparkify/__init__.py says 1.2.0; tag v1.2.0, or"),
        ("v1.2.0", "## 1.2.0 - unreleased", "CHANGELOG.md begins with '## 1.2.0 - unreleased'; begin it with"),
        ("v1.2.0", "## 1.1.0 - 2026-12-01", "CHANGELOG.md begins with '## 1.1.0 - 2026-12-01'; begin it with"),
    ],
)
def test_a_tag_must_be_that_of_the_version_and_have_its_day(
    tag: str, heading: str, refusal: str, tmp_path: Path
) -> None:
    (tmp_path / ".ci").mkdir()
    shutil.copy2(ROOT / ".ci" / "tag", tmp_path / ".ci" / "tag")
    (tmp_path / "src" / "sparkify").mkdir(parents=True)
    (tmp_path / "src" / "sparkify" / "__init__.py").write_text('"""A package."""\n\n__version__ = "1.2.0"\n')
    (tmp_path / "CHANGELOG.md").write_text(f"# Changelog\n\n{heading}\n\n- A change.\n\n## 1.0.0 - 2026-01-01\n")
    done = subprocess.run([tmp_path / ".ci" / "tag", tag], capture_output=True, text=True, check=False)
    assert done.returncode == (1 if refusal else 0)
    assert refusal in done.stderr


# ---------------------------------------------------------------- the wheel and the source archive


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `dist`, as `make dist` builds it."""
    folder = tmp_path_factory.mktemp("release")
    build(ROOT, folder / "dist")
    return folder


def build(source: Path, folder: Path, *options: str) -> None:
    command = [sys.executable, "-m", "hatchling", "build", "--directory", str(folder), *options]
    subprocess.run(command, cwd=source, capture_output=True, text=True, check=True)


def wheel_names(folder: Path) -> set[str]:
    """The files of the package and of its metadata in the only wheel of a folder."""
    [wheel] = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        return {name.replace(f"sparkify-{__version__}.dist-info/", "") for name in archive.namelist()}


def source_names() -> set[str]:
    """The files of the package in this tree."""
    files = (path for path in (ROOT / "src").rglob("*") if path.is_file() and path.parent.name != "__pycache__")
    return {path.relative_to(ROOT / "src").as_posix() for path in files}


def test_the_wheel_holds_the_package_and_nothing_else(dist: Path) -> None:
    metadata = {"METADATA", "WHEEL", "RECORD", "entry_points.txt", "licenses/LICENSE"}
    assert wheel_names(dist / "dist") == {*source_names(), *metadata}


def test_the_source_archive_holds_what_builds_the_same_wheel_and_nothing_else(dist: Path, tmp_path: Path) -> None:
    [archive] = (dist / "dist").glob("*.tar.gz")
    with tarfile.open(archive) as file:
        names = {name.partition("/")[2] for name in file.getnames()}
        file.extractall(tmp_path, filter="data")
    beside = {"pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md", ".gitignore", "PKG-INFO"}
    assert names == {*beside, *(f"src/{name}" for name in source_names())}
    build(tmp_path / f"sparkify-{__version__}", tmp_path / "dist", "--target", "wheel")
    assert wheel_names(tmp_path / "dist") == wheel_names(dist / "dist")


# ---------------------------------------------------------------- release.yml


def test_the_wheel_alone_runs_where_the_release_tries_it(dist: Path, tmp_path: Path) -> None:
    """The step of release.yml, offline: the new environment sees the locked packages, and pip must need no others."""
    packages = tmp_path / "packages"
    packages.mkdir()
    link_packages(ROOT / "locks" / "run.txt", packages)
    (tmp_path / "dist").mkdir()
    [wheel] = (dist / "dist").glob("*.whl")
    shutil.copy2(wheel, tmp_path / "dist")
    (tmp_path / ".ci").symlink_to(ROOT / ".ci")
    [step] = commands(jobs("release")["try"])
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    offline = {"PYTHONPATH": str(packages), "PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": os.devnull}
    printed = require_success(step, tmp_path, PATH=path, **offline)
    assert "all 14 checks passed on " in printed


def test_a_release_is_tried_on_every_python_that_is_tested() -> None:
    tried, tested = (job["strategy"]["matrix"]["python"] for job in (jobs("release")["try"], jobs("ci")["test"]))
    assert tried == tested


def test_nothing_is_published_before_it_was_tried_and_only_that_job_may_publish() -> None:
    release = jobs("release")
    assert (release["try"]["needs"], release["publish"]["needs"]) == ("build", "try")
    assert commands(release["build"])[0] == '.ci/tag "$GITHUB_REF_NAME"'
    assert {name: job["permissions"] for name, job in release.items() if "permissions" in job} == {
        "publish": {"id-token": "write"}
    }
    assert commands(release["publish"]) == []


@pytest.mark.parametrize("workflow", ["ci", "release"])
def test_a_workflow_may_only_read_and_its_actions_are_pinned_by_commit(workflow: str) -> None:
    text = (FOLDER / f"{workflow}.yml").read_text(encoding="utf-8")
    assert "\npermissions:\n  contents: read\n" in text
    actions = re.findall(r"^ *(?:- )?uses: (.+)$", text, re.MULTILINE)
    assert actions
    assert [action for action in actions if not re.fullmatch(r"[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", action)] == []
