"""What makes a shell complete the command line, written by shtab from the parser."""

from __future__ import annotations

from pathlib import Path

import shtab

from sparkify import command_line, sql_queries


def script(shell: str) -> str:
    """The script that a shell has to read."""
    parser = command_line.parser()
    for command in parser.commands.values():
        for action in command._actions:
            if action.dest == "question":
                action.choices = sql_queries.names("report")
            elif action.type in (Path, command_line._file) or action.dest == "place":
                action.complete = shtab.FILE  # type: ignore[attr-defined]
    return shtab.complete(parser, shell)
