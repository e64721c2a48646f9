"""The rule for what a JSON record must be to become a row of a staging table in DuckDB, written once, as SQL.

A column takes the text of a JSON string, number, true or false. A whole number has no fraction and no exponent, a text
at most the bytes of its column, and `""` is null unless the column is a text. Keys that no column takes are not judged.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from sparkify import sql_queries
from sparkify.records import faults
from sparkify.records.jsonpaths import Path
from sparkify.records.record import MOST_BYTES

YEARS = "between -62135596800000 and 253402300799999"
"""The years 1 to 9999, in milliseconds since 1970."""

NOT_NUMBERS = "('nan', '-nan', 'inf', '-inf', 'infinity', '-infinity')"
"""Words that DuckDB's JSON reader takes for numbers, in small letters or in large ones."""

MAY_HOLD_NOT_NUMBERS = r"""regexp_matches(record, '[:,\[]\s*-?(nan|inf)', 'i')"""
"""Whether a record may hold such a word as a value, and not within a text."""

LAST_COMMA = r"regexp_matches(record, ',\s*\}$')"
"""Whether a comma comes before the closing brace; RE2 reads a pattern with such an end from the end."""

NESTED_COMMA = r"""case
    when contains(record, ']') or record like '{%{%' then regexp_matches(record, ',\s*[]}]')
    else false
end"""
"""Whether a comma may come before another closing bracket. `case` looks for one only where `when` says so, which is
cheap and rarely true; `and` would look for it in every record."""

SUSPECT = f"strlen(record) > {MOST_BYTES} or contains(record, '\\u0000') or {LAST_COMMA} or {NESTED_COMMA}"
"""A cheap look at a valid record: whether it may hold what DuckDB's JSON reader lets pass and the rule does not."""

RECORD_FAULT = f"""
    case
        when not json_valid(record) then '{faults.NOT_JSON}'
        when not starts_with(record, '{{') then '{faults.NO_OBJECT}'
        when {SUSPECT} then case
            when strlen(record) > {MOST_BYTES} then '{faults.longer_than(MOST_BYTES)}'
            when regexp_matches(record, '(^|[^\\\\])(\\\\\\\\)*\\\\u0000') then '{faults.HOLDS_NUL}'
            when regexp_matches(regexp_replace(record, '"(\\\\.|[^"\\\\])*"', '', 'g'), ',\\s*[]}}]')
                then '{faults.NOT_JSON}'
        end
    end
"""
"""Why a record is no good as a whole; null when it is good. Tokens are looked for outside of strings."""


