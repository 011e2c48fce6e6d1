"""Services that have no opinion: what stands in for a milter, policy service, login server or table in a rehearsal.

Each function holds one connection to its end. The milter negotiates up to version 6 and lets everything pass, the
policy service answers DUNNO, the login server offers the usual mechanisms and refuses every login, and the tables know
nothing. They never change, delay or refuse a mail. What a client sends never raises beyond OSError; a connection that
makes no sense is closed. Sources: MILTER_README and mfdef.h of libmilter, SMTPD_POLICY_README, Dovecot's auth-protocol
(version 1), socketmap_table(5), tcp_table(5).
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    import socket

_LONGEST = 1 << 24
_MILTER_VERSION = 6
_UNANSWERED = frozenset(b"DAK")
"""Macros, abort, and "quit, but keep the connection": nothing is said to these."""
_CONTINUE = struct.pack("!IB", 1, ord("c"))
_MECHANISMS = ("PLAIN\tplaintext", "LOGIN\tplaintext", "CRAM-MD5\tdictionary\tactive", "SCRAM-SHA-256\tmutual-auth")


def milter(connection: socket.socket) -> None:
    """Speak the milter protocol: negotiate, then continue to everything."""
    with connection.makefile("rb") as said:
        while packet := _packet(said):
            command, data = packet[0], packet[1:]
            if command == ord("Q"):
                return
            if command == ord("O"):
                connection.sendall(_negotiated(data))
            elif command not in _UNANSWERED:
                connection.sendall(_CONTINUE)


def _packet(said: BinaryIO) -> bytes:
    """Return the next packet, its command first; nothing at the end."""
    head = said.read(4)
    if len(head) < 4:
        return b""
    (length,) = struct.unpack("!I", head)
    return said.read(length) if 0 < length <= _LONGEST else b""


def _negotiated(data: bytes) -> bytes:
    """Return the answer to the offer: its version, no changes wanted, every event, an answer to each."""
    (offered,) = struct.unpack_from("!I", data) if len(data) >= 4 else (_MILTER_VERSION,)
    return struct.pack("!IBIII", 13, ord("O"), min(offered, _MILTER_VERSION), 0, 0)


def policy(connection: socket.socket) -> None:
    """Speak the policy delegation protocol: DUNNO to every request."""
    with connection.makefile("rb") as said:
        for line in said:
            if not line.strip():
                connection.sendall(b"action=DUNNO\n\n")


def login(connection: socket.socket) -> None:
    """Speak Dovecot's authentication protocol: every login is refused."""
    offer = "VERSION\t1\t2\n" + "".join(f"MECH\t{one}\n" for one in _MECHANISMS)
    connection.sendall(f"{offer}SPID\t1\nCUID\t1\nCOOKIE\t{'0' * 32}\nDONE\n".encode())
    with connection.makefile("rb") as said:
        for line in said:
            words = line.rstrip(b"\n").split(b"\t")
            if words[0] in {b"AUTH", b"CONT"} and len(words) > 1:
                connection.sendall(b"FAIL\t" + words[1] + b"\treason=rehearsal\n")


def socketmap(connection: socket.socket) -> None:
    """Speak the socketmap protocol: nothing is found."""
    with connection.makefile("rb") as said:
        while _netstring(said):
            connection.sendall(b"9:NOTFOUND ,")


def _netstring(said: BinaryIO) -> bytes:
    digits = b""
    while (sign := said.read(1)).isdigit() and len(digits) < 9:
        digits += sign
    if sign != b":" or not digits:
        return b""
    return said.read(int(digits) + 1)[:-1]


def tcp_table(connection: socket.socket) -> None:
    """Speak the protocol of tcp tables: nothing is found."""
    with connection.makefile("rb") as said:
        for _ in said:
            connection.sendall(b"500 not%20found\n")
