"""A `docker` that builds a Dockerfile and runs its image as processes of this machine, in folders.

The build really runs the commands that install, but fetches nothing: the packages of a lock file are linked from this
environment, and pip must find each there in the locked version. A run has the environment, the folder and the entry
point that the image says, and the volumes; with `--read-only` it fails if a file of the image is changed. What only
root may do is left out: giving files to the image's user and becoming that user.
"""

from __future__ import annotations

import argparse
import compileall
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement

from harness.dockerfile import expanded, instructions, visible_files
from harness.paths import ROOT

REACHES_THE_STORE = ("AWS_ENDPOINT_URL", "AWS_EC2_METADATA_DISABLED")
"""Variables that stand for the network: a container has them without being given them."""


class DockerError(Exception):
    """What Docker would refuse, or what the image does and must not."""


@dataclass
class Image:
    """An image, or a stage of its build: the folder that holds its files, and what a run needs to know."""

    root: str
    folder: str = "/"
    environment: dict[str, str] = field(default_factory=dict)
    entrypoint: list[str] = field(default_factory=list)
    command: list[str] = field(default_factory=list)

    def path(self, name: str, mounts: Mapping[str, str] | None = None) -> Path:
        """Where a path of the container is on this machine."""
        absolute = os.path.normpath(os.path.join(self.folder, name))
        here = real_paths(absolute, mounts or {})
        return Path(here) if here != absolute else Path(f"{self.root}{absolute}")


def real_paths(text: str, mounts: Mapping[str, str]) -> str:
    """A text in which paths of this machine stand for those of the container."""
    for inside, outside in sorted(mounts.items(), key=lambda mount: -len(mount[0])):
        text = outside.join(re.split(rf"(?<![\w/]){re.escape(inside)}(?![\w.-])", text))
    return text


# ---------------------------------------------------------------- building


def build(context: Path, state: Path, tag: str, given: Mapping[str, str]) -> None:
    """Build the Dockerfile of a folder; its image is known by the tag from then on.

    Raises:
        DockerError: an instruction cannot be carried out.
    """
    stages: dict[str, Image] = {}
    arguments: dict[str, str] = {}
    image = Image("")
    root = state / "images" / tag
    shutil.rmtree(root, ignore_errors=True)
    steps = instructions(context / "Dockerfile")
    last = max(number for number, step in enumerate(steps) if step.name == "FROM")
    for number, step in enumerate(steps):
        values = {"PATH": "", **arguments, **image.environment}
        words = shlex.split(expanded(step.text, values))
        match step.name:
            case "FROM":
                base, *name = words[0], *words[2:]
                image = _stage(stages.get(base), root / str(number))
                stages |= dict.fromkeys(name, image)
            case "ARG":
                key, _, default = step.text.partition("=")
                arguments[key] = given.get(key, default)
            case "ENV":
                image.environment |= dict(word.split("=", 1) for word in words)
            case "WORKDIR":
                image.folder = words[0]
                image.path(".").mkdir(parents=True, exist_ok=True)
            case "COPY":
                _copy(image, context, stages, words)
            case "RUN" if number < last:
                _run_step(image, words)
            case "ENTRYPOINT":
                image.entrypoint = json.loads(step.text)
            case "CMD":
                image.command = json.loads(step.text)
            case "RUN" | "USER" | "HEALTHCHECK":
                pass  # a RUN of the last stage gives files to the user
            case _:
                raise DockerError(f"{step.name}: this stand-in does not know the instruction")
    (root / "image.json").write_text(json.dumps(asdict(image)), encoding="utf-8")


def _stage(base: Image | None, root: Path) -> Image:
    if base:
        shutil.copytree(base.root, root, symlinks=True)
        return Image(str(root), base.folder, dict(base.environment))
    root.mkdir(parents=True)
    return Image(str(root))


def _copy(image: Image, context: Path, stages: Mapping[str, Image], words: Sequence[str]) -> None:
    *sources, target = words
    if sources[0].startswith("--from="):
        stage = stages[sources.pop(0).removeprefix("--from=")]
        image.path(target).parent.mkdir(parents=True, exist_ok=True)
        image.path(target).symlink_to(stage.path(sources[0]).resolve(strict=True))
        return
    for source in sources:
        files = [*visible_files(context, source)]
        if not files:
            raise DockerError(f"COPY {source}: not there, or left out by .dockerignore")
        for name in files:
            inside = name.relative_to(source) if (context / source).is_dir() else name.name
            to = image.path(target) / inside
            to.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(context / name, to)


def _run_step(image: Image, words: Sequence[str]) -> None:
    """Run a command of the build, offline."""
    mounts = {"/opt": f"{image.root}/opt"}
    environment = {name: real_paths(value, mounts) for name, value in image.environment.items()}
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    if "--require-hashes" in words:
        [packages] = image.path(".venv").glob("lib/python*/site-packages")
        link_packages(image.path(words[-1]), packages)
        compileall.compile_dir(packages, maxlevels=0, quiet=1)  # as pip does
    offline = {"PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": os.devnull}
    done = subprocess.run(words, cwd=image.path("."), env=environment | offline, capture_output=True, text=True)
    if done.returncode:
        raise DockerError(f"RUN {shlex.join(words)}: exit code {done.returncode}\n{done.stdout}{done.stderr}")


