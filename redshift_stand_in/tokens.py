"""The tokens of a statement, taken one by one: COPY and UNLOAD have their options in any order."""

from __future__ import annotations

from collections.abc import Sequence

from redshift_stand_in.syntax import syntax_error
from redshift_stand_in.wire import SqlError


class Tokens:
    """The tokens that are left of a statement."""

    def __init__(self, tokens: Sequence[str]) -> None:
        self.rest = list(tokens)
        self._options: set[str] = set()

    def take(self) -> str:
        """Take the next token.

        Raises:
            SqlError: there is none.
        """
        if not self.rest:
            raise syntax_error("end of input")
        return self.rest.pop(0)

    def accept(self, word: str) -> bool:
        """Take the next token if it is this word; whether it is."""
        is_next = bool(self.rest) and self.rest[0].lower() == word
        return is_next and bool(self.take())

    def expect(self, word: str) -> None:
        """Take the next token, which must be this word.

        Raises:
            SqlError: it is another.
        """
        if not self.accept(word):
            raise self._error()

    def add_option(self, name: str) -> None:
        """Note that the statement has an option.

        Raises:
            SqlError: it has it twice.
        """
        if name in self._options:
            raise SqlError("42601", "conflicting or redundant options")
        self._options.add(name)

    def name(self) -> str:
        """Take the name of a table, with or without a schema."""
        name = self.take().lower()
        while self.accept("."):
            name += "." + self.take().lower()
        return name

    def identifiers(self) -> list[str]:
        """Take the names of columns, up to the bracket that closes the list."""
        names = [self.take().strip('"').lower()]
        while self.accept(","):
            names.append(self.take().strip('"').lower())
        self.expect(")")
        return names

    def is_literal(self) -> bool:
        """Whether the next token is a literal."""
        return bool(self.rest) and self.rest[0].startswith("'")

    def literal(self) -> str:
        """Take a literal; its text.

        Raises:
            SqlError: the next token is none.
        """
        if not self.is_literal():
            raise self._error()
        return self.take()[1:-1].replace("''", "'")

    def argument(self) -> str:
        """Take a literal, and the optional AS before it."""
        self.accept("as")
        return self.literal()

    def number(self, maximum: int) -> int:
        """Take a whole number from 0 on.

        Raises:
            SqlError: the next token is none, or it is over the maximum.
        """
        word = self.take()
        if not word.isdecimal() or int(word) > maximum:
            raise SqlError("22023", f"invalid value {word}: the limit is {maximum}")
        return int(word)

    def _error(self) -> SqlError:
        return syntax_error(self.rest[0] if self.rest else "end of input")
