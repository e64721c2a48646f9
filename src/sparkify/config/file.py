"""The file `dwh.cfg` as texts by section and key. No message shows a line of it, which may hold a secret."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

from sparkify.config.keys import KEYS
from sparkify.errors import ConfigError

LARGEST_FILE = 1_000_000
"""Bytes of the largest file that is taken for a configuration."""

LINES_ARE = "lines are `[SECTION]`, `KEY = value` or `# comment`"


def read(path: Path) -> dict[str, dict[str, str]]:
    """The texts of a file by section and key, all as they are written, but keys in small letters.

    Raises:
        ConfigError: it cannot be read, or is no configuration; the text names the line.
    """
    import configparser  # help needs none

    parser = configparser.RawConfigParser()
    try:
        parser.read_string(_text(path), source=str(path))
    except configparser.DuplicateSectionError as e:
        section = e.section.strip().upper()
        raise _broken(path, e.lineno, f"{f'[{section}]' if section in KEYS else 'a section'} is there twice") from None
    except configparser.DuplicateOptionError as e:
        key = KEYS.get(e.section.strip().upper(), {}).get(e.option.upper())
        raise _broken(path, e.lineno, f"{key or 'a key'} is there twice") from None
    except configparser.MissingSectionHeaderError as e:
        raise _broken(path, e.lineno, "no section headers above this line") from None
    except configparser.ParsingError as e:
        raise _broken(path, e.errors[0][0] if e.errors else None, "not a line of a configuration") from None
    except configparser.Error:
        raise _broken(path, None, "not a configuration") from None
    return {section: dict(parser.items(section)) for section in parser.sections()}


def is_open_to_others(path: Path) -> bool:
    """Whether users other than the owner of a file may read it."""
    return os.name == "posix" and bool(path.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH))


def _broken(path: Path, line: int | None, reason: str) -> ConfigError:
    location = f"{path}: line {line}" if line else f"{path}"
    return ConfigError(f"{location}: {reason}; {LINES_ARE}", object=str(path), line=line)


def _text(path: Path) -> str:
    """The text of a file of moderate size, with line feeds as its line ends.

    Raises:
        ConfigError: it cannot be read, or is no text in UTF-8.
    """
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_FILE + 1)
    except FileNotFoundError as e:
        fix = "`sparkify init DIR` writes one, and --config FILE names one"
        raise ConfigError(f"{path}: there is no such file; {fix}") from e
    except OSError as e:
        raise ConfigError(f"{path}: the configuration cannot be read ({e.strerror})", object=str(path)) from e
    problem = ""
    if len(content) > LARGEST_FILE:
        problem = f"it is larger than {LARGEST_FILE:,} bytes"
    elif content.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in content:
        problem = "it is in UTF-16, or no text at all; save it as UTF-8"
    try:
        text = "" if problem else content.decode("utf-8-sig")
    except UnicodeDecodeError as e:
        problem, text = f"byte {e.start + 1} is not UTF-8; save it as UTF-8", ""
    if not problem and (control := re.search(r"[\x00-\x08\x0b\x0e-\x1f\x7f]", text)):
        problem = f"line {text.count(chr(10), 0, control.start()) + 1} holds a control character"
    if problem:
        raise ConfigError(f"{path}: the configuration cannot be read: {problem}", object=str(path))
    return text.replace("\r\n", "\n").replace("\r", "\n")
