"""How an operation of the API is declared: method, path, the right it needs, and the function that answers.

An operation without a right cannot be written down; services ask for rights again, and they decide. A group is what
stands together in the documentation, and usually one module.
"""

from __future__ import annotations

import inspect
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sealgate.services.actor import Right

    Function = Callable[..., Any]

SMALL = 1 << 20
"""Bytes that a body may have where nothing large is sent."""
LARGE = 64 << 20


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation.

    `fields_at` is the JSON pointer to where the body has the model's fields, `names` how the body calls some of them.
    `once`: the answer has a secret that is shown once, so it is not kept for a repeated request. `conditional`: it
    takes If-Match. `largest` bounds the body, `example` is what the example of its answer has otherwise than that of
    the shape, `options` go to the framework.
    """

    method: str
    path: str
    right: Right
    function: Function
    fields_at: str = ""
    names: Mapping[str, str] = field(default_factory=dict)
    once: bool = False
    conditional: bool = False
    largest: int = SMALL
    example: Any = None
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def summary(self) -> str:
        """The first line of the function's docstring."""
        return (inspect.getdoc(self.function) or "").partition("\n")[0].rstrip(".")

    @property
    def description(self) -> str:
        """The rest of it, and the right that is needed."""
        rest = (inspect.getdoc(self.function) or "").partition("\n")[2].strip()
        return f"{rest}\n\nNeeds the right `{self.right.value}`.".strip()


_OWN = ("fields_at", "names", "once", "conditional", "largest", "example")


class Group:
    """The operations about one thing."""

    def __init__(self, tag: str, about: str) -> None:
        self.tag, self.about = tag, about
        self.operations: list[Operation] = []

    def get(self, path: str, right: Right, **options: Any) -> Callable[[Function], Function]:
        """Declare an operation that only shows."""
        return self._declare("GET", path, right, options)

    def post(self, path: str, right: Right, **options: Any) -> Callable[[Function], Function]:
        """Declare an act."""
        return self._declare("POST", path, right, options)

    def put(self, path: str, right: Right, **options: Any) -> Callable[[Function], Function]:
        """Declare the replacement of an object."""
        return self._declare("PUT", path, right, options)

    def patch(self, path: str, right: Right, **options: Any) -> Callable[[Function], Function]:
        """Declare the change of a part of an object."""
        return self._declare("PATCH", path, right, options)

    def delete(self, path: str, right: Right, **options: Any) -> Callable[[Function], Function]:
        """Declare the removal of an object."""
        return self._declare("DELETE", path, right, options)

    def _declare(self, method: str, path: str, right: Right, options: dict[str, Any]) -> Callable[[Function], Function]:
        own = {name: options.pop(name) for name in _OWN if name in options}

        def declare(function: Function) -> Function:
            self.operations.append(Operation(method, path, right, function, **own, options=options))
            return function

        return declare
