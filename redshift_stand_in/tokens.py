"""The tokens of a statement, taken one after the other: COPY and UNLOAD have their options in any order."""

from __future__ import annotations

from collections.abc import Sequence

from redshift_stand_in.syntax import syntax_error
from redshift_stand_in.wire import SqlError


class Tokens:
    """What is left of a statement."""

    def __init__(self, tokens: Sequence[str]) -> None:
        self.rest = list(tokens)
        self._seen: set[str] = set()

    def word(self) -> str:
        """The next token, taken.

        Raises:
            SqlError: there is none.
        """
        if not self.rest:
            raise syntax_error("end of input")
        return self.rest.pop(0)

    def next(self, word: str) -> bool:
        """Whether a word is next; then it is taken."""
        found = bool(self.rest) and self.rest[0].lower() == word
        return found and bool(self.word())

    def need(self, word: str) -> None:
        if not self.next(word):
            raise syntax_error(self.rest[0] if self.rest else "end of input")

    def once(self, name: str) -> None:
        """Note an option.

        Raises:
            SqlError: it stood there before.
        """
        if name in self._seen:
            raise SqlError("42601", "conflicting or redundant options")
        self._seen.add(name)

    def name(self) -> str:
        """The name of a table, with or without a schema."""
        name = self.word().lower()
        while self.next("."):
            name += "." + self.word().lower()
        return name

    def identifiers(self) -> list[str]:
        """The names of columns, up to the bracket that closes the list."""
        names = [self.word().strip('"').lower()]
        while self.next(","):
            names.append(self.word().strip('"').lower())
        self.need(")")
        return names

    def is_literal(self) -> bool:
        return bool(self.rest) and self.rest[0].startswith("'")

    def literal(self) -> str:
        if not self.is_literal():
            raise syntax_error(self.rest[0] if self.rest else "end of input")
        return self.word()[1:-1].replace("''", "'")

    def argument(self) -> str:
        """A literal after an AS that may lack."""
        self.next("as")
        return self.literal()

    def number(self, most: int) -> int:
        word = self.word()
        if not word.isdecimal() or int(word) > most:
            raise SqlError("22023", f"invalid value {word}: the limit is {most}")
        return int(word)
