"""`sparkify completion`: print the script by which a shell completes the command line, written by shtab."""

from __future__ import annotations

from argparse import Namespace

from sparkify.command_line import PATH_KINDS, Parser
from sparkify.commands import Result
from sparkify.progress import Progress

HELP = "print what makes a shell complete commands and options"
EXAMPLES = (
    'eval "$(sparkify completion bash)"    # in ~/.bashrc',
    'eval "$(sparkify completion zsh)"    # in ~/.zshrc, after compinit',
    "sparkify completion fish > ~/.config/fish/completions/sparkify.fish",
)

SHELLS = ("bash", "zsh", "fish")


def add_options(parser: Parser) -> None:
    """See `Command`."""
    parser.add_argument("shell", choices=SHELLS, help="the shell")


def run(options: Namespace, progress: Progress) -> Result:
    """See `Command`. `options.whole_parser` makes the parser of all commands."""
    print(script(options.whole_parser(), options.shell))  # the program's own text, in which tabs are tabs
    return Result()


def script(parser: Parser, shell: str) -> str:
    """The script for one of `SHELLS`. It changes the parser, which can parse no command line afterwards."""
    import shtab

    for command in parser.commands.values():
        for action in command._actions:
            if action.dest in command.suggestions:
                action.choices = command.suggestions[action.dest]()
            elif action.type in PATH_KINDS:
                action.complete = shtab.FILE  # type: ignore[attr-defined]
    return shtab.complete(parser, shell)
