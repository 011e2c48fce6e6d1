"""Import of a million transports through the service, against the same file through the parser alone.

    PYTHONPATH=src python bench/import_transports.py [ROWS]

Prints seconds by the clock and of this process for: reading and parsing; a dry run; the import (parse, compare, store,
audit); the same file again, which changes nothing; listing and searching; one more row; the largest memory in use. On a
busy machine the seconds of the process are the truer ones. What the node does with the rows is measured elsewhere.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sealgate.link.sealing import generate
from sealgate.model.forms import read_text
from sealgate.services import imports, rows
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
    print(f"largest memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
