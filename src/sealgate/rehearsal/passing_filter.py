"""A filter of mail that changes nothing: what stands in for a proxy filter or a content filter in a rehearsal.

It hands every command and message on to the listener behind the filter and gives the replies back, one for each
recipient by LMTP. So mail goes on as it would if the filter had no opinion. Where there is no listener behind it, mail
is taken and goes no further. TLS and CHUNKING are not offered, for they could not be handed on. Sources:
SMTPD_PROXY_README, FILTER_README, RFC 2033.
"""

from __future__ import annotations

import re
import socket
from typing import BinaryIO

_PATIENCE = 60.0
_LONGEST_LINE = 1 << 16
_NOT_HANDED_ON = re.compile(rb"250[- ](?:STARTTLS|CHUNKING)\b", re.IGNORECASE)


class PassingFilter:
    """Holds connections. `behind` is the listener's address, None when there is none; `lmtp`: clients speak LMTP."""

    def __init__(self, behind: tuple[str, int] | None, *, lmtp: bool = False) -> None:
        self._behind = behind
        self._lmtp = lmtp

    def __call__(self, connection: socket.socket) -> None:
        """Hold one connection to its end."""
        connection.settimeout(_PATIENCE)
        with connection.makefile("rb") as said:
            if self._behind is None:
                _Dialogue(connection, said, _Sink(), lmtp=self._lmtp).run()
                return
            with socket.create_connection(self._behind, _PATIENCE) as onwards:
                _Dialogue(connection, said, _Onwards(onwards), lmtp=self._lmtp).run()


class _Onwards:
    """The listener behind the filter."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._said = connection.makefile("rb")

    def greeting(self) -> bytes:
        return self._reply()

    def command(self, line: bytes) -> bytes:
        self._connection.sendall(line)
        return self._reply()

    def data(self, line: bytes) -> None:
        self._connection.sendall(line)

    def verdict(self) -> bytes:
        return self._reply()

    def _reply(self) -> bytes:
        lines = [self._said.readline(_LONGEST_LINE)]
        while lines[-1][3:4] == b"-":
            lines.append(self._said.readline(_LONGEST_LINE))
        kept = [line for line in lines if not _NOT_HANDED_ON.match(line)]
        if kept and kept[-1][3:4] == b"-":
            kept[-1] = kept[-1][:3] + b" " + kept[-1][4:]
        return b"".join(kept)


class _Sink:
    """Where mail ends when there is no listener behind the filter."""

    def greeting(self) -> bytes:
        return b"220 filter.sealgate.invalid ESMTP\r\n"

    def command(self, line: bytes) -> bytes:
        verb = line[:4].upper()
        if verb == b"EHLO":
            return b"250-filter.sealgate.invalid\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250-DSN\r\n250 SIZE\r\n"
        return {b"DATA": b"354 Go on\r\n", b"QUIT": b"221 2.0.0 Bye\r\n"}.get(verb, b"250 2.0.0 Ok\r\n")

    def data(self, line: bytes) -> None:
        pass

    def verdict(self) -> bytes:
        return b"250 2.0.0 Ok\r\n"


class _Dialogue:
    """One connection with what is behind it."""

    def __init__(self, client: socket.socket, said: BinaryIO, behind: _Onwards | _Sink, *, lmtp: bool) -> None:
        self._client, self._said, self._behind, self._lmtp = client, said, behind, lmtp
        self._recipients = 0

    def run(self) -> None:
        self._client.sendall(self._behind.greeting())
        while line := self._said.readline(_LONGEST_LINE):
            verb = line[:4].upper()
            reply = self._behind.command(b"EHLO" + line[4:] if verb == b"LHLO" else line)
            self._client.sendall(reply)
            if verb == b"QUIT" or not reply:
                return
            if verb in {b"MAIL", b"RSET"}:
                self._recipients = 0
            self._recipients += verb == b"RCPT" and reply[:1] == b"2"
            if verb == b"DATA" and reply[:3] == b"354":
                self._message()

    def _message(self) -> None:
        while line := self._said.readline(_LONGEST_LINE):
            self._behind.data(line)
            if line == b".\r\n":
                break
        reply = self._behind.verdict()
        self._client.sendall(reply * (self._recipients if self._lmtp else 1))
