"""How a page is declared: its address, its method, the right it needs, and the function that answers.

A route without a right cannot be written down; services ask for rights again, and they decide.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.responses import Response

    from sealgate.services.actor import Right
    from sealgate.web.visit import Visit

    Function = Callable[[Visit], Response]


@dataclass(frozen=True, slots=True)
class Page:
    """One route."""

    method: str
    path: str
    right: Right
    function: Function


def get(path: str, right: Right, function: Function) -> Page:
    """Declare a page that only shows."""
    return Page("GET", path, right, function)


def post(path: str, right: Right, function: Function) -> Page:
    """Declare an act, which ends with the way to a page."""
    return Page("POST", path, right, function)
