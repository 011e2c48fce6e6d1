"""The outside that publishes a list of networks, as a program: for a gateway that runs in a network of its own.

    python -m tests.support.publishing DIRECTORY

It writes the lines of `sealgate.toml` by which it is reached to DIRECTORY/outside.toml when it serves, and answers with
what DIRECTORY/networks.txt says at that moment.
"""

from __future__ import annotations

import shutil
import signal
import sys
from pathlib import Path
from typing import Any

from tests.support.outside_sources import OutsideSources, Page
from tests.support.published import HOST, PATH, Published


class Pages(dict[Any, Page]):
    """What the file says, at the one address."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self._file = file

    def get(self, key: Any, default: Any = None) -> Any:
        """Return the list as it is in the file now."""
        return Page(self._file.read_bytes()) if key == (HOST, PATH) else default


def main(directory: Path) -> None:
    """Serve until somebody ends this."""
    with OutsideSources() as outside:
        outside.forget()
        outside.pages = Pages(directory / "networks.txt")
        trusted = directory / "outside.pem"
        shutil.copyfile(outside.ca_file, trusted)
        trusted.chmod(0o644)
        ready = directory / "outside.new"
        ready.write_text(Published(outside).settings.replace(str(outside.ca_file), str(trusted)))
        ready.rename(directory / "outside.toml")
        signal.pause()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
