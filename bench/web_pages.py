"""Server time of pages at 100,000 rows: list, search, save, review; the target is 100 ms each.

The pages are asked in this process, through the whole application (session, rights, store, templates, compression), so
what is measured is what the server does, without TLS and the network. The agent is away, as it is in the worst case.
Beside each time stand two ratios of the same run: to the same page at 100 rows, which says what the size of the list
costs, and to the service alone, which says what the page costs that is made around it.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

from sealgate.link.sealing import generate
from sealgate.services import rows
from sealgate.services.actor import Actor
from sealgate.services.gateway import Gateway
from sealgate.settings import Settings
from sealgate.web.app import make_app
from sealgate.web.site import Site

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROWS, FEW = 100_000, 100
TARGET = 100.0
ROUNDS = 9
ANN = Actor("local:ann", "web")
HERE = {"sec-fetch-site": "same-origin", "accept-encoding": "gzip"}
ONE = "customer-000007.example"
HOST = {"host": "mx.example", "port": "25"}

CHANGED = HOST | {"pattern": ONE, "base": "{base}", "port": "2{n}"}


@dataclass(frozen=True)
class Asked:
    """One page: how it is asked for at so many rows, and what the service alone does for it."""

    title: str
    method: str
    path: str
    alone: Callable[[Gateway, int], object] | None = None
    form: dict[str, str] = field(default_factory=dict)


def listed(search: str = "") -> Callable[[Gateway, int], object]:
    return lambda gateway, _number: rows.listing(gateway, ANN, "transport", search=search, limit=100)


def saved(gateway: Gateway, number: int) -> object:
    return rows.add(gateway, ANN, "transport", {"pattern": f"alone{number}.example", "host": "mx.example", "port": 25})


def changed(gateway: Gateway, number: int) -> object:
    return rows.change(gateway, ANN, "transport", ONE, {"port": 1000 + number})


PAGES = (
    Asked("list, first page", "GET", "/mta/transport", listed()),
    Asked("list, far behind", "GET", "/mta/transport?after={behind}"),
    Asked("search, one row", "GET", "/mta/transport?q={one}", listed("customer-000042")),
    Asked("search, nothing", "GET", "/mta/transport?q=nothing-has-this", listed("nothing-has-this")),
    Asked("search everywhere", "GET", "/search?q={one}"),
    Asked("palette", "GET", "/search/hits?q={one}"),
    Asked("words of an editor", "GET", "/mta/editor/words?language=main-cf"),
    Asked("form of a row", "GET", "/mta/transport/row?key=customer-000042.example"),
    Asked("save a new row", "POST", "/mta/transport/add", saved, {"pattern": "new{n}.example"} | HOST),
    Asked("save a row", "POST", f"/mta/transport/row?key={ONE}", changed, CHANGED),
    Asked("remove a row", "POST", "/mta/transport/bulk", form={"do": "remove", "key": "new{n}.example"}),
    Asked("review", "GET", "/changes"),
    Asked("overview", "GET", "/"),
)  # fmt: skip


@contextmanager
def gateway_of(count: int) -> Iterator[Gateway]:
    """Make a gateway with so many transports, applied."""
    with tempfile.TemporaryDirectory() as place:
        directory = Path(place) / "gw"
        for name in ("control", "run"):
            (directory / name).mkdir(parents=True)
        (directory / "sealgate.toml").touch()
        (directory / "control/group.pub").write_bytes(generate().public)
        gateway = Gateway.open(Settings.load(directory))
        fields = {"host": "mx.internal.example", "port": 25, "mx": False, "special": "", "raw": ""}
        names = (f"customer-{number:06}.example" for number in range(count))
        with gateway.writing(ANN) as writer:
            writer.save_many(
                "transport", ((n, {"pattern": n} | fields, "", True, "[mx.internal.example]") for n in names)
            )
            writer.promote(writer.candidate().candidate, "many", {}, state="confirmed")
        yield gateway
        gateway.close()


async def times_of(gateway: Gateway) -> dict[str, tuple[float, float | None]]:
    """Return for each page its median time in milliseconds, and that of the service alone."""
    site = Site(gateway, lambda _gateway, _request: ANN)
    site.watch.close()  # the check in the background is another measure
    behind = rows.listing(gateway, ANN, "transport", limit=50).next or ""
    found = {}
    transport = httpx.ASGITransport(make_app(site))
    async with httpx.AsyncClient(transport=transport, base_url="https://localhost", headers=HERE) as client:
        for page in PAGES:
            found[page.title] = (await median_of(client, gateway, page, behind), median_alone(gateway, page))
    return found


async def median_of(client: httpx.AsyncClient, gateway: Gateway, page: Asked, behind: str) -> float:
    times = []
    for number in range(ROUNDS):
        path = page.path.format(n=number, one="customer-000042", behind=behind)
        base = rows.show(gateway, ANN, "transport", ONE).version
        form = {name: value.format(n=number, base=base) for name, value in page.form.items()} | {"enabled": "yes"}
        begun = time.perf_counter()
        answer = await client.request(page.method, path, data=form if page.method == "POST" else None)
        times.append((time.perf_counter() - begun) * 1000)
        assert answer.status_code in {200, 303}, (path, answer.status_code)
    return statistics.median(times[1:])


def median_alone(gateway: Gateway, page: Asked) -> float | None:
    if page.alone is None:
        return None
    times = []
    for number in range(ROUNDS):
        begun = time.perf_counter()
        page.alone(gateway, number)
        times.append((time.perf_counter() - begun) * 1000)
    return statistics.median(times[1:])


def main() -> None:
    with gateway_of(FEW) as few, gateway_of(ROWS) as many:
        small, large = asyncio.run(times_of(few)), asyncio.run(times_of(many))
    good = True
    print(f"{'':18} {ROWS:>8,} rows  of the target  to {FEW} rows  to the service alone")
    for title, (took, alone) in large.items():
        good = good and took <= TARGET
        beside = f"{took / alone:14.1f}x" if alone else ""
        print(f"{title:18} {took:10.1f} ms {took / TARGET:14.2f} {took / small[title][0]:10.1f}x {beside}")
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
