"""The mail queue: list, view, and act on messages by id or by filter, with the count first.

Nothing here works on the draft; everything asks the agent. What was done to mail is audited with the filter and the
count. An empty filter means every message, so deleting by it must be said on purpose (`everything`).
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from sealgate.link.upkeep import QueueAct, QueueFilter, QueueVerb
from sealgate.model.errors import InvalidValue
from sealgate.model.text import shown
from sealgate.model.units import parse_duration
from sealgate.services.actor import Right

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sealgate.link.upkeep import Count, QueueMessage
    from sealgate.services.actor import Actor
    from sealgate.services.gateway import Gateway

NOTHING = QueueFilter()
PARTS = ("active", "incoming", "deferred", "hold", "maildrop", "corrupt")
"""The queues of Postfix (qshape(1)); mail that waits for another try is deferred."""
_OLDEST = 365 * 86400


def age(text: str) -> int:
    """Read an age such as `4h` in seconds; empty: of any age."""
    return parse_duration(text, "The age", 0, _OLDEST) if text else 0


def parts(names: Iterable[str]) -> tuple[str, ...]:
    """Return names of queues, each once; InvalidValue for one that Postfix does not have."""
    named = tuple(dict.fromkeys(names))
    for name in named:
        if name not in PARTS:
            raise InvalidValue.of(f"There is no queue {shown(name)}.", f"Possible are: {', '.join(PARTS)}.", "queues")
    return named


def listing(gateway: Gateway, actor: Actor, which: QueueFilter = NOTHING) -> Iterator[QueueMessage]:
    """Give the messages that a filter finds."""
    actor.may(Right.OPERATE)
    return gateway.node(actor).queue_list(which)


def view(gateway: Gateway, actor: Actor, queue_id: str) -> Iterator[bytes]:
    """Give one message (envelope, header, body) in pieces; that it was read is audited."""
    actor.may(Right.CONTENT)
    pieces = gateway.node(actor).queue_view(queue_id)
    with gateway.writing(actor) as writer:
        writer.audit("queue-view", f"message {queue_id[:40]}", {})
    return pieces


def count(gateway: Gateway, actor: Actor, verb: QueueVerb, which: QueueFilter) -> Count:
    """Return how many messages an act would concern, without doing it."""
    actor.may(Right.OPERATE)
    return gateway.node(actor).queue_act(QueueAct(verb, which, count_only=True))


def act(gateway: Gateway, actor: Actor, verb: QueueVerb, which: QueueFilter, *, everything: bool = False) -> Count:
    """Do something with all messages that a filter finds; returns how many there were."""
    actor.may(Right.OPERATE)
    if is_everything(which) and not everything:
        raise InvalidValue.of("Which messages?", "Name queue ids or a filter, or say that all are meant.", "filter")
    done = gateway.node(actor).queue_act(QueueAct(verb, which, count_only=False))
    with gateway.writing(actor) as writer:
        detail = {name: list(v) if isinstance(v, tuple) else v for name, v in asdict(which).items() if v}
        writer.audit(f"queue-{verb.value}", "queue", {"count": done.count, **detail})
    return done


def is_everything(which: QueueFilter) -> bool:
    """Tell whether a filter says nothing and so finds every message."""
    return not (which.ids or which.queues or which.sender or which.recipient or which.reason or which.older_than)
