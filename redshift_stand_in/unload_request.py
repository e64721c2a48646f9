"""An UNLOAD statement as a request: the grammar checks its words, but not which options go together (DG r_UNLOAD)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from redshift_stand_in.syntax import unsupported
from redshift_stand_in.tokens import Tokens
from redshift_stand_in.wire import SqlError

FLAGS = ("manifest", "allowoverwrite", "cleanpath")
UNITS = {"mb": 1.0, "gb": 1024.0}
FILE_SIZES = (5.0, 6.2 * 1024)
ROW_GROUP_SIZES = (32.0, 128.0)
"""The least and the most of MAXFILESIZE and of ROWGROUPSIZE, in MB."""


@dataclass
class Request:
    """An UNLOAD of a query to Parquet files by a role."""

    query: str
    target: str = ""
    role: str = ""
    region: str = ""
    partition_by: list[str] = field(default_factory=list)
    includes_partitions: bool = False
    """Whether the files hold the columns of PARTITION BY."""
    is_parallel: bool = True
    flags: set[str] = field(default_factory=set)


def parse(tokens: Sequence[str]) -> Request:
    """The request of a statement, from its tokens.

    Raises:
        SqlError: UNLOAD does not take it, or the stand-in does not know an option.
    """
    return _Parser(tokens).parse()


class _Parser(Tokens):
    def parse(self) -> Request:
        self.expect("unload")
        self.expect("(")
        request = Request(self.literal())
        self.expect(")")
        self.expect("to")
        request.target = self.literal()
        is_parquet = False
        while self.rest:
            name = self.take().lower()
            is_parquet |= name in ("format", "parquet")
            self._option(request, name)
        if not request.role or not is_parquet:
            raise unsupported("the stand-in takes UNLOAD with IAM_ROLE and FORMAT PARQUET only")
        if {"allowoverwrite", "cleanpath"} <= request.flags:
            raise SqlError("42601", "ALLOWOVERWRITE and CLEANPATH cannot be specified together")
        return request

    def _option(self, request: Request, name: str) -> None:
        self.add_option("format" if name == "parquet" else name)
        match name:
            case "iam_role":
                request.role = self.literal()
            case "format":
                self.accept("as")
                if not self.accept("parquet"):
                    raise unsupported("the stand-in takes UNLOAD with FORMAT PARQUET only")
            case "parquet":
                pass
            case "partition":
                self.expect("by")
                self.expect("(")
                request.partition_by = self.identifiers()
                request.includes_partitions = self.accept("include")
            case "parallel":
                request.is_parallel = not any(map(self.accept, ("off", "false")))
                any(map(self.accept, ("on", "true")))
            case "maxfilesize":
                self._size(name, *FILE_SIZES)
            case "rowgroupsize":
                self._size(name, *ROW_GROUP_SIZES)
            case "region":
                request.region = self.argument()
            case _ if name in FLAGS:
                request.flags.add(name)
            case _:
                raise unsupported(f"the stand-in does not know the option {name.upper()} of UNLOAD")

    def _size(self, name: str, least: float, most: float) -> None:
        """Take a size and check it; it changes nothing, because no file of a test is that large."""
        self.accept("as")
        number = self.take()
        unit = self.take().lower() if self.rest and self.rest[0].lower() in UNITS else "mb"
        try:
            size = float(number) * UNITS[unit]
        except ValueError as e:
            raise SqlError("42601", f"invalid value {number} of {name.upper()}") from e
        if not least <= size <= most:
            raise SqlError("22023", f"{name.upper()} must be between {least:g} MB and {most:g} MB")
