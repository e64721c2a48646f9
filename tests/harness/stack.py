"""A CloudFormation template as AWS would see it: its functions worked out for given parameters."""

import re
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import Any

ACCOUNT = {
    "AWS::AccountId": "123456789012",
    "AWS::Partition": "aws",
    "AWS::Region": "us-west-2",
    "AWS::StackName": "my-stack",
}
"""What AWS would answer for the account and the stack."""

NOTHING = object()
"""AWS::NoValue: the property or the item that it stands for is not there."""


@dataclass(frozen=True)
class Template:
    """A template, with parameters that have no default, and what AWS would answer for some of its resources."""

    path: Path
    parameters: dict[str, str]
    attributes: dict[str, str]

    @cached_property
    def content(self) -> Any:
        """The template as cfn-lint reads it, with `!Ref x` as {"Ref": "x"}."""
        content, problems = import_module("cfnlint.decode").decode(str(self.path))
        assert not problems
        return content

    def stack(self, section: str, **parameters: str) -> Any:
        """A section as CloudFormation would see it, given these parameters and the defaults of the rest."""
        defaults = {name: str(p["Default"]) for name, p in self.content["Parameters"].items() if "Default" in p}
        values = ACCOUNT | self.attributes | defaults | self.parameters | parameters
        parts = self.content[section].items()
        there = {name: part for name, part in parts if self._holds(part.get("Condition"), values)}
        return self._resolved(there, values)

    def _holds(self, condition: str | None, values: dict[str, str]) -> bool:
        return condition is None or bool(self._resolved(self.content["Conditions"][condition], values))

    def _resolved(self, node: Any, values: dict[str, str]) -> Any:
        """The node with its functions worked out."""
        match node:
            case {"Ref": "AWS::NoValue"}:
                return NOTHING
            case {"Ref": name}:
                return values.get(name, name)
            case {"Fn::GetAtt": attribute}:
                name = attribute if isinstance(attribute, str) else ".".join(attribute)
                return values.get(name, name)
            case {"Fn::If": [condition, yes, no]}:
                return self._resolved(yes if self._holds(condition, values) else no, values)
            case {"Fn::Equals": [one, other]}:
                return self._resolved(one, values) == self._resolved(other, values)
            case {"Fn::Not": [truth]}:
                return not self._resolved(truth, values)
            case {"Fn::Contains": [texts, text]}:
                return self._resolved(text, values) in texts
            case {"Fn::FindInMap": [table, row, key]}:
                return self.content["Mappings"][table][self._resolved(row, values)][key]
            case {"Fn::Sub": [text, more]}:
                return substituted(text, values | self._resolved(more, values))
            case {"Fn::Sub": text}:
                return substituted(text, values)
            case dict():
                pairs = ((name, self._resolved(value, values)) for name, value in node.items())
                return {name: value for name, value in pairs if value is not NOTHING}
            case list():
                return [value for item in node if (value := self._resolved(item, values)) is not NOTHING]
        return node


def substituted(text: str, values: dict[str, str]) -> str:
    return re.sub(r"\$\{([\w:.]+)\}", lambda match: values.get(match[1], match[1]), text)


def listed(value: Any) -> list[Any]:
    """What IAM takes as one item or as a list, as a list."""
    return value if isinstance(value, list) else [value]


def allowed(statements: list[Any], action: str) -> set[str]:
    """The resources on which some statements allow an action."""
    return {r for s in statements if action in listed(s["Action"]) for r in listed(s["Resource"])}
