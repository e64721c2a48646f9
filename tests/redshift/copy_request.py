"""What a COPY statement asks for: its options come in any order (DG r_COPY)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from redshift.records import Options
from redshift.syntax import syntax_error, unsupported
from redshift.wire import SqlError

MOST_ERRORS = 100_000
"""The limit of MAXERROR (DG copy-parameters-data-load)."""

CONVERSIONS = ("truncatecolumns", "blanksasnull", "emptyasnull")
COMPRESSIONS = ("gzip", "zstd")
FLAGS = ("manifest", "noload", *CONVERSIONS, *COMPRESSIONS)


@dataclass
class Request:
    """A COPY from S3 of JSON by a role."""

    table: str
    columns: list[str] = field(default_factory=list)
    source: str = ""
    role: str = ""
    json: str = ""
    """auto, auto ignorecase, or the address of a JSONPaths file."""
    region: str = ""
    timeformat: str = ""
    maxerror: int = 0
    flags: set[str] = field(default_factory=set)

    @property
    def has_paths(self) -> bool:
        return self.json.startswith("s3://")

    @property
    def options(self) -> Options:
        flags = {name: name in self.flags for name in CONVERSIONS}
        return Options(timeformat=self.timeformat, **flags)


def request(tokens: Sequence[str]) -> Request:
    """The request of a statement, from its tokens.

    Raises:
        SqlError: it is not what COPY from S3 takes, or not what the stand-in knows.
    """
    return _Parser(tokens).request()


class _Parser:
    def __init__(self, tokens: Sequence[str]) -> None:
        self._tokens = list(tokens)
        self._seen: set[str] = set()

    def request(self) -> Request:
        self._need("copy")
        request = Request(self._name())
        if self._next("("):
            request.columns.append(self._word().strip('"').lower())
            while self._next(","):
                request.columns.append(self._word().strip('"').lower())
            self._need(")")
        self._need("from")
        request.source = self._literal()
        while self._tokens:
            self._option(request, self._word().lower())
        if not request.role or not request.json:
            raise unsupported("the stand-in takes COPY with IAM_ROLE and FORMAT JSON only")
        return request

    def _option(self, request: Request, name: str) -> None:
        self._once("json" if name == "format" else "compression" if name in COMPRESSIONS else name)
        match name:
            case "iam_role":
                request.role = self._literal()
            case "format":
                self._next("as")
                self._need("json")
                request.json = self._json()
            case "json":
                request.json = self._json()
            case "region":
                request.region = self._argument()
            case "timeformat":
                request.timeformat = self._argument()
            case "maxerror":
                self._next("as")
                request.maxerror = self._number(MOST_ERRORS)
            case "compupdate" | "statupdate":
                any(map(self._next, ("on", "off", "true", "false", "preset")))
            case "comprows":
                self._number(2**31 - 1)
            case _ if name in FLAGS:
                request.flags.add(name)
            case _:
                raise unsupported(f"the stand-in does not know the option {name.upper()} of COPY")

    def _once(self, name: str) -> None:
        if name in self._seen:
            raise SqlError("42601", "conflicting or redundant options")
        self._seen.add(name)

    def _json(self) -> str:
        self._next("as")
        option = self._literal() if self._is_literal() else "auto"
        if option not in ("auto", "auto ignorecase") and not option.startswith("s3://"):
            raise unsupported(f"the stand-in does not know the JSON option '{option}'")
        return option

    def _word(self) -> str:
        return self._tokens.pop(0)

    def _next(self, word: str) -> bool:
        found = bool(self._tokens) and self._tokens[0].lower() == word
        return found and bool(self._word())

    def _need(self, word: str) -> None:
        if not self._next(word):
            raise syntax_error(self._tokens[0])

    def _name(self) -> str:
        name = self._word().lower()
        while self._next("."):
            name += "." + self._word().lower()
        return name

    def _is_literal(self) -> bool:
        return bool(self._tokens) and self._tokens[0].startswith("'")

    def _literal(self) -> str:
        if not self._is_literal():
            raise syntax_error(self._tokens[0])
        return self._word()[1:-1].replace("''", "'")

    def _argument(self) -> str:
        self._next("as")
        return self._literal()

    def _number(self, most: int) -> int:
        word = self._word()
        if not word.isdecimal() or int(word) > most:
            raise SqlError("22023", f"invalid value {word}: the limit is {most}")
        return int(word)
