"""Asking trivial-rewrite(8) where mail for an address would go, as the queue manager asks it.

`resolve` gives transport, next hop, final recipient and the address class; `rewrite` gives the full form of an
address. The answers are Postfix's own, with transport_maps, relay_domains and default_transport of the running
instance, live or staged. Next hops come back as written, unchecked; content_filter is not seen here (the queue
manager applies it). Source: trivial-rewrite(8), resolve_clnt(3); postfix.md §4.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from sealgate.model.errors import NodeFailed
from sealgate.postfix.attributes import Attributes, Connection

if TYPE_CHECKING:
    from pathlib import Path

_PROTOCOL = "trivial_rewrite_protocol"
_FLAGS = {
    1: "final",
    2: "routed",
    4: "error",
    8: "fail",
    256: "local",
    512: "alias",
    1024: "virtual",
    2048: "relay",
    4096: "default",
}
_CLASSES = {"local", "alias", "virtual", "relay", "default"}


@dataclass(frozen=True, slots=True)
class Route:
    """Where Postfix would send a recipient. An empty `nexthop` means the transport needs none (local, error)."""

    transport: str
    nexthop: str
    recipient: str
    flags: frozenset[str]

    @property
    def address_class(self) -> str:
        """The class of ADDRESS_CLASS_README: local, alias, virtual, relay, default; empty when undecided."""
        return next(iter(self.flags & _CLASSES), "")

    @property
    def failed(self) -> bool:
        """Whether a table could not be read, or the address cannot be resolved."""
        return bool(self.flags & {"error", "fail"})


class Rewrite:
    """A client of the rewrite service of one queue directory; connects when first asked, reconnects by itself."""

    def __init__(self, queue_dir: Path, timeout: float = 5.0) -> None:
        self._path = queue_dir / "private/rewrite"
        self._timeout = timeout
        self._connection: Connection | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def resolve(self, address: str, sender: str = "", *, verify: bool = False) -> Route:
        """Return the route of an address; `verify` uses the address_verify_* settings.

        Raises NodeFailed when trivial-rewrite does not answer (Postfix stopped, or its configuration kills it).
        """
        request = "verify" if verify else "resolve"
        answer = dict(self._ask(request=request, sender=sender, address=address)[1:])
        bits = int(answer.get("flags", "0"))
        flags = frozenset(name for bit, name in _FLAGS.items() if bits & bit)
        return Route(answer["transport"], answer["nexthop"], answer["recipient"], flags)

    def rewrite(self, address: str, *, context: str = "local") -> str:
        """Return the address as mail from this context (local or remote) would carry it."""
        return dict(self._ask(request="rewrite", rule=context, address=address)[1:])["address"]

    def close(self) -> None:
        """End the connection."""
        if self._connection is not None:
            self._connection.close()
        self._connection = None

    def _ask(self, **attributes: str) -> Attributes:
        """Ask, once more on a fresh connection when the daemon was replaced meanwhile."""
        for last in (False, True):
            try:
                answer = self._connected().ask(attributes)
            except OSError as failure:
                self.close()
                if last or isinstance(failure, TimeoutError):
                    raise NodeFailed(f"trivial-rewrite does not answer: {failure}") from failure
            else:
                if not answer or answer[0] != ("flags", "0"):
                    self.close()
                return answer
        raise AssertionError

    def _connected(self) -> Connection:
        if self._connection is None:
            self._connection = Connection(self._path, self._timeout)
            if self._connection.greeting.get("protocol", _PROTOCOL) != _PROTOCOL:
                self.close()
                raise ConnectionError("something else answers at private/rewrite")
        assert self._connection is not None  # noqa: S101 - made above
        return self._connection
