"""The command `sealgate`, run many times without loading it anew each time.

A process loads the program once and forks for every command: each runs in a process of its own, with its own argument
list, input, output, exit code and user, exactly as from a shell, but starts in milliseconds. The loader has no threads.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import Self


class Commands:
    """A loaded program that waits for commands; `run` is what the shell does."""

    def __init__(self) -> None:
        """Start the loader."""
        self._lock = threading.Lock()
        self._place = tempfile.TemporaryDirectory(prefix="sgc-")
        self._loader = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", sys.executable, "-m", "tests.support.commands"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def start(self, *words: str, text: str = "", directory: Path) -> Running:
        """Start `sealgate` with these words for the gateway in `directory`."""
        streams = Path(tempfile.mkdtemp(dir=self._place.name))
        (streams / "in").write_text(text)
        order = {"words": words, "streams": str(streams), "directory": str(directory)}
        with self._lock:
            assert self._loader.stdin is not None
            self._loader.stdin.write(json.dumps(order) + "\n")
            self._loader.stdin.flush()
        return Running(streams)

    def close(self) -> None:
        """End the loader."""
        assert self._loader.stdin is not None
        assert self._loader.stdout is not None
        self._loader.stdin.close()
        self._loader.wait(30)
        self._loader.stdout.close()
        self._place.cleanup()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Running:
    """A command under way; its streams are files."""

    def __init__(self, streams: Path) -> None:
        """Take over the directory of its streams."""
        self.streams = streams

    def ended(self) -> bool:
        """Tell whether the command has ended."""
        return (self.streams / "code").exists()

    def result(self) -> tuple[int, str, str]:
        """Return exit code, output and errors of an ended command."""
        code = int((self.streams / "code").read_text())
        return code, (self.streams / "out").read_text(), (self.streams / "err").read_text()


def _serve() -> None:
    import sealgate.bootstrap.commands
    import sealgate.services.applying
    import sealgate.services.status  # noqa: F401 - loaded here once for all commands

    children: dict[int, Path] = {}
    for line in sys.stdin:
        order = json.loads(line)
        streams = Path(order["streams"])
        child = os.fork()
        if child == 0:
            _keep(order, streams)
        children[child] = streams
    for child in children:
        os.waitpid(child, 0)


def _keep(order: dict[str, object], streams: Path) -> None:
    """Run one command in a child of this process and write down how it ended; never returns."""
    child = os.fork()
    if child == 0:
        _become(order, streams)
    _, status = os.waitpid(child, 0)
    (streams / "code.new").write_text(str(os.waitstatus_to_exitcode(status)))
    (streams / "code.new").rename(streams / "code")
    os._exit(0)


def _become(order: dict[str, object], streams: Path) -> None:
    from sealgate.bootstrap import main

    for name, number, flags in (("in", 0, os.O_RDONLY), ("out", 1, os.O_WRONLY), ("err", 2, os.O_WRONLY)):
        handle = os.open(streams / name, flags | os.O_CREAT, 0o644)
        os.dup2(handle, number)
    sys.stdin, sys.stdout, sys.stderr = open(0), open(1, "w"), open(2, "w")  # noqa: SIM115 - these are descriptors
    os.environ |= {"SEALGATE_DIR": str(order["directory"]), "NO_COLOR": "1"}
    sys.argv = ["sealgate", *order["words"]]  # type: ignore[misc]
    code: int | str | None = 0
    try:
        main()
    except SystemExit as end:
        code = end.code
    except BaseException:  # noqa: BLE001 - what the interpreter would do at the end
        sys.excepthook(*sys.exc_info())
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code if isinstance(code, int) else 1)


if __name__ == "__main__":
    _serve()
