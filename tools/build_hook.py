"""The hook of the wheel build: a wheel holds the bundled scripts of the pages.

It takes what `SEALGATE_ASSETS` names when that was made from these sources, and else makes its own (assets.py). An
editable installation serves the tree, where `make assets` puts them.
"""

from __future__ import annotations

import os
import runpy
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class Assets(BuildHookInterface):  # type: ignore[type-arg,misc,unused-ignore]
    """Adds the bundles to the wheel."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Make the bundles, if need be, and say where they go."""
        if version == "editable":
            return
        root = Path(self.root)
        assets = runpy.run_path(str(root / "tools/assets.py"))
        given = os.environ.get("SEALGATE_ASSETS")
        target = Path(given) if given else Path(self.directory) / "assets"
        assets["make"](root, target)
        build_data["force_include"][str(target)] = assets["IN_THE_TREE"].removeprefix("src/")
