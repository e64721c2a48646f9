"""`sparkify init`: make a folder with a configuration, and with sample data if wanted, in which a load can run."""

from __future__ import annotations

import os
import shlex
from argparse import Namespace
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from sparkify import program
from sparkify.command_line import Parser, folder_path
from sparkify.commands import Result, write_sample
from sparkify.config import keys, template
from sparkify.errors import AccessError, ConfigError
from sparkify.progress import Progress

HELP = "make a folder with a commented dwh.cfg, and with sample data if wanted"
EXAMPLES = ("sparkify init warehouse", "sparkify init warehouse --sample    # with data to try", "sparkify init .")

CONFIG = "dwh.cfg"

VALUES = {
    keys.S3_LOG_DATA: "log_data",
    keys.S3_LOG_JSONPATH: "log_json_path.json",
    keys.S3_SONG_DATA: "song_data",
}
"""Where the data is, in the new folder: `sparkify sample` names its files and folders so."""


def add_options(parser: Parser) -> None:
    """See `Command`."""
    parser.add_argument("folder", metavar="DIR", type=folder_path, help="a folder, new or without a dwh.cfg")
    parser.add_argument("--sample", action="store_true", help="put invented data beside the configuration")


def run(options: Namespace, progress: Progress) -> Result:
    """See `Command`. The configuration is written last: a folder that has one is complete."""
    from sparkify.sample import JSONPATHS

    folder: Path = options.folder
    config, jsonpaths = folder / CONFIG, folder / VALUES[keys.S3_LOG_JSONPATH]
    _require_free(folder, config)
    folder.mkdir(parents=True, exist_ok=True)
    lines = []
    if options.sample:
        lines.append(write_sample(folder, progress))
    elif os.path.lexists(jsonpaths):
        lines.append(f"kept {jsonpaths}")
    else:
        _write(jsonpaths, JSONPATHS, 0o666)
        lines.append(f"wrote {jsonpaths}")
    _write(config, template.text(VALUES), 0o600)  # a password may be put into it
    return Result([*lines, f"wrote {config}", *_next(folder, config, has_data=options.sample)])


def _require_free(folder: Path, config: Path) -> None:
    """Make sure that nothing is written over.

    Raises:
        ConfigError: the folder is a file, or has a configuration.
    """
    if os.path.lexists(folder) and not folder.is_dir():
        raise ConfigError(f"{folder}: this is no folder; name a new folder, or one without a {CONFIG}")
    if os.path.lexists(config):
        raise ConfigError(f"{config}: there is one already, and it is never written over; name another folder")


def _write(path: Path, text: str, mode: int) -> None:
    """Write a new file, whole or not at all.

    Raises:
        AccessError: it cannot be written, or another program has made it meanwhile.
    """
    try:
        with open(path, "x", encoding="utf-8", opener=partial(os.open, mode=mode)) as file:
            try:
                file.write(text)
                file.flush()
            except OSError:
                path.unlink()
                raise
    except OSError as e:
        fault = AccessError(f"{path}: cannot be written ({e.strerror})")
        fault.add_note(f"what was written into {path.parent} before stays")
        raise fault from e


def _next(folder: Path, config: Path, *, has_data: bool) -> Iterator[str]:
    """What to do next, with the commands as a person can type them in the current folder."""
    if has_data:
        yield "next:"
        commands = ("create-tables", "etl", "query most_played_songs")
    else:
        yield f"next, name your logs and songs in [S3] of {config}, and type:"
        commands = ("create-tables", "doctor", "etl")
    if not folder.samefile("."):
        yield f"  cd {shlex.quote(str(folder))}"
    yield from (f"  {program.executable()} {command}" for command in commands)
