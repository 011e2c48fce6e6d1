"""Export of a list: as plain text or CSV, row by row, so that a million rows need little memory.

What is exported reads back as the same list. Passwords are never exported (`model/forms.py` refuses).
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from sealgate.services.actor import Right
from sealgate.services.desired import row_of
from sealgate.services.formats import Format
from sealgate.services.nouns import noun_of
from sealgate.services.states import DRAFT, StateName

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealgate.services.actor import Actor
    from sealgate.services.gateway import Gateway


@contextmanager
def exported(
    gateway: Gateway, actor: Actor, noun: str, *, form: Format = Format.TEXT, state: StateName = DRAFT
) -> Iterator[Iterator[str]]:
    """Give the lines of a file with all rows of a state, in their order; valid inside the block."""
    actor.may(Right.VIEW)
    kind = noun_of(noun)
    with gateway.store.reading() as reader:
        yield form.write(kind.name, (row_of(stored) for stored in state.view(reader).rows(kind.name)))