def link_packages(lock: Path, folder: Path) -> None:
    """Link into a folder the packages that a lock file names for this Python, from this environment."""
    lines = (line.rstrip(" \\") for line in lock.read_text(encoding="utf-8").splitlines() if re.match(r"\w", line))
    for requirement in map(Requirement, lines):
        if requirement.marker and not requirement.marker.evaluate():
            continue
        package = metadata.distribution(requirement.name)
        for name in {path.parts[0] for path in package.files or ()} - {"..", "__pycache__"}:
            (folder / name).symlink_to(str(package.locate_file(name)))


# ---------------------------------------------------------------- running


def run(state: Path, image: Image, options: argparse.Namespace) -> int:
    """Run an image; the exit code of what it runs.

    Raises:
        DockerError: there is no such program, or a file of the image was changed and must not.
    """
    mounts = {inside: _volume(state, outside) for outside, inside in (text.split(":")[:2] for text in options.volume)}
    places = {**mounts, "/opt": f"{image.root}/opt"}
    given = {name: os.environ[name] for name in REACHES_THE_STORE if name in os.environ} | _variables(options)
    environment = {name: real_paths(value, places) for name, value in {**image.environment, **given}.items()}
    environment["PATH"] += os.pathsep + os.environ["PATH"]
    environment["HOME"] = image.root  # for who has no name it is /
    entrypoint = [options.entrypoint] if options.entrypoint else image.entrypoint
    command = options.command or ([] if options.entrypoint else image.command)
    words = [real_paths(word, places) for word in [*entrypoint, *command]]
    program = shutil.which(words[0], path=environment["PATH"].partition(os.pathsep)[0])
    if not program:
        raise DockerError(f"{words[0]}: the image has no such program")
    before = _state_of(image)
    done = subprocess.run([program, *words[1:]], cwd=image.path(".", mounts), env=environment, stdin=subprocess.DEVNULL)
    if options.read_only and (changed := before ^ _state_of(image)):
        raise DockerError(f"--read-only: changed {sorted(name for name, _ in changed)}")
    return done.returncode


def _volume(state: Path, name: str) -> str:
    folder = Path(name) if name.startswith("/") else state / "volumes" / name
    folder.mkdir(parents=True, exist_ok=True)
    return str(folder)


def _variables(options: argparse.Namespace) -> dict[str, str]:
    """What `--env-file` and `--env` say; the name of a variable alone takes its value from here."""
    files = (Path(name).read_text(encoding="utf-8").splitlines() for name in options.env_file)
    lines = [line for lines in [*files, options.env] for line in lines if line and not line.startswith("#")]
    parts = (line.partition("=") for line in lines)
    return {name: value if equals else os.environ[name] for name, equals, value in parts}


def _state_of(image: Image) -> set[tuple[str, int]]:
    """Every file of an image, with the moment of its last change in nanoseconds."""
    return {(str(path), path.lstat().st_mtime_ns) for path in Path(image.root).parent.rglob("*")}


# ---------------------------------------------------------------- the command


def install(programs: Path) -> None:
    """Write a program `docker` into a folder, beside which it keeps images and volumes."""
    words = f"{shlex.quote(sys.executable)} -m harness.docker"
    program = programs / "docker"
    program.write_text(
        f'#!/bin/sh\nexport PYTHONPATH={shlex.quote(str(ROOT / "tests"))}\nexec {words} "${{0%/*}}/../docker" "$@"\n',
        encoding="utf-8",
    )
    program.chmod(0o755)


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="docker", allow_abbrev=False)
    commands = parser.add_subparsers(dest="action", required=True)
    building = commands.add_parser("build", allow_abbrev=False)
    building.add_argument("--tag", required=True)
    building.add_argument("--build-arg", action="append", default=[])
    building.add_argument("context", type=Path)
    running = commands.add_parser("run", allow_abbrev=False)
    for flag in ("--rm", "--read-only"):
        running.add_argument(flag, action="store_true")
    for option in ("--env", "--env-file", "--volume", "--cap-drop", "--security-opt"):
        running.add_argument(option, action="append", default=[])
    for option in ("--entrypoint", "--memory"):
        running.add_argument(option)
    running.add_argument("image")
    running.add_argument("command", nargs=argparse.REMAINDER)
    return parser.parse_args(arguments)


def main(state: Path, arguments: Sequence[str]) -> int:
    """Run a command line of `docker`; its exit code."""
    options = _options(arguments)
    try:
        if options.action == "build":
            build(options.context, state, options.tag, dict(word.split("=", 1) for word in options.build_arg))
            return 0
        description = state / "images" / options.image / "image.json"
        if not description.exists():
            raise DockerError(f"{options.image}: there is no such image; build it first")
        return run(state, Image(**json.loads(description.read_text(encoding="utf-8"))), options)
    except DockerError as e:
        print(f"docker: {e}", file=sys.stderr)
        return 125


if __name__ == "__main__":
    sys.exit(main(Path(os.path.normpath(sys.argv[1])), sys.argv[2:]))
