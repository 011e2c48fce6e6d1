"""A backup of the whole gateway, sealed to a passphrase. Putting one back is done in the terminal."""

from __future__ import annotations

from typing import Any

from fastapi.responses import StreamingResponse
from pydantic import Field

from sealgate.api.call import Asked
from sealgate.api.operations import Group
from sealgate.api.shapes import Given
from sealgate.link.passphrase import MAGIC
from sealgate.services import backups
from sealgate.services.actor import Right

GROUP = Group("backups", "The whole gateway in one file.")
_ANSWER: dict[int | str, Any] = {
    200: {
        "description": "The sealed file: a line that says what it is, then bytes",
        "content": {"application/octet-stream": {"schema": {}, "example": MAGIC.decode()}},
    }
}


class Phrase(Given):
    """What the backup is sealed to. It is kept nowhere."""

    passphrase: str = Field(min_length=8, max_length=1000, examples=["several words that nobody else knows"])


@GROUP.post("/backups", Right.BACKUP, response_class=StreamingResponse, responses=_ANSWER)
def make_backup(call: Asked, body: Phrase) -> Any:
    """Make a backup and send it: draft, revisions, people, secrets, audit and the node's key, sealed to a passphrase.

    A session needs a fresh proof of who it is. One backup is made and sent at a time, another one is
    refused meanwhile (409); one that is not fetched within fifteen minutes ends short of its length.
    """
    file, written = backups.spooled(call.gateway, call.actor, body.passphrase)
    # Nothing is to compress it: it is sealed, and its length is known.
    headers = {"content-length": str(written.size), "content-encoding": "identity"}
    return StreamingResponse(backups.in_pieces(file), media_type="application/octet-stream", headers=headers)
