"""A COPY statement as a request: the grammar checks its words, but not which options go together (DG r_COPY)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from redshift_stand_in.syntax import unsupported
from redshift_stand_in.tokens import Tokens
from redshift_stand_in.values import Options
from redshift_stand_in.wire import SqlError

MAX_ERRORS = 100_000
"""The limit of MAXERROR (DG copy-parameters-data-load)."""

CONVERSIONS = ("truncatecolumns", "blanksasnull", "emptyasnull")
COMPRESSIONS = ("gzip", "zstd")
PARQUET_OPTIONS = {"format", "iam_role", "manifest", "statupdate"}
"""The options that the stand-in knows of those that COPY takes from Parquet
(DG copy-usage_notes-copy-from-columnar)."""

FLAGS = ("manifest", "noload", *CONVERSIONS, *COMPRESSIONS)


@dataclass
class Request:
    """A COPY of JSON or Parquet from S3 by a role."""

    table: str
    columns: list[str] = field(default_factory=list)
    source: str = ""
    role: str = ""
    json: str = ""
    """`auto`, `auto ignorecase`, or the address of a JSONPaths file; empty for Parquet."""
    is_parquet: bool = False
    region: str = ""
    timeformat: str = ""
    maxerror: int = 0
    flags: set[str] = field(default_factory=set)

    @property
    def has_paths(self) -> bool:
        """Whether a JSONPaths file says where a column's value is."""
        return self.json.startswith("s3://")

    @property
    def options(self) -> Options:
        """The conversions of values."""
        flags = {name: name in self.flags for name in CONVERSIONS}
        return Options(timeformat=self.timeformat, **flags)


def parse(tokens: Sequence[str]) -> Request:
    """The request of a statement, from its tokens.

    Raises:
        SqlError: COPY from S3 does not take it, or the stand-in does not know an option.
    """
    return _Parser(tokens).parse()


class _Parser(Tokens):
    def parse(self) -> Request:
        self.expect("copy")
        request = Request(self.name())
        if self.accept("("):
            request.columns = self.identifiers()
        self.expect("from")
        request.source = self.literal()
        while self.rest:
            self._option(request, self.take().lower())
        if not request.role or not (request.json or request.is_parquet):
            raise unsupported("the stand-in takes COPY with IAM_ROLE and FORMAT JSON or PARQUET only")
        if request.is_parquet and (others := self._options - PARQUET_OPTIONS):
            names = ", ".join(sorted(others)).upper()
            raise SqlError("0A000", f"{names} argument is not supported for PARQUET based COPY")
        return request

    def _option(self, request: Request, name: str) -> None:
        self.add_option("format" if name in ("json", "parquet") else "compression" if name in COMPRESSIONS else name)
        match name:
            case "iam_role":
                request.role = self.literal()
            case "format":
                self.accept("as")
                if self.accept("parquet"):
                    request.is_parquet = True
                    return
                self.expect("json")
                request.json = self._json()
            case "parquet":
                request.is_parquet = True
            case "json":
                request.json = self._json()
            case "region":
                request.region = self.argument()
            case "timeformat":
                request.timeformat = self.argument()
            case "maxerror":
                self.accept("as")
                request.maxerror = self.number(MAX_ERRORS)
            case "compupdate" | "statupdate":
                any(map(self.accept, ("on", "off", "true", "false", "preset")))
            case "comprows":
                self.number(2**31 - 1)
            case _ if name in FLAGS:
                request.flags.add(name)
            case _:
                raise unsupported(f"the stand-in does not know the option {name.upper()} of COPY")

    def _json(self) -> str:
        self.accept("as")
        option = self.literal() if self.is_literal() else "auto"
        if option not in ("auto", "auto ignorecase") and not option.startswith("s3://"):
            raise unsupported(f"the stand-in does not know the JSON option '{option}'")
        return option
