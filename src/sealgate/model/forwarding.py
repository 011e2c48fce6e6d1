"""Email forwarding: where mail for local system accounts goes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sealgate.model.names import MailAddress


@dataclass(frozen=True, slots=True)
class Forwarding:
    """Mail for a local account (`root`) goes to these addresses."""

    account: str
    addresses: tuple[MailAddress, ...]
