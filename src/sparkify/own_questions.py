"""Questions of a team's own: the SQL files of the folder `[REPORT] QUESTIONS`, written like those of `sql/report`."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from sparkify import questions, sql_queries
from sparkify.config.keys import REPORT_QUESTIONS
from sparkify.errors import ConfigError
from sparkify.questions import Question

NAME = re.compile(r"[\w-]+")
"""The name of a question. A text of any other form is SQL."""

LARGEST_FILE = 1_000_000
"""Bytes of the largest file that is taken for a question."""


@dataclass(frozen=True)
class OwnQuestion(Question):
    """A file of the folder: its header is that of a question, and the whole text is one statement."""

    text: str = field(repr=False)

    is_shipped = False

    @property
    def header(self) -> list[str]:
        """The comment at the head of the file, line by line."""
        return sql_queries.header_of(self.text)

    @property
    def sql(self) -> str:
        """The statement, with its parameters as `$name` and its comments."""
        return self.text


def statement(asked: str, folder: Path | None) -> str:
    """The SQL that a person asks for: that of the question of this name, or what they wrote, which is SQL then.

    Raises:
        ConfigError: there is no such question, or its file cannot be used.
    """
    return find(asked, folder).sql if NAME.fullmatch(asked) else asked


def find(name: str, folder: Path | None) -> Question:
    """The question of a name: the program's, or one in the folder.

    Raises:
        ConfigError: there is none, or its file cannot be used.
    """
    if folder is None:
        return questions.find(name)
    if os.path.lexists(_path(folder, name)):
        return read(folder, name)
    return questions.find(name, [] if name in sql_queries.names("report") else names(folder))


def all_usable(folder: Path, warn: Callable[[str], None]) -> list[Question]:
    """The questions of the folder, by name. It warns of each file that cannot be used.

    Raises:
        ConfigError: the folder cannot be read.
    """
    usable: list[Question] = []
    for name in names(folder):
        try:
            usable.append(read(folder, name))
        except ConfigError as e:
            warn(str(e))
    return usable


def names(folder: Path) -> list[str]:
    """The names of the SQL files in the folder, sorted, without hidden ones.

    Raises:
        ConfigError: the folder cannot be read.
    """
    try:
        files = [path.name for path in folder.iterdir()]
    except OSError as e:
        raise ConfigError(
            f"{folder}: {REPORT_QUESTIONS} names this folder, and it cannot be read ({e.strerror})",
            object=str(folder),
            column=REPORT_QUESTIONS.name,
        ) from e
    return sorted(name.removesuffix(".sql") for name in files if re.fullmatch(r"[^.].*\.sql", name))


def read(folder: Path, name: str) -> OwnQuestion:
    """The question in the file of a name.

    Raises:
        ConfigError: the file cannot be used; the text says why.
    """
    path = _path(folder, name)
    if not NAME.fullmatch(name):
        raise _refused(path, "the name of a question has letters, digits, `_` and `-` only; rename the file")
    if name in sql_queries.names("report"):
        raise _refused(path, f"{name} is a question that ships with the program; rename the file")
    question = OwnQuestion(name, _text(path))
    if not any(question.header[:1]):
        raise _refused(path, "it has no header; begin it with the question, as in `-- Who listens most?`")
    if not sql_queries.code(question.text).strip():
        raise _refused(path, "it has no SQL below its header")
    if reason := questions.unknown_parameters(question.text):
        raise _refused(path, reason)
    return question


def _path(folder: Path, name: str) -> Path:
    return folder / f"{name}.sql"


def _text(path: Path) -> str:
    """The text of a file of moderate size. What is no file, such as a pipe, is not opened.

    Raises:
        ConfigError: it cannot be read, or is no text in UTF-8.
    """
    if os.path.exists(path) and not os.path.isfile(path):
        raise _refused(path, "it is no file")
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_FILE + 1)
    except OSError as e:
        raise _refused(path, f"it cannot be read ({e.strerror})") from e
    if len(content) > LARGEST_FILE:
        raise _refused(path, f"it is larger than {LARGEST_FILE:,} bytes")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as e:
        raise _refused(path, f"byte {e.start + 1} is not UTF-8; save it as UTF-8") from e


def _refused(path: Path, reason: str) -> ConfigError:
    return ConfigError(f"{path}: this question cannot be asked: {reason}", object=str(path))
