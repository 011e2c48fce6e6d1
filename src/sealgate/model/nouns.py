"""The register of all kinds of rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sealgate.model.objects import Noun

NOUNS: dict[str, Noun[Any]] = {}
