"""The gateway that services work on: its settings, its store, and the way to its agent.

Opened once for a call or a process. The agent is asked only when a verb needs it; when it is down everything that needs
only the store still works.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sealgate.link.client import Node
from sealgate.link.messages import Asker
from sealgate.model.errors import NodeUnreachable
from sealgate.model.next_steps import Act, Step
from sealgate.services.sealing import Sealing
from sealgate.store import Store

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from sealgate.services.actor import Actor
    from sealgate.settings import Settings
    from sealgate.store import Writer

KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class Gateway:
    """One gateway, as the control half sees it."""

    settings: Settings
    store: Store

    @classmethod
    def open(cls, settings: Settings) -> Gateway:
        """Open the store of the gateway that the settings name; StoreFailed when it cannot be."""
        return cls(settings, Store.open(settings.database_url))

    def close(self) -> None:
        """Close the store."""
        self.store.close()

    def writing(self, actor: Actor) -> AbstractContextManager[Writer]:
        """Write to the store in one transaction, in the actor's name."""
        return self.store.writing(actor.name, origin=actor.source)

    def node(self, actor: Actor) -> Node:
        """Return the way to the agent, for questions in the actor's name; nothing is sent yet."""
        asker = Asker(actor.name, actor.source, frozenset(right.value for right in actor.rights))
        return Node(self.settings.agent_socket, asker)

    def public_key(self) -> bytes:
        """Return the key that secrets are sealed to."""
        try:
            key = self.settings.public_key_file.read_bytes()
        except OSError:
            key = b""
        if len(key) != KEY_BYTES:
            raise NodeUnreachable(
                f"There is no public key in {self.settings.public_key_file}, so no secret can be kept. "
                "Nothing was changed. Start the gateway once: its agent makes the key."
            ).then(Step(Act.START))
        return key

    def sealing(self, writer: Writer, actor: Actor) -> Sealing:
        """Return what seals an actor's secrets on their way into the store, inside one transaction."""
        return Sealing(self.public_key, writer, actor)
