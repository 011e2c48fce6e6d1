"""The description of the API itself, for programs. It tells operations and shapes, and nothing of this gateway."""

from __future__ import annotations

from typing import Any

from sealgate.api.call import Asked
from sealgate.api.operations import Group
from sealgate.services.actor import Right

GROUP = Group("description", "The API about itself.")


@GROUP.get(
    "/openapi.json",
    Right.VIEW,
    response_model=dict[str, Any],
    example={"openapi": "3.1.0", "info": {"title": "Sealgate", "version": "1"}, "paths": {}},
)
def show_description(call: Asked) -> Any:
    """Show the OpenAPI 3.1 description of the API."""
    return call.request.app.openapi()
