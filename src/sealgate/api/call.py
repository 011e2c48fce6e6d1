"""One request that was let in: who asks, on which gateway, and what the answer's headers say."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlencode

from fastapi import Depends, Request, Response

from sealgate.api.preconditions import etag
from sealgate.api.problems import PREFIX
from sealgate.model.errors import InvalidValue

if TYPE_CHECKING:
    from collections.abc import Callable

    from sealgate.api.access import Context
    from sealgate.api.operations import Operation
    from sealgate.services.actor import Actor
    from sealgate.services.gateway import Gateway
    from sealgate.services.jobs import Job

_LONGEST_CURSOR = 4000


@dataclass(slots=True)
class Call:
    """One request."""

    context: Context
    actor: Actor
    request: Request
    response: Response

    @property
    def gateway(self) -> Gateway:
        """The gateway that the API is about."""
        return self.context.gateway

    def tag(self, version: int | None) -> None:
        """Say the version of the object that is answered with."""
        self.response.headers["etag"] = etag(version)

    def at(self, path: str) -> None:
        """Say where the object that was made is."""
        self.response.headers["location"] = f"{PREFIX}{path}"

    def next_page(self, cursor: str | None) -> str | None:
        """Say where the list goes on (Link, RFC 8288); returns the cursor as it is given out."""
        if not cursor:
            return None
        opaque = encode_cursor(cursor)
        query = [(name, value) for name, value in self.request.query_params.multi_items() if name != "after"]
        address = f"{PREFIX}{self._path()}?{urlencode([*query, ('after', opaque)])}"
        self.response.headers["link"] = f'<{address}>; rel="next"'
        return opaque

    def job(self, kind: str, doing: Callable[[Job], Any], detail: str = "") -> Job:
        """Start long work and answer 202 with where it is watched."""
        operation: Operation = self.request.state.operation
        asked = {"fields_at": operation.fields_at, "names": dict(operation.names)}
        job = self.context.jobs.start(kind, self.actor, doing, detail, asked if any(asked.values()) else None)
        self.at(f"/jobs/{job.id}")
        return job

    def _path(self) -> str:
        path = self.request.scope.get("raw_path") or self.request.url.path.encode()
        return path.decode("ascii", "replace").partition("?")[0].removeprefix(PREFIX)


def current(request: Request, response: Response) -> Call:
    """Return the request as it was let in."""
    return Call(request.app.state.context, request.state.actor, request, response)


def encode_cursor(text: str) -> str:
    """Return a cursor as it is given out: opaque, and safe in an address."""
    return base64.urlsafe_b64encode(json.dumps(text).encode()).decode().rstrip("=")


def decode_cursor(text: str) -> str:
    """Read a cursor that was given out; InvalidValue for anything else."""
    try:
        padded = text + "=" * (-len(text) % 4)
        value = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True)) if text else ""
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, str) or len(text) > _LONGEST_CURSOR or "\0" in value:
        raise InvalidValue.of("This is no cursor that was given out.", "Follow the Link of an answer.", "after")
    return value


Asked = Annotated[Call, Depends(current)]
