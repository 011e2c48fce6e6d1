"""Documents over HTTPS, from servers that may be slow, broken or hostile.

Only https, also after redirections, of which at most five are followed; no user name or password in an address; no
cookies, no proxy but the one given. A document is bounded in bytes as sent and as unpacked, and in the time of the
whole fetch. Conditions (RFC 9110, section 13) are made from the version that an earlier fetch returned.

What goes wrong is a NotFetched whose text holds nothing of the document.
"""

from __future__ import annotations

import re
import ssl
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote, urljoin, urlsplit

import httpcore

from sealgate.model.errors import InvalidValue, NotFetched
from sealgate.model.names import HostName
from sealgate.model.text import shown
from sealgate.providers.connecting import Dialler, address_of, forbidden

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sealgate.providers.names import Names
    from sealgate.providers.source import Clock, Reach

MOST_REDIRECTIONS = 5
_REDIRECTIONS = {301, 302, 303, 307, 308}
_LONGEST = 2000
_PRINTED = re.compile(r"[!-~]+", re.ASCII)
_HEADER = re.compile(r"[ -~]{1,300}", re.ASCII)
_GZIP = 16 + zlib.MAX_WBITS


@dataclass(frozen=True, slots=True)
class Place:
    """An address on the web: host (as in DNS, or an IP address without brackets), port, and what to ask for there."""

    host: str
    port: int
    target: str

    def __str__(self) -> str:
        """Return the address without its query, in which keys may stand."""
        return f"https://{self.authority}{shown(self.target.partition('?')[0])}"

    @property
    def authority(self) -> str:
        """Host and port as an address and the Host header have them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == 443 else f"{host}:{self.port}"

    @classmethod
    def parse(cls, text: str) -> Place:
        """Read an address; InvalidValue says what would be right."""
        if len(text) > _LONGEST or not _PRINTED.fullmatch(text) or "\\" in text:
            raise InvalidValue.of("The address has characters that cannot stand in one.", "Write blanks as %20.")
        try:
            url = urlsplit(text)
            host, port = url.hostname, url.port
        except ValueError:
            raise InvalidValue.of(
                f"{shown(text)!r} is no address.", "Write it like https://example.com/list."
            ) from None
        if url.scheme != "https" or not host or port == 0:
            raise InvalidValue.of(f"{shown(text)!r} is no https address.", "Write it like https://example.com/list.")
        if "@" in url.netloc:
            raise InvalidValue.of("The address has a user name in it.", "Lists are fetched without signing in.")
        literal = address_of(host)
        name = str(literal) if literal is not None else HostName.parse(host, "The host").ascii
        return cls(name, port or 443, f"{url.path or '/'}{f'?{url.query}' if url.query else ''}")


@dataclass(frozen=True, slots=True)
class Document:
    """What a server sent; `unchanged` when it said that nothing changed under the conditions (then without body)."""

    body: bytes
    etag: str = ""
    modified: str = ""
    unchanged: bool = False


class Web:
    """Gets documents, for one fetch, whose clock it has."""

    def __init__(self, reach: Reach, clock: Clock, names: Names) -> None:
        self._reach = reach
        self.clock = clock
        self._names = names

    def get(self, address: str, *, etag: str = "", modified: str = "") -> Document:
        """Return the document at an address, unless it is still that of the conditions."""
        conditions = {"If-None-Match": etag, "If-Modified-Since": modified}
        sent = {name: value for name, value in conditions.items() if _HEADER.fullmatch(value)}
        place = _place(address, "The address of the list")
        for _ in range(MOST_REDIRECTIONS + 1):
            onward = self._visit(place, sent)
            if isinstance(onward, Document):
                return onward
            place = _next(place, onward)
        raise NotFetched(f"{place}: more than {MOST_REDIRECTIONS} redirections. Use the address where they end.")

    def _visit(self, place: Place, conditions: Mapping[str, str]) -> Document | str:
        """Return the document at a place, or the address, perhaps relative, that it sends to."""
        literal = address_of(place.host)
        if literal is not None and not self._reach.allow_private and (why := forbidden(literal)):
            raise NotFetched(f"{place}: this address is {why}, and such servers are not asked. Use a public one.")
        headers = {"Host": place.authority, "Accept": "*/*", "Accept-Encoding": "gzip", "User-Agent": "sealgate"}
        url = httpcore.URL(scheme="https", host=place.host, port=place.port, target=place.target)
        try:
            with (
                self._pool() as pool,
                pool.stream("GET", url, headers=list((headers | dict(conditions)).items())) as response,
            ):
                return self._read(response, place, bool(conditions))
        except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException, httpcore.ProxyError) as fault:
            own = not isinstance(fault, httpcore.ProtocolError)  # those quote what came
            said = shown(str(fault)) if own and str(fault) else type(fault).__name__
            raise NotFetched(
                f"{place}: not received: {said}. Fetch again later; if it stays, check the server."
            ) from None

    def _read(self, response: httpcore.Response, place: Place, conditional: bool) -> Document | str:  # noqa: FBT001
        fields = {name.lower(): value for name, value in response.headers}
        location = fields.get(b"location", b"")
        if response.status in _REDIRECTIONS and location:
            return location.decode("latin-1")
        if response.status == 304 and conditional:
            return Document(b"", unchanged=True)
        if response.status != 200:
            raise NotFetched(f"{place}: the server answered {response.status}. {_remedy(response.status)}")
        body = b"".join(self._unpacked(response, fields.get(b"content-encoding", b""), place))
        return Document(body, _kept(fields.get(b"etag", b"")), _kept(fields.get(b"last-modified", b"")))

    def _unpacked(self, response: httpcore.Response, coding: bytes, place: Place) -> Iterator[bytes]:
        packed = coding.strip().lower() in {b"gzip", b"x-gzip"}
        if not packed and coding.strip().lower() not in {b"", b"identity"}:
            raise NotFetched(f"{place}: packed in a way that was not asked for. Check the server.")
        unpacker = _Gzip(self._reach.most_bytes) if packed else None
        received = unpacked = 0
        for piece in response.iter_stream():
            received += len(piece)
            found = piece
            if unpacker:
                try:
                    found = unpacker.unpack(piece)
                except zlib.error:
                    raise NotFetched(f"{place}: the packed answer is damaged. Fetch again later.") from None
            unpacked += len(found)
            if max(received, unpacked) > self._reach.most_bytes:
                most = f"{self._reach.most_bytes:,} bytes"
                raise NotFetched(f"{place}: more than {most} came. Check that this is the address of a list.")
            yield found
        if unpacker and not unpacker.whole:
            raise NotFetched(f"{place}: the packed answer was cut off before the end. Fetch again later.")

    def _pool(self) -> httpcore.ConnectionPool:
        trust = self._trust()
        if not self._reach.proxy:
            dialler = Dialler(self._names, self.clock, guarded=not self._reach.allow_private)
            return httpcore.ConnectionPool(ssl_context=trust, network_backend=dialler)
        where, login = _proxy(self._reach.proxy)
        dialler = Dialler(self._names, self.clock, guarded=False)
        return httpcore.HTTPProxy(where, proxy_auth=login, ssl_context=trust, network_backend=dialler)

    def _trust(self) -> ssl.SSLContext:
        try:
            trust = ssl.create_default_context(cafile=self._reach.ca_file or None)
        except OSError:
            raise NotFetched(
                f"The authorities in {shown(self._reach.ca_file)} cannot be read. Check that file (PEM) and its rights."
            ) from None
        # Python would take a connection that was cut off for the end of the document
        trust.options &= ~ssl.OP_IGNORE_UNEXPECTED_EOF
        return trust


class _Gzip:
    """Unpacks gzip (RFC 1952, several members too), never more than one byte over a limit at a time."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._member = zlib.decompressobj(_GZIP)
        self._begun = False

    def unpack(self, piece: bytes) -> bytes:
        found = bytearray()
        while piece and len(found) <= self._most:
            if self._member.eof:
                self._member = zlib.decompressobj(_GZIP)
            self._begun = True
            found += self._member.decompress(piece, self._most + 1 - len(found))
            piece = self._member.unused_data if self._member.eof else self._member.unconsumed_tail
        return bytes(found)

    @property
    def whole(self) -> bool:
        """Whether the last member came to its end."""
        return self._member.eof or not self._begun


