"""Examples of answers, composed: each shape says its own members once, and what it holds brings its own.

A shape declares `model_config = example(name="…")` with those members that are neither other shapes nor have a default.
An operation may say what its answer has otherwise (`example=…`). What nobody gave an example of is a fault of the
program, found when the description is made, and so is a member that a shape does not have: the description has no
example there then.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pydantic import ConfigDict

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import BaseModel

_HERE = "#/components/examples/"
_OWN = "x-example"
"""What a shape declared, on its way through the framework, which leaves out every null that it sees."""


def example(**members: Any) -> ConfigDict:
    """Return the configuration of a shape with an example of its own members, as JSON has them."""
    return ConfigDict(json_schema_extra={_OWN: json.dumps(members)})


def example_of(shape: type[BaseModel]) -> dict[str, Any]:
    """Return the example of a shape that holds no others: its own members, and the defaults of the rest."""
    described = shape.model_json_schema()
    own: dict[str, Any] = json.loads(described[_OWN])
    return {name: own[name] if name in own else member["default"] for name, member in described["properties"].items()}


class NoExample(ValueError):  # noqa: N818 - reads as what it is
    """There is no example of an answer, or it is not as the answer is described."""


class Examples:
    """The examples of all shapes of a description; takes what shapes declared out of their schemas."""

    def __init__(self, schemas: Mapping[str, Any]) -> None:
        self._schemas = schemas
        self._own = {name: json.loads(schema.pop(_OWN, "{}")) for name, schema in schemas.items()}
        self._whole: dict[str, Any] = {}
        self._named: set[str] = set()

    def add_to(self, content: dict[str, Any], changed: Any) -> None:
        """Give an answer in JSON its example; `changed` is what an operation has otherwise, None for nothing."""
        schema = content["schema"]
        if changed is None and "$ref" in schema:
            name = schema["$ref"].rpartition("/")[2]
            self._of_shape(name)
            self._named.add(name)
            content["examples"] = {"answer": {"$ref": f"{_HERE}{name}"}}
        else:
            content["examples"] = {"answer": {"value": self._changed(schema, changed)}}

    def components(self) -> dict[str, Any]:
        """Return the examples that answers refer to."""
        return {name: {"value": self._whole[name]} for name in sorted(self._named)}

    def _changed(self, schema: Mapping[str, Any], changed: Any) -> Any:
        if isinstance(changed, list):
            return [self._changed(schema["items"], one) for one in changed]
        if changed is None or "$ref" not in schema:
            return self._of(schema) if changed is None else changed
        found = self._of(schema)
        _only(changed, found, schema["$ref"])
        return found | changed

    def _of(self, schema: Mapping[str, Any], where: str = "") -> Any:
        if "$ref" in schema:
            return self._of_shape(schema["$ref"].rpartition("/")[2])
        if "examples" in schema:
            return schema["examples"][0]
        if "default" in schema:
            return schema["default"]
        if schema.get("type") == "array":
            return [self._of(schema["items"], where)]
        if "anyOf" in schema:
            return self._of(schema["anyOf"][0], where)
        raise NoExample(f"Nothing gives an example of {where or dict(schema)}.")

    def _of_shape(self, name: str) -> Any:
        if name not in self._whole:
            own, described = self._own[name], self._schemas[name].get("properties", {})
            _only(own, described, name)
            self._whole[name] = {
                member: own[member] if member in own else self._of(described[member], f"{name}.{member}")
                for member in described
            }
        return self._whole[name]


def _only(given: Mapping[str, Any], known: Mapping[str, Any], name: str) -> None:
    unknown = sorted(given.keys() - known.keys())
    if unknown:
        raise NoExample(f"{name} has no {', '.join(unknown)}, but its example has.")
