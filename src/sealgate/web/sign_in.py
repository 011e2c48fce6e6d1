"""Who asks: the seam between the pages and the people who may use them.

Until somebody has signed in nobody is known, and nobody unknown gets a page. There is no mode without this.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.requests import Request

    from sealgate.services.actor import Actor


def identify(_request: Request) -> Actor | None:
    """Return who asks, or None for somebody who has not signed in."""
    return None
