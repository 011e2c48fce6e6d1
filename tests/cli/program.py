"""The command line as a program of its own, run by any user of the machine."""

from __future__ import annotations

import os
import pwd
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import sealgate as package

if TYPE_CHECKING:
    from collections.abc import Mapping

SOURCE = Path(package.__file__).parents[1]
"""Where the package that is tested lies; an installed one is compiled already, which each call gains from."""
CALL = "from sealgate.cli import cli; cli(prog_name='sealgate')"


def sealgate(
    *arguments: str,
    directory: Path | None = None,
    typed: bytes = b"",
    user: str | None = None,
    groups: list[str] | None = None,
    environment: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[bytes]:
    """Run `sealgate`, with no terminal, and return what became of it."""
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(SOURCE), "PYTHONDONTWRITEBYTECODE": "1"}
    if directory is not None:
        env["SEALGATE_DIR"] = str(directory)
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", CALL, *arguments],
        input=typed,
        capture_output=True,
        env=env | dict(environment or {}),
        user=user,
        group=pwd.getpwnam(user).pw_gid if user else None,
        extra_groups=groups if user else None,
        cwd="/",
        check=False,
        timeout=60,
    )
