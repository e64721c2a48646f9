"""A warehouse that was exported whole, and places to import it into."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.redshift import Access, OnRedshift, Servers
from harness.warehouse import Sparkify
from harness.whole import beside, exported, filled


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Sparkify:
    """A filled warehouse in DuckDB, which no test changes."""
    return filled(Sparkify(tmp_path_factory.mktemp("model") / "sparkify").with_tables())


@pytest.fixture(scope="session")
def whole(model: Sparkify) -> Path:
    """An export of it, which no test changes."""
    return Path(exported(model, model.folder / "it's an [export]*"))


@pytest.fixture
def copy(whole: Path, tmp_path: Path) -> Path:
    """The same, for a test that changes it."""
    return Path(shutil.copytree(whole, tmp_path / "copy"))


@pytest.fixture
def target(model: Sparkify, tmp_path: Path) -> Sparkify:
    """The bucket and the configuration of the model, and no warehouse yet."""
    return beside(model, tmp_path / "target")


@pytest.fixture
def redshift(servers: Servers, tmp_path: Path) -> Iterator[OnRedshift]:
    """A database in Redshift without tables, and an empty bucket."""
    with servers.without_tables(tmp_path / "redshift", Access(role="unloader")) as made:
        yield made
