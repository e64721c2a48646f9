"""The workflows of `.github/workflows`: their jobs, and the commands of a job."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import yaml

from harness.paths import ROOT

FOLDER = ROOT / ".github" / "workflows"


def jobs(workflow: str) -> dict[str, dict[str, Any]]:
    """The jobs of a workflow by name."""
    read: dict[str, Any] = yaml.safe_load((FOLDER / f"{workflow}.yml").read_text(encoding="utf-8"))
    return dict(read["jobs"])


def commands(job: dict[str, Any]) -> list[str]:
    """The shell commands of a job, a text a step."""
    return [step["run"] for step in job["steps"] if "run" in step]


def require_success(command: str, folder: Path, **environment: str) -> str:
    """Run the command of a step as GitHub does; what it prints."""
    shell = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", command]
    done = subprocess.run(
        shell, cwd=folder, env=os.environ | environment, capture_output=True, text=True, stdin=subprocess.DEVNULL
    )
    assert done.returncode == 0, f"exit code {done.returncode} of\n{command}\n{done.stdout}{done.stderr}"
    return done.stdout
