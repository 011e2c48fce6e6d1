"""Messages a second through the MPA, against a Postfix that filters through itself.

    PYTHONPATH=src:. python bench/mpa_pass.py [--rounds 7] [--messages 600] [--size 10240] [--sessions 20]

Both gateways are the same private Postfix (smtp-source → smtpd → queue → filter → smtpd → queue → smtp-sink), with
the same process limits. In one the filter is the MPA over LMTP, in the other it is the re-injection smtpd itself,
spoken to by smtp(8) directly: the least an after-queue filter written in C can cost. Rounds alternate and change
their order; the result is the ratio of the medians. Absolute numbers say more about the machine's other work than
about us.
"""

from __future__ import annotations

import argparse
import os
import re
import statistics
import subprocess
import time
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from tests.support.mail_gateway import MAIN, REINJECTION, TRANSPORT, options
from tests.support.mpa_program import MpaProgram
from tests.support.ports import lease_port
from tests.support.postfix_instance import STOCK_SERVICES, PostfixInstance
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

PROCESSES = 20


class Variant:
    """One gateway under test."""

    def __init__(self, name: str, postfix: PostfixInstance, port: int, mpa: MpaProgram | None) -> None:
        self.name, self.postfix, self.port, self.mpa = name, postfix, port, mpa
        self.rates: list[float] = []
        self.mpa_cpu: list[float] = []
        self.all_cpu: list[float] = []

    def cpu(self) -> tuple[float, float]:
        """CPU seconds used so far by the MPA, and by the MPA and Postfix; what the machine else does does not count."""
        mpa = cpu_seconds(self.mpa.pid) if self.mpa else 0.0
        return mpa, mpa + cpu_seconds(self.postfix.pid)


def cpu_seconds(session: int) -> float:
    """CPU seconds of all processes of a session, ended ones included."""
    ticks = 0
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            fields = path.read_text().rpartition(")")[2].split()
            if int(fields[3]) == session:
                ticks += sum(map(int, fields[11:15]))
    return ticks / os.sysconf("SC_CLK_TCK")


@contextmanager
def variant(name: str, sink_port: int, workers: int) -> Iterator[Variant]:
    """Run a gateway: through the MPA, or (no workers) through Postfix itself."""
    with ExitStack() as stack:
        postfix = stack.enter_context(PostfixInstance.temporary())
        port, reinject = lease_port(), lease_port()
        mpa = None
        if workers:
            mpa = stack.enter_context(
                MpaProgram.temporary(f"127.0.0.1:{reinject}", workers, reinject_connections=PROCESSES)
            )
            hop = f"127.0.0.1:{mpa.port}"
            settings = TRANSPORT
            program = "lmtp"
        else:
            hop = f"[127.0.0.1]:{reinject}"
            settings = {key.replace("lmtp_", "smtp_"): value for key, value in TRANSPORT.items()}
            program = "smtp"
        next_hop = "inet:" + hop if program == "lmtp" else hop
        postfix.configure(
            {
                **MAIN,
                "content_filter": f"mpa:{next_hop}",
                "relay_transport": f"relay:[127.0.0.1]:{sink_port}",
                "smtpd_client_connection_count_limit": "0",
            },
            [
                f"127.0.0.1:{port} inet n - n - - smtpd",
                f"127.0.0.1:{reinject} inet n - n - {PROCESSES + 2} smtpd {options(REINJECTION)}",
                f"mpa unix - - n - {PROCESSES} {program} {options(settings)}",
                *STOCK_SERVICES,
            ],
        )
        postfix.start()
        if mpa:
            mpa.start()
        yield Variant(name, postfix, port, mpa)


class CountingSink:
    """A smtp-sink that tells how many messages it has received."""

    def __init__(self, port: int) -> None:
        command = ["smtp-sink", "-u", "nobody", "-c", f"127.0.0.1:{port}", "512"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE)
        self.total = 0

    def wait_for(self, total: int) -> None:
        """Return once `total` messages have come since the start."""
        assert self.process.stdout
        text = b""
        while self.total < total:
            text = text[-100:] + os.read(self.process.stdout.fileno(), 65536)
            seen = re.findall(rb"mesg=(\d+)", text)
            self.total = int(seen[-1]) if seen else self.total

    def stop(self) -> None:
        """End the program."""
        self.process.terminate()
        self.process.wait()


def measure(target: Variant, sink: CountingSink, arguments: argparse.Namespace) -> None:
    """Send one round and note its rate."""
    count = str(arguments.messages)
    mpa, everything = target.cpu()
    begun = time.monotonic()
    subprocess.run(
        [
            *("smtp-source", "-s", str(arguments.sessions), "-m", count, "-l", str(arguments.size)),
            *("-f", "sender@out.example", "-t", "rcpt@example.test", f"127.0.0.1:{target.port}"),
        ],
        check=True,
    )
    sink.wait_for(sink.total + arguments.messages)
    target.rates.append(arguments.messages / (time.monotonic() - begun))
    wait_until(lambda: not target.postfix.messages(), "the queue is empty")
    mpa_now, everything_now = target.cpu()
    target.mpa_cpu.append((mpa_now - mpa) / arguments.messages * 1000)
    target.all_cpu.append((everything_now - everything) / arguments.messages * 1000)


def main() -> None:
    """Run the rounds and print the ratio of the medians."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--messages", type=int, default=600)
    parser.add_argument("--size", type=int, default=10240)
    parser.add_argument("--sessions", type=int, default=20)
    parser.add_argument("--workers", type=int, default=2)
    arguments = parser.parse_args()
    sink_port = lease_port()
    sink = CountingSink(sink_port)
    with variant("Postfix through itself", sink_port, 0) as itself, variant("MPA", sink_port, arguments.workers) as mpa:
        for target in (itself, mpa):
            measure(target, sink, arguments)  # warm-up: caches, processes, connections
            for figures in (target.rates, target.mpa_cpu, target.all_cpu):
                figures.clear()
        for number in range(arguments.rounds):
            for target in (itself, mpa) if number % 2 else (mpa, itself):
                measure(target, sink, arguments)
        sink.stop()
    report(itself, mpa)


def report(itself: Variant, mpa: Variant) -> None:
    """Print what was measured."""
    for target in (itself, mpa):
        low, high, cpu = min(target.rates), max(target.rates), statistics.median(target.all_cpu)
        rate = statistics.median(target.rates)
        print(f"{target.name:24} {rate:7.1f} messages/s ({low:.1f}-{high:.1f}), {cpu:.2f} ms CPU a message")
    pairs = [mine / base for mine, base in zip(mpa.rates, itself.rates, strict=True)]
    ratio = statistics.median(mpa.rates) / statistics.median(itself.rates)
    work = statistics.median(itself.all_cpu) / statistics.median(mpa.all_cpu)
    print(f"of that the MPA's own: {statistics.median(mpa.mpa_cpu):.2f} ms; machine load {os.getloadavg()[0]:.1f}")
    print(
        f"ratio of medians {ratio:.3f} (target 0.95); of paired rounds {statistics.median(pairs):.3f}; CPU {work:.3f}"
    )


if __name__ == "__main__":
    main()
