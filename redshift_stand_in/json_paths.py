"""JSONPath expressions as COPY knows them (DG copy-parameters-data-format)."""

from __future__ import annotations

import re
from typing import Any, TypeAlias

from redshift_stand_in.records import RecordError

Step: TypeAlias = str | int
Path: TypeAlias = tuple[Step, ...]
"""The names of objects' members and the indexes of arrays' items, from a record to a value."""

_BRACKETS = re.compile(r"\['([^']*)'\]|\[(\d+)\]")
_DOTS = re.compile(r"\.([^'.\[\]]+)|\[(\d+)\]")


def parse(expression: str) -> Path:
    """The path of an expression in brackets, or in dots.

    Raises:
        ValueError: COPY does not know it.
    """
    for notation in (_BRACKETS, _DOTS):
        if re.fullmatch(rf"\$(?:{notation.pattern})+", expression):
            return tuple(name if name else int(index) for name, index in notation.findall(expression))
    raise ValueError(expression)


def value_at(value: Any, path: Path) -> Any:
    """The value at a path; None where an object lacks the name.

    Raises:
        RecordError: the path goes through a value that is no object, or no array with that index.
    """
    for step in path:
        if isinstance(step, int):
            if not isinstance(value, list) or step >= len(value):
                raise RecordError(1216, "Invalid JSONPath format: Not an array or index out of range.")
            value = value[step]
        elif value is None:
            return None
        elif isinstance(value, dict):
            value = value.get(step)
        else:
            raise RecordError(1216, "Invalid JSONPath format: Member is not an object.")
    return value
