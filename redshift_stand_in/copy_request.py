"""What a COPY statement asks for: its options come in any order (DG r_COPY)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from redshift_stand_in.records import Options
from redshift_stand_in.syntax import unsupported
from redshift_stand_in.tokens import Tokens

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


class _Parser(Tokens):
    def request(self) -> Request:
        self.need("copy")
        request = Request(self.name())
        if self.next("("):
            request.columns = self.identifiers()
        self.need("from")
        request.source = self.literal()
        while self.rest:
            self._option(request, self.word().lower())
        if not request.role or not request.json:
            raise unsupported("the stand-in takes COPY with IAM_ROLE and FORMAT JSON only")
        return request

    def _option(self, request: Request, name: str) -> None:
        self.once("json" if name == "format" else "compression" if name in COMPRESSIONS else name)
        match name:
            case "iam_role":
                request.role = self.literal()
            case "format":
                self.next("as")
                self.need("json")
                request.json = self._json()
            case "json":
                request.json = self._json()
            case "region":
                request.region = self.argument()
            case "timeformat":
                request.timeformat = self.argument()
            case "maxerror":
                self.next("as")
                request.maxerror = self.number(MOST_ERRORS)
            case "compupdate" | "statupdate":
                any(map(self.next, ("on", "off", "true", "false", "preset")))
            case "comprows":
                self.number(2**31 - 1)
            case _ if name in FLAGS:
                request.flags.add(name)
            case _:
                raise unsupported(f"the stand-in does not know the option {name.upper()} of COPY")

    def _json(self) -> str:
        self.next("as")
        option = self.literal() if self.is_literal() else "auto"
        if option not in ("auto", "auto ignorecase") and not option.startswith("s3://"):
            raise unsupported(f"the stand-in does not know the JSON option '{option}'")
        return option
