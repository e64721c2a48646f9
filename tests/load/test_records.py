"""Where the records of an object begin and end, in any layout."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.examples import TIMES
from sparkify.records.boundaries import scan
from sparkify.records.record import MOST_BYTES


def records(content: str | bytes) -> list[tuple[int, str]]:
    """The line and the text of every record of an object's content."""
    raw = content.encode() if isinstance(content, str) else content
    return [(record.line, record.text.decode()) for record in scan(raw.splitlines(keepends=True))]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("", []),
        ("\n\n \t\r\n", []),
        ('{"a": 1}', [(1, '{"a": 1}')]),
        ('{"a": 1}\n', [(1, '{"a": 1}')]),
        ('{"a": 1}\n{"a": 2}', [(1, '{"a": 1}'), (2, '{"a": 2}')]),
        ('{"a": 1}\r\n{"a": 2}\r\n', [(1, '{"a": 1}'), (2, '{"a": 2}')]),
        ('\n\n{"a": 1}\n\n\n{"a": 2}\n\n', [(3, '{"a": 1}'), (6, '{"a": 2}')]),
        ('  {"a": 1}\t', [(1, '{"a": 1}')]),
        ('\ufeff{"a": 1}', [(1, '{"a": 1}')]),
        ('\ufeff\n{"a": 1}', [(2, '{"a": 1}')]),
    ],
)
def test_a_line_that_holds_a_value_is_a_record_and_blank_lines_are_none(
    content: str, expected: list[tuple[int, str]]
) -> None:
    assert records(content) == expected


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ('{\n"a": 1\n}', [(1, '{\n"a": 1\n}')]),
        ('{\n  "a": {\n    "b": [1,\n 2]\n  }\n}\n{"a": 2}', [(1, '{\n"a": {\n"b": [1,\n2]\n}\n}'), (7, '{"a": 2}')]),
        ('{"a": 1}{"a": 2}', [(1, '{"a": 1}'), (1, '{"a": 2}')]),
        ('{"a": 1} {"a": 2}\n{"a": 3}', [(1, '{"a": 1}'), (1, '{"a": 2}'), (2, '{"a": 3}')]),
        ('{"a":\n1}{"a":\n2}', [(1, '{"a":\n1}'), (2, '{"a":\n2}')]),
        ('{\n"a": 1}\n\n{\n"a": 2}', [(1, '{\n"a": 1}'), (4, '{\n"a": 2}')]),
        ('{"a": "}{"}{"b": "\\"{"}', [(1, '{"a": "}{"}'), (1, '{"b": "\\"{"}')]),
        ('{"a": "\\\\"}{"b": 1}', [(1, '{"a": "\\\\"}'), (1, '{"b": 1}')]),
        ('{"a": "x\u2028y"}\n{"a": "\x0b\x0c\x1c\x85"}', [(1, '{"a": "x\u2028y"}'), (2, '{"a": "\x0b\x0c\x1c\x85"}')]),
    ],
)
def test_a_record_ends_where_its_first_bracket_is_closed(content: str, expected: list[tuple[int, str]]) -> None:
    lines = content.encode().split(b"\n")
    found = [(record.line, record.text.decode()) for record in scan(line + b"\n" for line in lines)]
    assert found == expected


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param('[{"a": 1}, {"a": 2}]', [(1, '[{"a": 1}, {"a": 2}]')], id="an array is one record"),
        pytest.param('[\n{"a": 1},\n{"a": 2}\n]', [(1, '[\n{"a": 1},\n{"a": 2}\n]')], id="over several lines, too"),
        pytest.param("3\nnull\ntrue", [(1, "3"), (2, "null"), (3, "true")], id="a value of another kind is a record"),
        pytest.param('broken\n{"a": 1}', [(1, "broken"), (2, '{"a": 1}')], id="text is a record to its line's end"),
        pytest.param('x {"a": 1}\n{"a": 2}', [(1, 'x {"a": 1}'), (2, '{"a": 2}')], id="and takes brackets with it"),
        pytest.param('{"a": 1} x\n{"a": 2}', [(1, '{"a": 1}'), (1, "x"), (2, '{"a": 2}')], id="text after a record"),
        pytest.param('{"a": 1}}\n{"a": 2}', [(1, '{"a": 1}'), (1, "}"), (2, '{"a": 2}')], id="one bracket too many"),
        pytest.param('}\n{"a": 2}', [(1, "}"), (2, '{"a": 2}')], id="a bracket that closes nothing"),
        pytest.param('{"a": 1]\n{"a": 2}', [(1, '{"a": 1]'), (2, '{"a": 2}')], id="the wrong bracket"),
        pytest.param('{"a": "x\n{"a": 2}', [(1, '{"a": "x'), (2, '{"a": 2}')], id="cut off in a text"),
        pytest.param('{"a": 1,\n{"a": 2}', [(1, '{"a": 1,'), (2, '{"a": 2}')], id="cut off after a comma"),
        pytest.param('{"a":\n{"b": 2}', [(1, '{"a":'), (2, '{"b": 2}')], id="cut off after a key"),
        pytest.param('{"a": 1,\n"b": "x', [(1, '{"a": 1,\n"b": "x')], id="a last record that is cut off"),
        pytest.param('{\n"a": 1,\n{"a": 2}', [(1, '{\n"a": 1,'), (3, '{"a": 2}')], id="a pretty record cut off"),
        pytest.param(
            '{\n"a": [1,\n{"a": 2}\n{"a": 3}', [(1, '{\n"a": [1,'), (3, '{"a": 2}'), (4, '{"a": 3}')], id="in an array"
        ),
        pytest.param('"a": 1}\n{"a": 2}', [(1, '"a": 1}'), (2, '{"a": 2}')], id="the end of a record"),
        pytest.param("{\n{\n{", [(1, "{"), (2, "{"), (3, "{")], id="brackets that only open"),
    ],
)
def test_what_can_not_be_a_record_spoils_none_of_the_records_after_it(
    content: str, expected: list[tuple[int, str]]
) -> None:
    assert records(content) == expected


