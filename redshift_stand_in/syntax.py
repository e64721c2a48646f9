"""A statement as sqlfluff's redshift dialect parses it, and queries of its tree."""

from __future__ import annotations

import re
from collections.abc import Iterator
from threading import Lock

from sqlfluff.core import FluffConfig, Linter
from sqlfluff.core.parser import BaseSegment

from redshift_stand_in.wire import SqlError

_LINTER = Linter(config=FluffConfig(overrides={"dialect": "redshift", "templater": "raw"}))
_PARSING = Lock()


def parse(text: str) -> BaseSegment:
    """The one statement that a text holds.

    Raises:
        SqlError: the grammar does not take it, or it is not one statement.
    """
    with _PARSING:
        result = _LINTER.parse_string(text)
    for violation in result.violations:
        raise syntax_error(_word_at(text, violation.line_no, violation.line_pos))
    statements = list(result.tree.recursive_crawl("statement", recurse_into=False)) if result.tree else []
    if not statements:
        raise syntax_error("end of input")
    if len(statements) > 1:
        raise SqlError("42601", "cannot insert multiple commands into a prepared statement")
    [statement] = [part for part in statements[0].segments if part.is_code]
    return statement


def _word_at(text: str, line: int, position: int) -> str:
    rest = text.splitlines()[line - 1][position - 1 :].lstrip()
    word = re.match(r"\w+|.", rest)
    return word[0] if word else "end of input"


def syntax_error(word: str) -> SqlError:
    """The error of a statement that the grammar refuses at a word."""
    return SqlError("42601", f'syntax error at or near "{word}"')


def unsupported(message: str) -> SqlError:
    """The error of a feature that Redshift, or the stand-in, does not have."""
    return SqlError("0A000", message)


def children(segment: BaseSegment, *types: str) -> Iterator[BaseSegment]:
    """The direct parts of a segment that have one of some types."""
    return (part for part in segment.segments if part.is_type(*types))


def below(segment: BaseSegment, *types: str) -> Iterator[BaseSegment]:
    """The segments within a segment, at any depth, that have one of some types."""
    return segment.recursive_crawl(*types)


def words(segment: BaseSegment) -> str:
    """The code of a segment in lower case, with a space between tokens."""
    return " ".join(leaf.raw.lower() for leaf in segment.raw_segments if leaf.is_code)


def list_items(bracketed: BaseSegment) -> list[list[BaseSegment]]:
    """The items of a list in brackets, each as its segments."""
    items: list[list[BaseSegment]] = [[]]
    for part in bracketed.segments:
        if part.is_type("comma"):
            items.append([])
        elif part.is_code and not part.is_type("start_bracket", "end_bracket"):
            items[-1].append(part)
    return items
