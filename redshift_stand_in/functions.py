"""The functions that a statement may call, and each call in PostgreSQL's words.

A function that PostgreSQL lacks is created in its catalog, under the name that Redshift gives to the column. DG is the
Database Developer Guide, docs.aws.amazon.com/redshift/latest/dg.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from sqlfluff.core.parser import BaseSegment

from redshift_stand_in.catalog import KEPT_SETTINGS, SESSION_FUNCTIONS, SETTINGS
from redshift_stand_in.syntax import children, list_items, unsupported, words
from redshift_stand_in.wire import SqlError

# fmt: off
ALLOWED = frozenset({
    "abs", "avg", "btrim", "cast", "ceil", "char_length", "coalesce", "col_description", "count", "current_database",
    "current_schema", "current_setting", "date_part", "date_trunc", "dateadd", "datediff", "dense_rank", "extract",
    "first_value", "floor",
    "getdate", "greatest", "initcap", "lag", "last_value", "lead", "least", "left", "length", "listagg", "lower",
    "ltrim", "max", "md5", "median", "min", "mod", "ntile", "nullif", "nvl", "obj_description", "octet_length",
    "pg_backend_pid", "pg_cancel_backend", "pg_terminate_backend", "position", "rank", "replace", "right", "round",
    "row_number", "rtrim", "set_config", "sign", "split_part",
    "stddev", "stddev_pop", "stddev_samp", "strpos", "substring", "sum", "to_char", "trim", "trunc", "upper",
}) | frozenset(SESSION_FUNCTIONS)
# fmt: on

AGGREGATES = frozenset({
    "avg", "count", "first_value", "last_value", "max", "min", "stddev", "stddev_pop", "stddev_samp", "sum",
})  # fmt: skip
"""Functions that need a frame as window functions with an order (DG r_Window_function_synopsis)."""

LEADER_ONLY = frozenset({"col_description", "current_schema", "current_setting", "obj_description", "set_config"})
"""Functions that do not go with tables of the user (DG c_sql-functions-leader-node)."""

COMPUTE_ONLY = frozenset({"listagg", "median"})
"""Functions that go with tables of the user only (DG r_LISTAGG, r_MEDIAN)."""

UNITS = {
    "year": ("years", "yr", "yrs", "y"),
    "quarter": ("quarters", "qtr", "qtrs"),
    "month": ("months", "mon", "mons"),
    "week": ("weeks", "w"),
    "day": ("days", "d"),
    "hour": ("hours", "hr", "hrs", "h"),
    "minute": ("minutes", "min", "mins", "m"),
    "second": ("seconds", "sec", "secs", "s"),
    "dow": ("dayofweek", "dw", "weekday"),
    "doy": ("dayofyear", "dy", "yearday"),
}
"""Date parts by PostgreSQL's name, and Redshift's other names of them (DG r_Dateparts_for_datetime_functions)."""

NAMED_UNITS = {name: unit for unit, names in UNITS.items() for name in (unit, *names)}

UNITS_OF = {
    "date_part": frozenset(UNITS) - {"second"},
    "datediff": frozenset(UNITS) - {"quarter", "week", "dow", "doy"},
    "dateadd": frozenset(UNITS) - {"dow", "doy"},
}
"""The date parts that each function takes here.

