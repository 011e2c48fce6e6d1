"""A name server for tests: answers from a dictionary, over UDP, on a loopback address of its own and port 53.

Programs reach it through a resolv.conf of their own: `prefix()` gives the command that runs a program in a mount
namespace where /etc/resolv.conf names this server. What is not in the records does not exist (NXDOMAIN); a name that
has records of another type only has no answer (NOERROR without one). `asked` lists the questions.

    with DnsServer({("2.0.0.127.zone.test", "A"): ["127.0.0.2"]}) as dns:
        postfix.start(prefix=dns.prefix())
"""

from __future__ import annotations

import random
import socket
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Self

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import TracebackType

Records = dict[tuple[str, str], list[str]]


class DnsServer:
    """The server; it answers from `records` until it is left, and takes changes to them at once."""

    def __init__(self, records: Mapping[tuple[str, str], Sequence[str]] | None = None) -> None:
        self.records: Records = {key: list(values) for key, values in (records or {}).items()}
        self.asked: list[tuple[str, str]] = []
        self._socket, self.address = bound()
        self._file = Path(tempfile.mkdtemp(prefix="sg-dns-")) / "resolv.conf"
        self._file.write_text(f"nameserver {self.address}\noptions timeout:5 attempts:1\n")
        self._file.parent.chmod(0o755)

    def __enter__(self) -> Self:
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.sendto(b"", (self.address, 53))
        self._file.unlink()
        self._file.parent.rmdir()

    def prefix(self) -> tuple[str, ...]:
        """Return the command to put before a program so that it asks this server."""
        script = f'mount --bind {self._file} /etc/resolv.conf && exec "$@"'
        return ("unshare", "-m", "sh", "-c", script, "sh")

    def _serve(self) -> None:
        with self._socket:
            while True:
                packet, client = self._socket.recvfrom(4096)
                if not packet:
                    return
                answer = self._over_udp(packet)
                if answer:
                    self._socket.sendto(answer, client)

    def _over_udp(self, packet: bytes) -> bytes:
        """Return what is answered over UDP; nothing for silence."""
        return self._answer(packet)

    def _answer(self, packet: bytes) -> bytes:
        query = dns.message.from_wire(packet)
        reply = dns.message.make_response(query)
        reply.flags |= dns.flags.RA | dns.flags.AA
        question = query.question[0]
        name = question.name.to_text(omit_final_dot=True).lower()
        kind = dns.rdatatype.to_text(question.rdtype)
        self.asked.append((name, kind))
        if values := self.records.get((name, kind)):
            reply.answer.append(dns.rrset.from_text(question.name, 60, "IN", kind, *values))
        elif not any(known == name for known, _ in self.records):
            reply.set_rcode(dns.rcode.NXDOMAIN)
        return reply.to_wire()


def bound() -> tuple[socket.socket, str]:
    """Take a loopback address that nobody else has port 53 on."""
    while True:
        address = ".".join(["127", "77", *(str(random.SystemRandom().randrange(1, 255)) for _ in range(2))])
        server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            server.bind((address, 53))
        except OSError:
            server.close()
        else:
            return server, address
