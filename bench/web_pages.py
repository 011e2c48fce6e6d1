"""Server time of pages at 100,000 rows: list, search, save, review; the target is 100 ms each.

The pages are asked in this process, through the whole application (session, rights, store, templates, compression), so
what is measured is what the server does, without TLS and the network. The agent is away, as it is in the worst case.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
import time
from pathlib import Path

import httpx

from sealgate.link.sealing import generate
from sealgate.services.actor import Actor
from sealgate.services.gateway import Gateway
from sealgate.settings import Settings
from sealgate.web.app import make_app
from sealgate.web.site import Site

ROWS = 100_000
TARGET = 100.0
ROUNDS = 9
ANN = Actor("local:ann", "web")
HERE = {"sec-fetch-site": "same-origin", "accept-encoding": "gzip"}
FORM = {"pattern": "new.example", "host": "mx.example", "port": "25", "enabled": "yes"}


def fill(gateway: Gateway) -> None:
    fields = {"host": "mx.internal.example", "port": 25, "mx": False, "special": "", "raw": ""}
    names = (f"customer-{number:06}.example" for number in range(ROWS))
    with gateway.writing(ANN) as writer:
        writer.save_many("transport", ((n, {"pattern": n} | fields, "", True, "[mx.internal.example]") for n in names))
        writer.promote(writer.candidate().candidate, "many", {}, state="confirmed")


async def median_of(client: httpx.AsyncClient, method: str, path: str, data: dict[str, str] | None) -> float:
    times = []
    for number in range(ROUNDS):
        sent = None if data is None else {k: v.replace("new", f"new{number}") for k, v in data.items()}
        begun = time.perf_counter()
        answer = await client.request(method, path, data=sent)
        times.append((time.perf_counter() - begun) * 1000)
        assert answer.status_code in {200, 303}, (path, answer.status_code)
    return statistics.median(times[1:])


async def measure(site: Site) -> bool:
    transport = httpx.ASGITransport(make_app(site))
    good = True
    async with httpx.AsyncClient(transport=transport, base_url="https://localhost", headers=HERE) as client:
        for title, method, path, data in (
            ("list, first page", "GET", "/mta/transport", None),
            ("list, far behind", "GET", "/mta/transport?after=customer-090000.example", None),
            ("search, one row", "GET", "/mta/transport?q=customer-077777", None),
            ("search, nothing", "GET", "/mta/transport?q=nothing-has-this", None),
            ("palette, one row", "GET", "/search/hits?q=customer-077777", None),
            ("words of an editor", "GET", "/mta/editor/words?language=main-cf", None),
            ("form of a row", "GET", "/mta/transport/row?key=customer-050000.example", None),
            ("save a row", "POST", "/mta/transport/add", FORM),
            ("overview", "GET", "/", None),
        ):
            took = await median_of(client, method, path, data)
            good = good and took <= TARGET
            print(f"{title:20} {took:7.1f} ms  ({took / TARGET:.2f} of the target)")
    return good


def main() -> None:
    with tempfile.TemporaryDirectory() as place:
        directory = Path(place) / "gw"
        for name in ("control", "run"):
            (directory / name).mkdir(parents=True)
        (directory / "sealgate.toml").touch()
        (directory / "control/group.pub").write_bytes(generate().public)
        gateway = Gateway.open(Settings.load(directory))
        fill(gateway)
        site = Site(gateway, lambda _gateway, _request: ANN)
        site.watch.close()  # the check in the background is another measure
        good = asyncio.run(measure(site))
        gateway.close()
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
