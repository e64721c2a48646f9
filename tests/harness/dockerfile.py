"""A Dockerfile as its instructions, and the files of its folder that `.dockerignore` lets it see."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple


class Instruction(NamedTuple):
    """A line of a Dockerfile: its first word in capitals, and the rest."""

    name: str
    text: str


def instructions(dockerfile: Path) -> list[Instruction]:
    """The instructions of a Dockerfile in their order, without comments."""
    lines = [line for line in dockerfile.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    parts = (line.partition(" ") for line in "\n".join(lines).replace("\\\n", " ").splitlines() if line)
    return [Instruction(name.upper(), text.strip()) for name, _, text in parts]


def expanded(text: str, values: Mapping[str, str]) -> str:
    """A text with the values of the variables that it names.

    Raises:
        KeyError: there is no such variable.
    """
    return re.sub(r"\$(?:\{(\w+)\}|(\w+))", lambda match: values[match[1] or match[2]], text)


def visible_files(folder: Path, below: str = ".") -> Iterator[Path]:
    """The files of a folder that a Dockerfile may copy, as paths in it."""
    lines = (folder / ".dockerignore").read_text(encoding="utf-8").splitlines()
    patterns = [line for line in lines if line and not line.startswith("#")]
    for path in sorted((folder / below).rglob("*") if (folder / below).is_dir() else [folder / below]):
        name = path.relative_to(folder)
        if path.is_file() and not _is_ignored(name, patterns):
            yield name


def _is_ignored(path: Path, patterns: list[str]) -> bool:
    """Whether the last pattern that matches the path, or a folder above it, leaves it out. `!` lets it in."""
    paths = [path.as_posix(), *(folder.as_posix() for folder in path.parents)]
    matching = (line for line in reversed(patterns) if any(_matches(line.lstrip("!"), each) for each in paths))
    return not next(matching, "!").startswith("!")


def _matches(pattern: str, path: str) -> bool:
    r"""Whether a path is of a pattern: `*` is any text within a name, `**/` any folders, and `[co]` a letter."""
    parts = {"**/": "(?:.*/)?", "*": "[^/]*", "[": "[", "]": "]"}
    words = re.split(r"(\*\*/|\*|\[|\])", pattern)
    return re.fullmatch("".join(parts.get(word, re.escape(word)) for word in words), path) is not None
