"""The administrator's own lines of main.cf and master.cf, kept as typed, and the deny-list that guards them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class OwnLines:
    """Own lines as typed: comments, order and blank lines are kept. Empty text means there are none."""

    text: str = ""
