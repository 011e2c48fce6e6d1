"""Import of a million rows into the store, against the least that any store could do: executemany into one table.

    PYTHONPATH=src python bench/store_import.py [ROWS] [URL]

Prints seconds by the clock and of this process, and their ratios (on a busy machine the second is the truer one);
also the time for making a revision of them, and the largest memory in use.
"""

from __future__ import annotations

import resource
import sqlite3
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sealgate.model.digest import canonical_json
from sealgate.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator


def rows(count: int) -> Iterator[tuple[str, dict[str, Any], str, bool, str]]:
    for number in range(count):
        name = f"customer{number:07}.example"
        hop = f"mx{number % 500}.example.net"
        yield name, {"pattern": name, "next_hop": {"host": hop, "port": 25, "mx": False}}, "", True, f"[{hop}]:25"


class Watch:
    """Seconds by the clock and of this process."""

    def __init__(self) -> None:
        self._clock, self._own = time.perf_counter(), time.process_time()

    def read(self) -> tuple[float, float]:
        """Return both since the watch was made."""
        return time.perf_counter() - self._clock, time.process_time() - self._own


def plain(path: Path, count: int) -> tuple[float, float]:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL").close()
    connection.execute("CREATE TABLE object (key TEXT PRIMARY KEY, fields TEXT, comment TEXT, enabled INT, tag TEXT)")
    watch = Watch()
    connection.execute("BEGIN IMMEDIATE")
    connection.executemany(
        "INSERT INTO object VALUES (?, ?, ?, ?, ?)",
        (
            (key, canonical_json(fields).decode(), comment, enabled, tag)
            for key, fields, comment, enabled, tag in rows(count)
        ),
    )
    connection.execute("COMMIT")
    seconds = watch.read()
    connection.close()
    return seconds


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory() as directory:
        least = plain(Path(directory) / "plain.db", count)
        url = sys.argv[2] if len(sys.argv) > 2 else f"sqlite:///{directory}/store.db"
        with Store.open(url) as store:
            watch = Watch()
            with store.writing("bench") as writer:
                writer.save_many("transport", rows(count))
            imported = watch.read()
            watch = Watch()
            with store.reading() as reader:
                candidate = reader.candidate().candidate
            with store.writing("bench") as writer:
                writer.promote(candidate, "import", {})
            promoted = watch.read()[0]
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    for what, plainly, stored in zip(("by the clock", "of the process"), least, imported, strict=True):
        print(f"{count} rows {what}: plain {plainly:.2f} s, store {stored:.2f} s, ratio {stored / plainly:.2f}")
    print(f"candidate and revision of all of them {promoted * 1000:.1f} ms; memory at most {memory} MiB")


if __name__ == "__main__":
    main()
