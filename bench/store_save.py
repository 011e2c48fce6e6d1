"""One save into the draft with a million rows present, against the same with a thousand.

    PYTHONPATH=src python bench/store_save.py [ROWS] [URL OF AN EMPTY DATABASE]...

Prints the median time of a save (its commit has reached the disk), of a page, a count and a look-up, and of candidate
and revision with one change; and the ratios. With two addresses the databases are those, small one first.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from itertools import islice
from typing import TYPE_CHECKING

from sealgate.store import ANY, Store

if TYPE_CHECKING:
    from collections.abc import Callable

FEW = 1_000
ROUNDS = 60


def fill(store: Store, count: int) -> None:
    names = (f"customer{number:07}.example" for number in range(count))
    with store.writing("bench") as writer:
        writer.save_many(
            "transport", ((name, {"pattern": name, "n": 0}, "", True, "[mx.example.net]") for name in names)
        )
    with store.writing("bench") as writer:
        writer.promote(writer.candidate().candidate, "filled", {})


def median(act: Callable[[int], object]) -> float:
    """Return the median time of a number of rounds in milliseconds."""
    times = []
    for number in range(ROUNDS):
        start = time.perf_counter()
        act(number)
        times.append((time.perf_counter() - start) * 1000)
    return statistics.median(times)


def measure(store: Store) -> dict[str, float]:
    def save(number: int) -> None:
        name = f"customer{number * 13:07}.example"
        with store.writing("bench") as writer:
            writer.save("transport", name, {"pattern": name, "n": time.time_ns()}, base=ANY, tag="[mx.example.net]")

    def page(number: int) -> None:
        with store.reading() as reader:
            list(islice(reader.draft().rows("transport", after=f"customer{number * 13:07}", limit=50), 50))

    def look(number: int) -> None:
        with store.reading() as reader:
            reader.draft().row("transport", f"customer{number * 13:07}.example")
            reader.draft().count("transport")

    def apply(number: int) -> None:
        save(number)
        with store.reading() as reader:
            candidate = reader.candidate().candidate
        with store.writing("bench") as writer:
            writer.promote(candidate, "one change", {})

    return {
        "save": median(save),
        "page of 50": median(page),
        "look-up and count": median(look),
        "save, candidate, revision": median(apply),
    }


def main() -> None:
    many = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    found = {}
    with tempfile.TemporaryDirectory() as directory:
        addresses = sys.argv[2:] or [f"sqlite:///{directory}/{count}.db" for count in (FEW, many)]
        for count, address in zip((FEW, many), addresses, strict=True):
            with Store.open(address) as store:
                fill(store, count)
                found[count] = measure(store)
    for what, few_time in found[FEW].items():
        many_time = found[many][what]
        print(f"{what:26} {few_time:7.2f} ms of {FEW}, {many_time:7.2f} ms of {many}, ratio {many_time / few_time:.2f}")


if __name__ == "__main__":
    main()