def _place(address: str, what: str) -> Place:
    try:
        return Place.parse(address)
    except InvalidValue as fault:
        raise NotFetched(f"{what}: {fault}") from None


def _next(place: Place, onward: str) -> Place:
    """Return where a place sends to; what it said stands in no message, for keys may be in it."""
    try:
        return Place.parse(urljoin(f"https://{place.authority}{place.target}", onward))
    except (InvalidValue, ValueError):
        raise NotFetched(
            f"{place} sends to another address, and that is no https address like https://example.com/list."
            " Use the address where the list really is."
        ) from None


def _proxy(text: str) -> tuple[httpcore.URL, tuple[str, str] | None]:
    try:
        url = urlsplit(text)
        host, port = url.hostname, url.port
    except ValueError:
        url, host, port = urlsplit(""), None, None
    if url.scheme != "http" or not host or not port:
        raise NotFetched("The proxy is no http address. Write it like http://proxy.example.com:3128.")
    login = (unquote(url.username), unquote(url.password or "")) if url.username else None
    return httpcore.URL(scheme="http", host=host, port=port, target="/"), login


def _kept(value: bytes) -> str:
    text = value.decode("latin-1")
    return text if _HEADER.fullmatch(text) else ""


def _remedy(status: int) -> str:
    if status in {429, 503}:
        return "It wants to be asked less often; fetch again later."
    if status in {401, 403}:
        return "It wants a sign-in; use an address that needs none."
    return "Check the address of the list." if 400 <= status < 500 else "Fetch again later."