class Columns:
    """The columns of one staging table, and the path in a record that fills each."""

    def __init__(self, table: str, paths: Mapping[str, Path]) -> None:
        self.table = table
        self._paths = paths
        self._types = sql_queries.columns(table)
        self._required = sql_queries.required_columns(table)
        self.keys = [str(path[0]) for path in paths.values()]
        names = {key.lower() for key in self.keys} - {""}
        self.is_flat = all(len(path) == 1 for path in paths.values()) and len(names) == len(self.keys)
        """Whether each column takes a top-level key of its own: then one pass over a record fills them all.

        An empty key is no name for a column of DuckDB.
        """

    def insert(self, rows: str, *more: str, guarded: bool = False) -> str:
        """The statement that adds rows from a relation whose columns are named as the table's and hold raw values.

        `guarded` makes it fail on a record that is no good; else there must be none.
        """
        columns = [*self._paths, *more]
        first, *values = [*map(self._typed, self._paths), *more]
        if guarded:
            first = f"case when {self.fault()} is null then {first} else error('a bad record') end"
        return f"insert into {self.table} ({', '.join(columns)}) select {', '.join([first, *values])} from {rows}"

    def texts(self, records: str) -> str:
        """A relation with the text of every column beside each `record`; nulls where it is not JSON.

        The list around the parsed record keeps DuckDB from parsing it again for every use of a column.
        """
        if self.is_flat:
            shape = json.dumps(dict.fromkeys(self.keys, "varchar"))
            parsed = f"json_transform(record, {sql_queries.literal(shape)})"
            names = [identifier(key) for key in self.keys]
        else:
            values = [
                f"{c} := json_extract_string(record, {sql_queries.literal(_dollar(p))})" for c, p in self._paths.items()
            ]
            parsed = f"struct_pack({', '.join(values)})"
            names = list(self._paths)
        columns = [f"r.{name} as {column}" for name, column in zip(names, self._paths, strict=True)]
        return (
            f"(select * exclude (r), {', '.join(columns)} from (select *, unnest([try({parsed})]) as r from {records}))"
        )

    def fault(self) -> str:
        """What is wrong with a record of `texts`, as an SQL expression: `column: reason`, `: reason`, or null."""
        cases = [f"': ' || ({RECORD_FAULT})", *(f"'{c}: ' || {self._fault(c)}" for c in self._paths)]
        return f"coalesce({', '.join(cases)})"

    def read_types(self) -> str:
        """The types with which DuckDB reads the keys: whole numbers as text, for it would round others."""
        types = ("double" if self._types[c] == "double precision" else "varchar" for c in self._paths)
        pairs = (
            f"{sql_queries.literal(key)}: {sql_queries.literal(kind)}"
            for key, kind in zip(self.keys, types, strict=True)
        )
        return f"{{{', '.join(pairs)}}}"

    def read_names(self) -> str:
        """The keys that the reader read, named as the columns."""
        return ", ".join(f"{identifier(k)} as {c}" for k, c in zip(self.keys, self._paths, strict=True))

    def is_plain(self) -> str:
        """Whether the columns that the reader read as text are sure to be good; the others follow in `count_odd`."""
        conditions = []
        for column, kind in self._of("bigint", "timestamp"):
            whole = f"try_cast({column} as bigint)::varchar = {column}"
            usable = f"{whole} and try_cast({column} as bigint) {YEARS}" if kind == "timestamp" else whole
            may_be_null = column not in self._required
            conditions.append(f"({column} is null or {column} = '' or {usable})" if may_be_null else usable)
        return " and ".join(conditions)

    def count_odd(self) -> str:
        """A query for what came through the reader and may have been bad: how many values, how many of them numbers.

        The reader makes 1 and 0 of true and false, and texts of arrays, objects and words like NaN. Texts are looked at
        once each: DuckDB finds the distinct values of a column fast, for that is how it stores them.
        """
        numbers = [f"not isfinite({c}) or {c} in (0, 1)" for c, _ in self._of("double precision")]
        counts = [f"select count_if(coalesce({' or '.join(numbers)}, false)) as odd, 0 as words from {self.table}"]
        for column, kind in self._of("varchar"):
            is_odd = f"strlen({column}) > {_most_bytes(kind)} or {_may_be_nested(column)} and json_valid({column})"
            counts.append(
                f"select count_if({is_odd}), count_if(lower({column}) in {NOT_NUMBERS})"
                f" from (select distinct {column} from {self.table})"
            )
        return f"select sum(odd), sum(words) from ({' union all '.join(counts)})"

    def _of(self, *kinds: str) -> list[tuple[str, str]]:
        return [(c, self._types[c]) for c in self._paths if self._types[c].startswith(kinds)]

    def _typed(self, column: str) -> str:
        match self._types[column]:
            case "timestamp":
                return f"make_timestamp(try_cast({column} as bigint) * 1000)"
            case "bigint" | "double precision" as kind:
                return f"try_cast({column} as {kind})"
            case _:
                return f"nullif({column}, '')" if column == "user_id" else column

    def _fault(self, column: str) -> str:
        kind = self._types[column]
        if kind == "double precision":
            is_finite = f"coalesce(isfinite(try_cast({column} as double)), false)"
            cases = {f"{column} <> '' and not {is_finite}": faults.NO_NUMBER}
        elif kind in ("bigint", "timestamp"):
            whole = f"coalesce(try_cast({column} as bigint)::varchar = {column}, false)"
            cases = {f"{column} <> '' and not {whole}": faults.NO_WHOLE_NUMBER}
            if kind == "timestamp":
                cases[f"{column} <> '' and not try_cast({column} as bigint) {YEARS}"] = faults.NO_MOMENT
        else:
            most = _most_bytes(kind)
            value = f"json_type(record, {sql_queries.literal(_dollar(self._paths[column]))})"
            cases = {
                f"strlen({column}) > {most}": faults.longer_than(most),
                f"lower({column}) in {NOT_NUMBERS} and {value} = 'DOUBLE'": faults.NOT_JSON,
                f"{_may_be_nested(column)} and {value} in ('ARRAY', 'OBJECT')": faults.NO_TEXT,
            }
        if column in self._required:
            cases = {f"{column} is null or rtrim({column}, ' ') = ''": faults.MISSING, **cases}
        return (
            f"case {' '.join(f'when {test} then {sql_queries.literal(reason)}' for test, reason in cases.items())} end"
        )


def identifier(name: str) -> str:
    """A name as a quoted SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def _dollar(path: Path) -> str:
    """The path as DuckDB takes it: as a JSON pointer where a key is empty or holds a quotation mark."""
    if any(step == "" or '"' in str(step) for step in path):
        return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in path)
    steps = (f"[{step}]" if isinstance(step, int) else f".{identifier(step)}" for step in path)
    return "$" + "".join(steps)


def _may_be_nested(column: str) -> str:
    return f"({column} >= '[' and {column} < '\\' or {column} >= '{{' and {column} < '|')"


def _most_bytes(kind: str) -> int:
    return int(kind.removeprefix("varchar(").removesuffix(")"))
