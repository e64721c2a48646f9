"""The README: its example runs, and each module that it names is there."""

import re
from pathlib import Path
from typing import Any

import pytest

from redshift_stand_in.tests.clients import GONE

PACKAGE = Path(__file__).parent.parent
README = (PACKAGE / "README.md").read_text(encoding="utf-8")


def test_the_example_runs_and_its_fault_strikes(tmp_path: Path) -> None:
    [example] = re.findall(r"^```python\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    names: dict[str, Any] = {"tmp_path": tmp_path}
    with pytest.raises(GONE):
        exec(example + "    connection.cursor().execute('select 1')\n    connection.commit()\n", names)


def test_the_modules_that_it_names_are_there() -> None:
    named = set(re.findall(r"`(\w+\.py)`", README))
    assert named - {path.name for path in PACKAGE.glob("*.py")} == set()