The documentation does not say whether DATE_PART keeps a second's fraction and on which day a week begins for DATEDIFF;
its example of DATEDIFF by quarters is not the number of boundaries.
"""

FORMAT = re.compile(
    r"(?:FM|YYYY|YYY|YY|Y|IYYY|IW|ID|Q|MONTH|MON|MM|DDD|DD|DAY|DY|D|HH24|HH12|HH|MI|SS|MS|US|AM|PM|WW|W|CC"
    r'|9|0|G|S|PL|"[^"]*"|[^A-Za-z"])*',
    re.IGNORECASE,
)
"""The formats of TO_CHAR that Redshift and PostgreSQL both know (DG r_FORMAT_strings, r_Numeric_formating)."""

Translate = Callable[[BaseSegment], str]


def call(segment: BaseSegment, sql: Translate) -> str:
    """A function call in PostgreSQL's words; `sql` translates its parts.

    Raises:
        SqlError: the stand-in does not know this form of it.
    """
    name = words(next(children(segment, "function_name")))
    if name in SESSION_FUNCTIONS:
        return f"{{{name}}}"
    translated = "".join(map(sql, segment.segments))
    return CALLS[name](segment, translated, sql) if name in CALLS else translated


def arguments(segment: BaseSegment) -> list[list[BaseSegment]]:
    """The arguments of a call, each as its segments."""
    return list_items(next(next(children(segment, "function_contents")).recursive_crawl("bracketed")))


def _argument(parts: list[BaseSegment], sql: Translate) -> str:
    return " ".join(map(sql, parts))


def _current_setting(segment: BaseSegment, translated: str, sql: Translate) -> str:
    setting = _argument(arguments(segment)[0], sql).strip("'").lower()
    return f"current_setting('{KEPT_SETTINGS.get(setting, setting)}')"


def _set_config(segment: BaseSegment, translated: str, sql: Translate) -> str:
    """SET_CONFIG of a setting that SET takes; both are named and given in literals (DG r_SET_CONFIG)."""
    name, value, is_local = (" ".join(part.raw for part in argument) for argument in arguments(segment))
    setting = name.strip("'").lower()
    if not (name.startswith("'") and value.startswith("'")):
        raise unsupported("the stand-in takes literals as the setting and the value of SET_CONFIG")
    if setting not in SETTINGS | KEPT_SETTINGS.keys():
        raise SqlError("42704", f'unrecognized configuration parameter "{setting}"')
    return f"set_config('{KEPT_SETTINGS.get(setting, setting)}', {value}, {is_local})"


def _typed(segment: BaseSegment, translated: str, sql: Translate) -> str:
    """AVG and SUM, whose type depends on the argument's: a second argument, one of its values, carries the type."""
    name = next(children(segment, "function_name")).raw
    rest = translated.removeprefix(name)
    return f"{name}({name}{rest}, max{rest})"


def _median(segment: BaseSegment, translated: str, sql: Translate) -> str:
    if any(children(segment, "over_clause")):
        raise unsupported("the stand-in has no MEDIAN as a window function")
    value = _argument(arguments(segment)[0], sql)
    return f"median(percentile_cont(0.5) within group (order by {value}), max({value}))"


def _listagg(segment: BaseSegment, translated: str, sql: Translate) -> str:
    """LISTAGG joins the texts that are not empty, in the order of WITHIN GROUP (DG r_LISTAGG)."""
    values = arguments(segment)
    if any(children(segment, "over_clause")) or values[0][0].raw.lower() == "distinct":
        raise unsupported("the stand-in has no LISTAGG with DISTINCT or as a window function")
    delimiter = _argument(values[1], sql) if len(values) > 1 else "''"
    order = "".join(sql(clause) for clause in segment.recursive_crawl("orderby_clause"))
    return f"listagg(nullif(cast({_argument(values[0], sql)} as text), ''), {delimiter} {order})"


def _stddev(segment: BaseSegment, translated: str, sql: Translate) -> str:
    return f"cast({translated} as double precision)"


def _nvl(segment: BaseSegment, translated: str, sql: Translate) -> str:
    return re.sub(r"^\w+", "coalesce", translated)


def _getdate(segment: BaseSegment, translated: str, sql: Translate) -> str:
    return "cast(statement_timestamp() as timestamp(0))"


def _extract(segment: BaseSegment, translated: str, sql: Translate) -> str:
    """EXTRACT gives an INTEGER, and of milliseconds those within the second (DG r_EXTRACT_function)."""
    part = words(next(segment.recursive_crawl("date_part")))
    within = {"millisecond": 1000, "milliseconds": 1000, "microsecond": 1_000_000, "microseconds": 1_000_000}.get(part)
    number = f"cast(trunc({translated}) as integer)"
    return f"({number} % {within})" if within else number


def _by_unit(target: str) -> Callable[[BaseSegment, str, Translate], str]:
    """The translation of a function whose first argument is a date part, a word or a literal."""

    def translate(segment: BaseSegment, translated: str, sql: Translate) -> str:
        name = words(next(children(segment, "function_name")))
        part, *others = arguments(segment)
        word = " ".join(map(words, part)).strip("'")
        unit = NAMED_UNITS.get(word, word)
        if unit not in UNITS_OF[name]:
            raise unsupported(f"the stand-in does not know the date part {word} of {name.upper()}")
        return f"{target}('{unit}', {', '.join(_argument(other, sql) for other in others)})"

    return translate


