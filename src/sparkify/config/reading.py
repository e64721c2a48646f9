"""The texts of all keys, from `dwh.cfg` and the environment, and their values. No message shows a secret."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, TypeVar

from sparkify.config import file
from sparkify.config.keys import ALL, ENVIRONMENT_PREFIX, KEYS, Key
from sparkify.config.values import COMMAND, UnusableValueError
from sparkify.errors import ConfigError

T = TypeVar("T")

COMMENT = re.compile(r"(?:^|\s)[#;]")
"""Where a comment begins behind a key or its value."""

CREATES_A_CLUSTER = (
    {"CLUSTER", "IAM_ROLE", "AWS"},
    re.compile(
        r"(DWH_|CLUSTER_|NODE_|NUM_|DB_|IAM_|ROLE_|POLICY_|TRUST_)*"
        r"(TYPE|NODES|IDENTIFIER|REGION|SCHEMA|NAME|POLICY|ARN|DESCRIPTION|DB|USER|PASSWORD|PORT)"
    ),
)
"""Sections and names of keys with which public solutions create a cluster or a role: not read, and no mistake."""


class Settings:
    """The text of each key that is set, and where it was set.

    `secrets` are the texts that no message may show, and `warnings` what is odd in the file and the environment.
    """

    def __init__(self, path: Path, folder: Path, environment: Mapping[str, str]) -> None:
        """Read the file and the environment. Relative paths count from `folder`.

        Raises:
            ConfigError: the file is no configuration, a key is unknown, or a text no value of any kind.
        """
        self.warnings: list[str] = []
        self._path = path
        self._texts: dict[Key[Any], str] = {}
        self._quoted: set[Key[Any]] = set()
        self._variables: dict[Key[Any], str] = {}
        self._mistyped: dict[str, str] = {}
        self._read_file()
        self._read_environment(environment)
        self._require_usable_texts(folder)

    @property
    def secrets(self) -> list[str]:
        """The secrets that are set."""
        return [text for key, text in self._texts.items() if key.kind.is_secret and text]

    def text(self, key: Key[Any]) -> str:
        """The text of a key; empty when it is not set."""
        return self._texts.get(key, "")

    def value(self, key: Key[T]) -> T:
        """The value of a key, or its default.

        Raises:
            ConfigError: its text is no value of its kind, or it must be set and is not.
        """
        text = self.text(key) or key.default
        if not text and key.example:
            raise self.refused(key, self._missing(key))
        try:
            return key.kind.parse(text)
        except UnusableValueError as e:
            fix = e.fix or f"{key.kind.accepted.replace('`', '')} is accepted"
            raise self.refused(key, fix, is_shown=e.is_shown) from e

    def _missing(self, key: Key[Any]) -> str:
        """Why a key that must be set has no value, and what to do."""
        if mistyped := self._mistyped.get(key.section):
            return f"is not set: [{mistyped}] is not read; did you mean [{key.section}]?"
        return f"is not set; give it a value such as {key.example}"

    def refused(self, key: Key[Any], fix: str, *, is_shown: bool = True) -> ConfigError:
        """The error that a value cannot be used. It shows the value if `is_shown`, and never credentials in it."""
        variable = self._variables.get(key)
        location = f"the environment variable {variable}" if variable else f"{self._path}: {key}"
        text = self.text(key)
        if not is_shown or not key.kind.is_shown or "@" in text:
            text = ""
        shown = text.partition("?")[0] if "://" in text else text
        separator = f" = {shown}: " if shown else " " if fix.startswith("is ") else ": "
        return ConfigError(f"{location}{separator}{fix}", object=None if variable else str(self._path), column=key.name)

    def _read_file(self) -> None:
        sections = file.read(self._path)
        if foreign := [name for name in sections if name.strip().upper() not in KEYS]:
            missing = KEYS.keys() - {name.strip().upper() for name in sections}
            shown = [self._foreign(name, missing) for name in foreign]
            self.warnings.append(f"{self._path}: not ours and not read: {', '.join(shown)}")
        for name, texts in sections.items():
            section = name.strip().upper()
            for option, text in texts.items() if section in KEYS else ():
                if key := self._known(section, option.upper()):
                    self._set(key, text)
        if self.secrets and file.is_open_to_others(self._path):
            self.warnings.append(
                f"{self._path}: holds a password or a secret, and other users of this machine may read the file; "
                f"run chmod 600 on it"
            )

    def _foreign(self, name: str, missing: Collection[str]) -> str:
        """A section that is not read, as a warning shows it; its name may be a mistyped one of those that are missing.

        No hint is given where the right section is there too: public solutions have others of similar names.
        """
        if not _is_a_name(name):
            return "a section whose name is no word"
        if not (close := difflib.get_close_matches(name.upper(), missing, n=1)):
            return f"[{name}]"
        self._mistyped[close[0]] = name
        return f"[{name}] (did you mean [{close[0]}]?)"

    def _known(self, section: str, name: str) -> Key[Any] | None:
        """The key of a name; None for what public solutions create a cluster with.

        Raises:
            ConfigError: there is no such key.
        """
        sections, names = CREATES_A_CLUSTER
        if name not in KEYS[section] and not (section in sections and names.fullmatch(name)):
            shown = name if _is_a_name(name) else None
            raise ConfigError(f"{self._path}: {_unknown(section, name)}", object=str(self._path), column=shown)
        return KEYS[section].get(name)

    def _read_environment(self, environment: Mapping[str, str]) -> None:
        """Take the variables that override a key; warn of those that look like one."""
        keys = {key.variable: key for key in ALL}
        for variable, text in environment.items():
            if key := keys.get(variable):
                self._set(key, text)
                self._variables[key] = variable
            elif variable.startswith(ENVIRONMENT_PREFIX) and (
                close := difflib.get_close_matches(variable, keys, n=1, cutoff=0.85)
            ):
                self.warnings.append(f"the environment variable {variable} is not read; did you mean {close[0]}?")

    def _set(self, key: Key[Any], text: str) -> None:
        self._texts[key], is_quoted = _unquoted(text, is_command=key.kind is COMMAND)
        (self._quoted.add if is_quoted else self._quoted.discard)(key)

    def _require_usable_texts(self, folder: Path) -> None:
        """Make sure that no value goes over several lines, or ends in what was meant as a comment.

        A credential may hold any character of a line, and so may a value in quotes and the path of something that is
        there.
        """
        for key, text in self._texts.items():
            if "\n" in text:
                fix = "the value goes on in the next line; a line that begins a key is not indented"
                raise self.refused(key, fix, is_shown=False)
            is_exempt = not key.kind.is_shown or key in self._quoted or _is_there(folder, text)
            if COMMENT.search(text) and not is_exempt:
                fix = "a comment needs a line of its own; put a value that holds ` #` or ` ;` in quotes"
                raise self.refused(key, fix)


def _is_there(folder: Path, text: str) -> bool:
    return os.path.lexists(os.path.join(folder, os.path.expanduser(text)))


def _unquoted(text: str, *, is_command: bool) -> tuple[str, bool]:
    """A value without the quotes around it, and whether it had any. Those of `"a" "b"` are the command's own."""
    text = text.strip()
    is_quoted = len(text) > 1 and text[0] == text[-1] and text[0] in "'\""
    is_quoted = is_quoted and not (is_command and text[0] in text[1:-1])
    return (text[1:-1].strip(), True) if is_quoted else (text, False)


def _is_a_name(text: str) -> bool:
    """Whether a text can only be the name of a section or a key, so that a message may show it, and no secret."""
    return re.fullmatch(r"[A-Z][A-Z0-9_-]{0,39}", text.upper()) is not None


def _unknown(section: str, name: str) -> str:
    """Why a key of a section is refused, with the nearest right one."""
    accepted = f"Accepted are {', '.join(KEYS[section])}"
    if not _is_a_name(name):
        return f"[{section}] holds a line that begins with no key we know. {accepted}"
    if homes := [f"[{other}]" for other, keys in KEYS.items() if name in keys]:
        return f"[{section}] {name} is not a key we know; it belongs into {' or '.join(homes)}. {accepted}"
    [close] = difflib.get_close_matches(name, KEYS[section], n=1, cutoff=0.0)
    return f"[{section}] {name} is not a key we know; did you mean {close}? {accepted}"
