"""The one place that writes text to stdout and stderr. Text from outside cannot steer a terminal or forge a line.

A message is a list of lines. The line ends between them are the program's; what is in a line, such as the name of
an object or the text of a record, is escaped when the line is written.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, TextIO

JSON_VERSION = 1
"""Of the objects that `--json` and `--format json` print: keys may be added, none changes its meaning within one."""

MISLEADING = re.compile(
    "["
    "\x00-\x1f\x7f-\x9f"  # control characters; a tab and the ends of lines are among them
    "\u2028\u2029"  # line and paragraph separators
    # Characters that are shown as nothing or that turn the text around them: Default_Ignorable_Code_Point of Unicode's
    # DerivedCoreProperties.txt, but for the joiners and variation selectors below.
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f"
    "\u3164\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
    "\ud800-\udfff"  # lone surrogates: bytes of a file's name that are not UTF-8
    "]"
    # Emoji, Persian and Indic scripts need joiners and variation selectors, behind characters that are not ASCII.
    "|(?:^|(?<=[\x00-\x7f]))[\u200c\u200d\ufe00-\ufe0f]"
)
"""Characters that could steer a terminal, end a line, or hide or reorder the text beside them."""

CREDENTIALS = (
    (re.compile(r"(\bhttps?://)[^\s\"'<>]*@", re.IGNORECASE), r"\1"),
    (re.compile(r"(\b[a-z][a-z0-9+.-]*:/{1,2})[^\s/?#\"'<>]*@", re.IGNORECASE), r"\1"),  # a path has one slash of two
    (
        re.compile(
            r"\b(x-amz-(?:signature|credential|security-token)|awsaccesskeyid|signature|sig|token)=[^&\s\"'<>]+",
            re.IGNORECASE,
        ),
        r"\1=***",
    ),
)
"""Where an address carries a user, a password or a signature, and what is shown of it."""

SHORTEST_SECRET = 4
"""Characters of the shortest secret that is cut out of messages; a shorter one would cut words to pieces."""


def escape_control_characters(text: str) -> str:
    r"""The text with each misleading character spelled out, as `\x1b`, `\n` or `\u202e`."""
    return MISLEADING.sub(lambda match: ascii(match[0])[1:-1], text)


def without_credentials(text: str, secrets: Iterable[str] = ()) -> str:
    """The text without the users and signatures of its addresses, and with `***` for each of some secrets."""
    for pattern, shown in CREDENTIALS:
        text = pattern.sub(shown, text)
    for secret in sorted({each.strip() for each in secrets}, key=len, reverse=True):
        if len(secret) >= SHORTEST_SECRET:
            text = text.replace(secret, "***")
    return text


def write_lines(lines: Iterable[str], stream: TextIO) -> None:
    """Write lines for a person, each escaped, and let them be read at once."""
    for line in lines:
        print(escape_control_characters(line), file=stream)
    stream.flush()


def interval(value: timedelta) -> str:
    """A span of time as SQL spells it: `2 days 03:00:00`, `-00:00:01.5`; Python would say `-1 day, 23:59:58.500000`."""
    span, sign = abs(value), "-" if value < timedelta() else ""
    rest = span - timedelta(days=span.days)
    days = f"{sign}{span.days} {'day' if span.days == 1 else 'days'}" if span.days else ""
    clock = f"{sign}{datetime.min + rest:%H:%M:%S.%f}".rstrip("0").rstrip(".") if rest or not days else ""
    return f"{days} {clock}".strip()


def as_json(value: Any) -> Any:
    """A value as JSON has it: times as ISO texts (UTC), numbers as numbers, what is no number as null."""
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if isinstance(value, timedelta):
        return interval(value)
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, (list, tuple)):
        return [as_json(each) for each in value]
    if isinstance(value, (bytes, bytearray)):
        return value.hex()
    if isinstance(value, dict):
        return {str(name): as_json(each) for name, each in value.items()}
    return value if isinstance(value, (int, float, str, bool, type(None))) else str(value)


def json_line(content: Any) -> str:
    """A JSON value as one line of printable ASCII, which neither a terminal nor the encoding of a stream can change."""
    return json.dumps(content).replace("\x7f", "\\u007f")


def write_json(content: Mapping[str, Any], stream: TextIO) -> None:
    """Write one object as one line for a program, and let it be read at once."""
    print(json_line(content), file=stream, flush=True)
