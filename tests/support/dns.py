"""A name server that answers from plain data: `{("example.com", "MX"): ["10 mx.example.com"]}`.

A name that is known under another type is answered with no data, an unknown name with NXDOMAIN. The PTR, RBL and all
other zones are nothing special: they are names in the data. Data may be changed while it runs. `fail` holds names (or
suffixes beginning with a dot) that are answered with SERVFAIL; `silent` makes it answer nothing at all.
"""

from __future__ import annotations

import socket
import threading
from typing import TYPE_CHECKING

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset

if TYPE_CHECKING:
    from tests.support.namespaces import Namespace


class NameServer:
    """One UDP server; `records` maps (name, type) to record texts, `asked` lists the questions it got."""

    def __init__(self, namespace: Namespace, address: str) -> None:
        """Start to answer on port 53 of `address` in the namespace."""
        self.records: dict[tuple[str, str], list[str]] = {}
        self.fail: set[str] = set()
        self.silent = False
        self.asked: list[tuple[str, str]] = []
        self._stopped = False
        self._socket = namespace.inside(lambda: _bound(address))
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def add(self, name: str, kind: str, *texts: str) -> None:
        """Add records to a name."""
        self.records.setdefault((name.lower(), kind), []).extend(texts)

    def forget(self) -> None:
        """Know nothing, fail at nothing, and answer."""
        self.records, self.asked = {}, []
        self.fail.clear()
        self.silent = False

    def _serve(self) -> None:
        while not self._stopped:
            try:
                packet, peer = self._socket.recvfrom(4096)
            except TimeoutError:
                continue
            if not self.silent:
                self._socket.sendto(self._answer(packet), peer)

    def _answer(self, packet: bytes) -> bytes:
        query = dns.message.from_wire(packet)
        question = query.question[0]
        name = question.name.to_text(omit_final_dot=True).lower()
        kind = dns.rdatatype.to_text(question.rdtype)
        self.asked.append((name, kind))
        answer = dns.message.make_response(query)
        answer.flags |= dns.flags.RA
        texts = self.records.get((name, kind))
        if any(name == failing or name.endswith(failing) for failing in self.fail):
            answer.set_rcode(dns.rcode.SERVFAIL)
        elif texts:
            answer.answer.append(_records(question.name, kind, texts))
        elif not any(known == name for known, _ in self.records):
            answer.set_rcode(dns.rcode.NXDOMAIN)
        return answer.to_wire()

    def close(self) -> None:
        """Stop answering."""
        self._stopped = True
        self._thread.join()
        self._socket.close()


def _records(name: dns.name.Name, kind: str, texts: list[str]) -> dns.rrset.RRset:
    """Return the records; names in them are absolute, with or without the final dot."""
    return dns.rrset.from_text_list(name, 60, "IN", kind, texts, origin=dns.name.root, relativize=False)


def _bound(address: str) -> socket.socket:
    found = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    found.settimeout(0.1)
    found.bind((address, 53))
    return found
