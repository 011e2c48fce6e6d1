"""Import of a million transports, from the text to the table that a real Postfix answers from.

    PYTHONPATH=src python bench/import_transports.py [ROWS]

Prints seconds by the clock and of this process for: reading and parsing; a dry run; the import (parse, compare, store,
audit); the same file again, which changes nothing; listing and searching; one more row. Then, as root and with Postfix
installed, a new gateway with an agent as a program of its own: import and apply end to end (parse, check, store, send,
check again, render, build, rehearse, switch), its seconds, and the largest memory of both processes. On a busy machine
the seconds of the process are the truer ones.
"""

from __future__ import annotations

import os
import resource
import socket
import subprocess
import sys
import tempfile
import time
from collections import deque
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sealgate.bootstrap.gateway import make_gateway
from sealgate.link.sealing import generate
from sealgate.model.forms import read_text
from sealgate.services import applying, imports, rows, settings
from sealgate.services.actor import Actor
from sealgate.services.gateway import Gateway
from sealgate.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ACTOR = Actor.local("bench")


def lines(count: int) -> Iterator[str]:
    for number in range(count):
        hop = f"mx{number % 500}.example.net"
        yield f"customer{number:07}.example smtp:{f'[{hop}]:2525' if number % 2 else hop}\n"


def measured(what: str, work: Callable[[], Any]) -> float:
    clock, own = time.perf_counter(), time.process_time()
    work()
    seconds = time.process_time() - own
    print(f"{what:<34}{time.perf_counter() - clock:8.2f} s{seconds:8.2f} s of this process")
    return seconds


def main(count: int) -> None:
    with tempfile.TemporaryDirectory() as place:
        directory = Path(place)
        (directory / "control").mkdir()
        (directory / "sealgate.toml").touch()
        (directory / "control" / "group.pub").write_bytes(generate().public)
        gateway = Gateway.open(Settings.load(directory))
        parse = measured("read and parse", lambda: deque(read_text("transport", lines(count)), maxlen=0))
        measured("dry run", lambda: imports.import_rows(gateway, ACTOR, "transport", lines(count), dry_run=True))
        store = measured("import", lambda: imports.import_rows(gateway, ACTOR, "transport", lines(count)))
        measured("the same again", lambda: imports.import_rows(gateway, ACTOR, "transport", lines(count)))
        measured("first page", lambda: rows.listing(gateway, ACTOR, "transport"))
        measured("search", lambda: rows.listing(gateway, ACTOR, "transport", search=f"customer{count - 1:07}"))
        fields = {"pattern": "one.more.example", "host": "mx.example.net"}
        measured("one more row", lambda: rows.add(gateway, ACTOR, "transport", fields))
        gateway.close()
    print(f"import / parse {store / parse:.2f}")
    print(f"largest memory {own_memory():.0f} MiB")


def end_to_end(count: int) -> None:
    """Import and apply with an agent as a program of its own."""
    with tempfile.TemporaryDirectory(dir="/tmp") as place, running(Path(place) / "gw") as (gateway, agent):
        settings.set_value(gateway, ACTOR, "my-hostname", "gw.example.com")
        applying.apply(gateway, ACTOR, "empty", watch_for=0)
        started = time.perf_counter()
        measured("import", lambda: imports.import_rows(gateway, ACTOR, "transport", lines(count)))
        measured("apply", lambda: applying.apply(gateway, ACTOR, "all of them", watch_for=0))
        print(f"import and apply: {time.perf_counter() - started:.1f} s (target 40 s)")
        node = memory_of(agent.pid)
        print(f"largest memory: control {own_memory():.0f} + agent {node:.0f} MiB (target 1024 MiB)")


@contextmanager
def running(directory: Path) -> Iterator[tuple[Gateway, subprocess.Popen[bytes]]]:
    Path(directory.parent).chmod(0o755)
    ports = {name: free_port() for name in ("smtp_port", "web_port", "mpa_port", "reinject_port")}
    made = make_gateway(directory, ports)
    command = [sys.executable, "-m", "sealgate.bootstrap", "agent", "--dir", str(directory)]
    agent = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        while not made.agent_socket.exists() and agent.poll() is None:
            time.sleep(0.05)
        gateway = Gateway.open(made)
        yield gateway, agent
        gateway.close()
    finally:
        agent.terminate()
        agent.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def own_memory() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def memory_of(pid: int) -> float:
    """Return the most that a process held so far, in MiB."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


if __name__ == "__main__":
    rows_wanted = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    if os.geteuid() == 0:
        end_to_end(rows_wanted)
    main(rows_wanted)
