"""Checks a call of the AWS CLI without AWS, by botocore's models of the services."""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, NoReturn

import jmespath
from botocore import xform_name
from botocore.exceptions import UnknownServiceError
from botocore.session import Session
from botocore.utils import ArgumentGenerator

OWN_COMMANDS = {
    ("s3", "mb"): (),
    ("s3", "ls"): ("--recursive",),
    ("s3", "rm"): ("--recursive",),
    ("s3", "rb"): ("--force",),
    ("s3", "sync"): ("--delete",),
    ("cloudformation", "deploy"): ("--stack-name", "--template-file", "--capabilities", "--parameter-overrides"),
}
"""Commands that the AWS CLI adds to the operations of a service, each with the options that pages may use."""

RENAMED = {("sns", "subscribe", "Endpoint"): "--notification-endpoint"}
"""Options that the AWS CLI calls otherwise than the model of the service, by service, operation and member."""

VALUES: dict[str, Callable[[str], Any]] = {"integer": int, "long": int, "map": json.loads, "structure": json.loads}
"""How the text of an option is read, by the type of its shape; the others are not looked at."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise ValueError(message)


def check_aws(arguments: Sequence[str]) -> None:
    """Check the words after `aws`.

    Raises:
        ValueError: the service, the operation or an option does not exist, the text of an option is wrong, a required
            option is missing, the operation does not answer a `--query`, or an `--sql` is not Redshift's.
    """
    service, name, *words = arguments
    parser = _Parser(add_help=False, allow_abbrev=False, conflict_handler="resolve")
    for option in ("--query", "--output", "--region", "--profile"):
        parser.add_argument(option)
    if (service, name) in OWN_COMMANDS:
        parser.add_argument("operands", nargs="*")
        for option in OWN_COMMANDS[service, name]:
            parser.add_argument(option, nargs="*")
        parser.parse_args(words)
        return
    operation = _operation(service, name, words)
    members = operation.input_shape.members if operation.input_shape else {}
    for member, shape in members.items():
        parser.add_argument(
            RENAMED.get((service, name, member), f"--{xform_name(member, '-')}"),
            nargs="*",
            type=VALUES.get(shape.type_name, str),
            choices=getattr(shape, "enum", None) or None,
            required=member in operation.input_shape.required_members,
        )
    given = parser.parse_args(words)
    if given.query:
        _require_answer(given.query, operation.output_shape)
    if sql := getattr(given, "sql", None):
        require_redshift_grammar(" ".join(sql))


def _operation(service: str, name: str, words: list[str]) -> Any:
    """The model of an operation. `wait` and its first word are the operation that this waiter repeats."""
    try:
        model = _session().get_service_model(service)
    except UnknownServiceError as e:
        raise ValueError(f"aws has no {service}") from e
    if name == "wait":
        waiter = "".join(word.title() for word in words.pop(0).split("-"))
        return model.operation_model(_session().get_waiter_model(service).get_waiter(waiter).operation)
    operations = {xform_name(operation, "-"): operation for operation in model.operation_names}
    if name not in operations:
        raise ValueError(f"aws {service} has no {name}")
    return model.operation_model(operations[name])


@cache
def _session() -> Any:
    return Session()  # which keeps the models that it has read


def _require_answer(query: str, output: Any) -> None:
    """Ask a JMESPath query of a sample answer, in which every filter finds something."""
    sample = ArgumentGenerator(use_member_names=True).generate_skeleton(output)
    if _lacks_value(jmespath.search(re.sub(r"=='[^']*'", "", query), sample)):
        raise ValueError(f"the answer has no {query}")


def _lacks_value(answer: object) -> bool:
    return answer in (None, []) or (isinstance(answer, list) and any(map(_lacks_value, answer)))


def require_redshift_grammar(sql: str) -> None:
    """Parse SQL that the stand-in for Redshift cannot run.

    Raises:
        ValueError: Redshift's grammar does not take it.
    """
    from sqlfluff.core import Linter  # takes a second

    if violations := Linter(dialect="redshift").parse_string(sql).violations:
        raise ValueError(violations)
