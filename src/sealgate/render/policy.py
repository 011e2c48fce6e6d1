"""policy.json: what the MPA reads, rolled back with the release it belongs to."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from sealgate.render.tree import TextFile

if TYPE_CHECKING:
    from sealgate.model.desired import DesiredState

PATH = "policy.json"


def policy(desired: DesiredState) -> TextFile:
    """Return the policy file of the MPA."""
    content = {
        "format": 1,
        "after_filter_size_limit": desired.settings.effective_after_filter_size_limit,
    }
    return TextFile(PATH, json.dumps(content, indent=2, sort_keys=True) + "\n")