def test_a_record_may_be_of_any_bytes() -> None:
    [first, second] = scan([b'{"a": "\xff\xfe"}\n', b'{"a": 2}\n'])
    assert (first.line, first.text) == (1, b'{"a": "\xff\xfe"}')
    assert (second.line, second.text) == (2, b'{"a": 2}')


LINE = b'"k": "' + b"x" * 1_000_000 + b'",\n'
SMALL = b'{"a": 2}\n'
HUGE = {
    "a line": b'{"a": "' + b"x" * 12_000_000 + b'"}\n',
    "a line that is cut off in a text": b'{"a": "' + b"x" * 12_000_000 + b"\n",
    "a line of backslashes": b'{"a": "' + b"\\" * 12_000_001 + b'"}"}\n',
    "a line of no JSON": b"x" * 12_000_000 + b"\n",
    "a text outside of brackets": b'"' + b"x" * 12_000_000 + b'" }\n',
    "a record of many lines": b"{\n" + LINE * 12 + b'"z": 1}\n',
    "an array of records": b"[\n" + b'  {"a": 1, "b": "]"},\n' * 500_000 + b'{"a": 1}\n]\n',
    "an array on one line": b"[" + b'{"a": 1, "b": "]"}, ' * 500_000 + b'{"a": 1}]\n',
    "an array that is cut off": b"[\n" + b'  {"a": 1, "b": "]"},\n' * 500_000 + b'{"a": 1\n',
}


@pytest.mark.parametrize("huge", HUGE.values(), ids=HUGE)
def test_a_record_longer_than_any_may_be_is_one_and_those_around_it_come_whole(huge: bytes) -> None:
    content = SMALL + huge + SMALL * 3
    pieces = [content[start : start + 300_000] for start in range(0, len(content), 300_000)]
    first, long, *rest = scan(pieces)
    assert first == (1, b'{"a": 2}')
    assert (long.line, len(long.text)) == (2, MOST_BYTES + 1)
    line = 2 + huge.count(b"\n")
    assert rest == [(line, b'{"a": 2}'), (line + 1, b'{"a": 2}'), (line + 2, b'{"a": 2}')]


def test_a_bracket_that_is_never_closed_takes_no_record_after_it_along() -> None:
    records = [b'{"a": %d, "b": "%s"}' % (n, b"x" * 1_000_000) for n in range(12)]
    found = [*scan([b'{"a": [1,\n' + b"\n".join(records)])]
    assert found == [(1, b'{"a": [1,'), *enumerate(records, 2)]


def test_many_records_on_one_long_line_come_one_by_one() -> None:
    records = [b'{"a": %d}' % n for n in range(100_000)]
    assert [record.text for record in scan([b" ".join(records)])] == records


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
OBJECTS = st.dictionaries(st.text(max_size=4), VALUES, max_size=4)
SPACES = st.text(" \t", max_size=2)


@st.composite
def layouts(draw: st.DrawFn) -> tuple[list[dict[str, Any]], list[int], str]:
    """Objects, the line on which each begins, and a content in which they stand one after the other somehow."""
    values = draw(st.lists(OBJECTS, max_size=6))
    lines, content = [], draw(st.sampled_from(["", "\ufeff"]))
    for value in values:
        content += draw(st.sampled_from(["", " ", "\t", "\n", "\r\n", " \n\n ", "\n\t\r\n"]))
        lines.append(content.count("\n") + 1)
        content += json.dumps(
            value,
            indent=draw(st.sampled_from([None, None, 0, 2, "\t"])),
            ensure_ascii=draw(st.booleans()),
            separators=draw(st.sampled_from([(",", ":"), (", ", ": "), (" , ", " : ")])),
        ).replace("\n", draw(st.sampled_from(["\n", "\r\n"])))
    return values, lines, content + draw(st.sampled_from(["", "\n", "\r\n\r\n", "  "]))


@settings(max_examples=300 * TIMES)
@given(layouts())
def test_objects_laid_out_in_any_way_come_back_one_by_one_with_their_lines(
    layout: tuple[list[dict[str, Any]], list[int], str],
) -> None:
    values, lines, content = layout
    raw = content.encode(errors="surrogatepass")
    found = list(scan([line + b"\n" for line in raw.split(b"\n")]))
    assert [json.loads(record.text) for record in found] == values
    assert [record.line for record in found] == lines


@settings(max_examples=200 * TIMES)
@given(layouts(), st.data())
def test_a_broken_line_between_objects_is_a_record_of_its_own(
    layout: tuple[list[dict[str, Any]], list[int], str], data: st.DataObject
) -> None:
    values, _, _ = layout
    lines = [json.dumps(value) for value in values]
    place = data.draw(st.integers(0, len(lines)))
    broken = data.draw(st.sampled_from(['{"ts": 1', '{"a": "x', "broken", '{"a": }', "}", '{"a": 1]', "[1, 2"]))
    lines.insert(place, broken)
    found = list(scan(line.encode() + b"\n" for line in lines))
    assert [(record.line, record.text.decode()) for record in found] == list(enumerate(lines, 1))