def _to_char(segment: BaseSegment, translated: str, sql: Translate) -> str:
    form = " ".join(map(words, arguments(segment)[-1]))
    if not form.startswith("'") or not FORMAT.fullmatch(form[1:-1]):
        raise unsupported(f"the stand-in does not know the format {form} of TO_CHAR")
    return translated


CALLS: dict[str, Callable[[BaseSegment, str, Translate], str]] = {
    "avg": _typed,
    "sum": _typed,
    "median": _median,
    "listagg": _listagg,
    "stddev": _stddev,
    "stddev_pop": _stddev,
    "stddev_samp": _stddev,
    "nvl": _nvl,
    "getdate": _getdate,
    "current_setting": _current_setting,
    "set_config": _set_config,
    "extract": _extract,
    "date_part": _by_unit("pgdate_part"),
    "datediff": _by_unit("date_diff"),
    "dateadd": _by_unit("date_add"),
    "to_char": _to_char,
}
"""The functions whose call is translated or checked, with their translation."""


def refuse(segment: BaseSegment) -> None:
    """Raise SqlError if Redshift does not have a function, or does not take it as this window function."""
    called = words(next(children(segment, "function_name")))
    if called not in ALLOWED:
        raise SqlError("42883", f"function {called}() does not exist", "The stand-in has those of functions.ALLOWED.")
    for over in children(segment, "over_clause"):
        has_order = any(over.recursive_crawl("orderby_clause"))
        if called in AGGREGATES and has_order and not any(over.recursive_crawl("frame_clause")):
            raise SqlError("42601", "Aggregate window functions with an ORDER BY clause require a frame clause")


INTEGERS = ("smallint", "integer", "bigint")


def statements() -> list[str]:
    """The statements that create the functions that PostgreSQL lacks, in pg_catalog."""
    created = [
        *(("avg", f"numeric, {kind}", "bigint", "trunc($1)") for kind in INTEGERS),  # DG r_AVG
        ("avg", "numeric, numeric", "numeric", "trunc($1, scale($2))"),
        ("avg", "double precision, double precision", "double precision", "$1"),
        *(("sum", f"bigint, {kind}", "bigint", "$1") for kind in INTEGERS[:2]),  # DG r_SUM
        ("sum", "numeric, bigint", "bigint", "$1"),
        ("sum", "numeric, numeric", "numeric", "$1"),
        ("sum", "double precision, double precision", "double precision", "$1"),
        *(("median", f"double precision, {kind}", "numeric", "$1") for kind in (*INTEGERS, "numeric")),  # DG r_MEDIAN
        ("median", "double precision, double precision", "double precision", "$1"),
        ("round", "double precision, integer", "double precision", "round(cast($1 as numeric), $2)"),  # DG r_ROUND
        *(("round", f"{kind}, integer", "numeric", "round(cast($1 as numeric), $2)") for kind in INTEGERS),
        *(("round", kind, "numeric", "$1") for kind in INTEGERS),
        ("pgdate_part", "text, timestamp", "double precision", "date_part($1, $2)"),
        ("date_diff", "text, timestamp, timestamp", "bigint", DATE_DIFF),
        ("date_add", "text, bigint, timestamp", "timestamp", DATE_ADD),
    ]
    aggregate = "(sfunc = string_agg_transfn, stype = internal, finalfunc = string_agg_finalfn)"
    return [
        *(
            f"create function pg_catalog.{name}({takes}) returns {gives} language sql immutable parallel safe "
            f"as $$ select cast({body} as {gives}) $$"
            for name, takes, gives, body in created
        ),
        f"create aggregate pg_catalog.listagg(text, text) {aggregate}",
    ]


DATE_DIFF = """
    case $1
        when 'year' then extract(year from $3) - extract(year from $2)
        when 'month' then 12 * (extract(year from $3) - extract(year from $2))
            + extract(month from $3) - extract(month from $2)
        else extract(epoch from date_trunc($1, $3) - date_trunc($1, $2))
            / extract(epoch from cast('1 ' || $1 as interval))
    end"""
"""The number of boundaries between two moments (DG r_DATEDIFF_function)."""

DATE_ADD = """
    case
        when $1 = 'year' and to_char($3, 'MMDD') = '0229'
            then $3 - interval '1 day' + $2 * interval '1 year' + interval '1 day'
        when $1 = 'quarter' then $3 + $2 * interval '3 months'
        else $3 + $2 * cast('1 ' || $1 as interval)
    end"""
"""A year after the 29th of February is the first of March (DG r_DATEADD_function)."""
