"""The name server of a sealed world: UDP and TCP on port 53, answering from `dns_answers.Names`.

It listens in the artificial internet on `RESOLVER`, where the world's resolv.conf leads; the gateway's own 127.0.0.1 is
served as well, for daemons in a chroot without a resolv.conf ask there. It runs until the world ends.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from typing import TYPE_CHECKING

from sealgate.rehearsal.addresses import RESOLVER
from sealgate.rehearsal.dns_answers import reply

if TYPE_CHECKING:
    from sealgate.rehearsal.dns_answers import Names
    from sealgate.rehearsal.network import Place

RESOLV_CONF = f"nameserver {RESOLVER}\noptions timeout:1 attempts:1\n"
"""One try of one second: a dead resolver costs a trial seconds, not half a minute."""
_PORT = 53
_PATIENCE = 5.0


def serve_names(names: Names, internet: Place) -> None:
    """Answer queries from now on. Raises OSError when the port cannot be had."""
    _serve(names, *internet.call(lambda: _sockets(RESOLVER)))
    with contextlib.suppress(OSError):
        _serve(names, *_sockets("127.0.0.1"))


def _sockets(address: str) -> tuple[socket.socket, socket.socket]:
    datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    datagrams.bind((address, _PORT))
    return datagrams, socket.create_server((address, _PORT), backlog=64)


def _serve(names: Names, datagrams: socket.socket, streams: socket.socket) -> None:
    threading.Thread(target=_datagrams, args=(names, datagrams), daemon=True).start()
    threading.Thread(target=_streams, args=(names, streams), daemon=True).start()


def _datagrams(names: Names, server: socket.socket) -> None:
    while True:
        query, client = server.recvfrom(1 << 16)
        answer = reply(query, names)
        if answer is not None:
            with contextlib.suppress(OSError):
                server.sendto(answer, client)


def _streams(names: Names, server: socket.socket) -> None:
    while True:
        connection, _ = server.accept()
        threading.Thread(target=_stream, args=(names, connection), daemon=True).start()


def _stream(names: Names, connection: socket.socket) -> None:
    """Answer the queries of one connection, each with its length before it (RFC 1035 §4.2.2)."""
    with connection, contextlib.suppress(OSError, struct.error):
        connection.settimeout(_PATIENCE)
        incoming = connection.makefile("rb")
        while head := incoming.read(2):
            answer = reply(incoming.read(struct.unpack("!H", head)[0]), names, stream=True)
            if answer is None:
                return
            connection.sendall(struct.pack("!H", len(answer)) + answer)
