"""PostgreSQL's errors in Redshift's words, where the program can meet them."""

from __future__ import annotations

import re

from redshift_stand_in.wire import SqlError


def in_redshift_words(error: SqlError, session_id: int) -> SqlError:
    """An error of PostgreSQL with the code and the message that Redshift gives."""
    fields = error.fields
    code, message = fields["C"], fields["M"]
    if code == "23514" and (too_long := re.match(r"bytes_(\d+)_", fields.get("n", ""))):
        return SqlError("22001", f"value too long for type character varying({too_long[1]})")
    if code == "25006":
        return read_only()
    if code == "42501":
        return SqlError(code, re.sub(r"(?<=permission denied for )(table|view)", "relation", message))
    if code == "23502":
        return SqlError(code, f"Cannot insert a NULL value into column {fields.get('c', '')}")
    if code == "40001":
        cycle = f"transactions forming the cycle are: 0, 0 (pid:{session_id})"
        return SqlError("XX000", "1023", f"Serializable isolation violation on table - 0, {cycle}")
    return SqlError(code, message, fields.get("D", ""), fields["S"], **{k: fields[k] for k in "HP" if k in fields})


def read_only() -> SqlError:
    """The error of a write in a transaction that only reads."""
    return SqlError("25006", "transaction is read-only")


def no_table(name: str) -> SqlError:
    """The error of a COPY into a table that does not exist."""
    return SqlError("XX000", f"Cannot COPY into nonexistent table {name}")


def no_bound_row_count(query_id: int, session_id: int) -> SqlError:
    """The error of a LIMIT or OFFSET that is bound as a number; a text is taken there.

    Reported in github.com/aws/amazon-redshift-python-driver/issues/24.
    """
    fields = {
        "error": "Not implemented",
        "code": "1001",
        "context": "'IsA(cons, Const)' -",
        "query": str(query_id),
        "location": "pg_utils.cpp:5702",
        "process": f"padbmaster [pid={session_id}]",
    }
    line = "-" * 47
    block = "\n  ".join(["", line, *(f"{name + ':':<10} {value}" for name, value in fields.items()), line, ""])
    return SqlError("XX000", "Not implemented", block)
