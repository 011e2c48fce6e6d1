"""What a judgement of probe grade costs, against what Postfix's own tools take for less.

    PYTHONPATH=src:. python bench/judge_probe.py [--rounds 9] [--rows 10000]

The same configuration (a public and a re-injection listener, eight generated tables, two of them with many rows) is
judged by the probe (files read, tables asked, started sealed off, every daemon woken, four callers, two deliveries
tried), and is checked and started by `postfix check` and `postfix start` until it answers, and stopped. Rounds
alternate. The ratio of the medians says more than the milliseconds: both depend on what else the machine does.
"""

from __future__ import annotations

import argparse
import statistics
import time
from typing import TYPE_CHECKING

from tests.support.gateway import Gateway, free_port, gateway

from sealgate.postfix.listeners import greet
from sealgate.postfix.neutral import neutral_programs
from sealgate.postfix.tables import Tables, TableType
from sealgate.rehearsal.judging import Judge

if TYPE_CHECKING:
    from collections.abc import Callable

RESTRICTIONS = (
    "check_client_access cidr:${config_directory}/white, check_client_access cidr:${config_directory}/black, "
    "permit_mynetworks, reject_rbl_client zen.example.net"
)


def configured(made: Gateway, rows: int) -> None:
    """Write a configuration as the product renders it, as far as cost goes."""
    tables = Tables(neutral_programs(made.top / "neutral"))
    for name in ("relay", "transport", "forward", "sasl"):
        count = rows if name in {"relay", "transport"} else 10
        entries = ((f"d{n:07}.test", "smtp:[127.0.0.1]:9") for n in range(count))
        tables.build(made.conf / name, TableType.LMDB, entries, ordered=True)
    for name in ("white", "black", "networks"):
        entries = ((f"10.{n // 256}.{n % 256}.0/24", "OK") for n in range(500))
        tables.build(made.conf / name, TableType.CIDR, entries)
    tables.build(made.conf / "headers", TableType.PCRE, [(f"/^Subject: word{n}/", "REJECT no") for n in range(100)])
    reinjection = (
        f"127.0.0.1:{free_port()} inet n - n - - smtpd -o content_filter= -o smtpd_client_restrictions="
        " -o mynetworks=127.0.0.0/8 -o smtpd_relay_restrictions=permit_mynetworks,reject\n"
    )
    place = "${config_directory}"
    made.write(
        master=made.master + reinjection,
        relay_domains=f"lmdb:{place}/relay",
        transport_maps=f"lmdb:{place}/transport",
        virtual_alias_maps=f"lmdb:{place}/forward",
        virtual_alias_domains="",
        smtp_sasl_password_maps=f"lmdb:{place}/sasl",
        mynetworks=f"cidr:{place}/networks",
        header_checks=f"pcre:{place}/headers",
        smtpd_client_restrictions=RESTRICTIONS,
        address_verify_map="lmdb:$data_directory/verify",
    )


def with_postfix(made: Gateway) -> float:
    """Check, start until it answers, and stop with Postfix's own command; return the seconds to the answer."""
    programs = made.instance.programs
    started = time.monotonic()
    programs.run("postfix", "check")
    programs.run("postfix", "start")
    for listener in made.instance.listeners():
        greeting = greet(listener, 20)
        if not greeting.answers:
            raise SystemExit(f"it does not answer: {greeting.fault}")
    seconds = time.monotonic() - started
    made.instance.stop()
    return seconds


def with_probe(judge: Judge, made: Gateway) -> float:
    """Judge it; return the seconds."""
    judgement = judge.probe(made.conf)
    if judgement.findings or judgement.not_judged:
        raise SystemExit(f"it is not judged well: {[*map(str, judgement.findings), *judgement.not_judged]}")
    return judgement.seconds["all"]


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--rounds", type=int, default=9)
    options.add_argument("--rows", type=int, default=10_000)
    asked = options.parse_args()
    with gateway() as made:
        configured(made, asked.rows)
        made.instance.prepare()
        judge = Judge(made.paths, made.top / "neutral")
        ways: dict[str, Callable[[], float]] = {
            "postfix check + start": lambda: with_postfix(made),
            "probe": lambda: with_probe(judge, made),
        }
        taken: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(asked.rounds):
            for name, way in ways.items():
                taken[name].append(way())
        parts = judge.probe(made.conf).seconds
    for name, seconds in taken.items():
        print(f"{name:22} median {statistics.median(seconds) * 1000:6.0f} ms   best {min(seconds) * 1000:6.0f} ms")
    ratio = statistics.median(taken["probe"]) / statistics.median(taken["postfix check + start"])
    print(f"probe / (check + start) = {ratio:.2f}    target: probe <= 300 ms")
    print("parts of one probe: " + ", ".join(f"{name} {took * 1000:.0f} ms" for name, took in parts.items()))


if __name__ == "__main__":
    main()
