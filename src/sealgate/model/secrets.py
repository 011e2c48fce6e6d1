"""Secrets in the model: a reference, never the secret.

A password or private key is checked at the edge, sealed to the node group's public key, and from then on only named.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sealed:
    """The name of a sealed secret; a new secret gets a new name, so digests and diffs see that it changed."""

    id: str
