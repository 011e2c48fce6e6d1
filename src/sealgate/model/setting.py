"""What a setting is: one named value with its own version, read from text or JSON and shown in words.

`parse` takes what a form, a JSON document or the command line gives; `to_json` gives the one canonical form, and
`parse(to_json(v)) == v`; `show` is for people. An empty text means "not set" wherever the default is "not set".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from sealgate.model.errors import InvalidValue
from sealgate.model.names import HostName, MailAddress, NextHop, parse_address, parse_port
from sealgate.model.objects import Kind, list_of
from sealgate.model.text import flag, one_line, shown, whole_number
from sealgate.model.units import parse_duration, parse_size, show_duration, show_size

if TYPE_CHECKING:
    from collections.abc import Callable

    from sealgate.model.names import Address

T = TypeVar("T")
NOT_SET = "not set"


@dataclass(frozen=True, slots=True)
class Setting(Generic[T]):
    """The description of one setting; `parse` raises `InvalidValue` and nothing else."""

    name: str
    title: str
    page: str
    help: str
    parse: Callable[[Any], T]
    to_json: Callable[[T], Any]
    show: Callable[[T], str]
    default: T
    kind: Kind = Kind.TEXT
    choices: tuple[str, ...] = ()

    @property
    def attribute(self) -> str:
        """The attribute of `Settings` that holds the value."""
        return self.name.replace("-", "_")


@dataclass(frozen=True, slots=True)
class Listener:
    """Where the public SMTP service listens: an address (None: all addresses) and a port (None: the gateway's own)."""

    address: Address | None
    port: int | None

    def __str__(self) -> str:
        """Return the listener as it is typed: `192.0.2.1:25`, `[2001:db8::1]`, `*:2525`."""
        host = "*" if self.address is None else str(self.address)
        if self.address is not None and self.address.version == 6:
            host = f"[{host}]"
        return host if self.port is None else f"{host}:{self.port}"


def flag_setting(name: str, title: str, page: str, text: str, *, default: bool) -> Setting[bool]:
    """Describe a yes or no."""
    return Setting(
        name, title, page, text, lambda v: flag(v, title), bool, lambda v: "yes" if v else "no", default, Kind.FLAG
    )


def choice_setting(
    name: str, title: str, page: str, text: str, *, default: str, choices: tuple[str, ...]
) -> Setting[str]:
    """Describe a choice from a few words."""

    def parse(value: object) -> str:
        word = one_line(value, title, 100).lower()
        if word not in choices:
            raise InvalidValue.of(f"{title} {shown(word)!r} is not possible.", f"Choose from: {', '.join(choices)}.")
        return word

    return Setting(name, title, page, text, parse, str, str, default, Kind.CHOICE, choices)


def number_setting(
    name: str, title: str, page: str, text: str, *, default: int, limits: tuple[int, int]
) -> Setting[int]:
    """Describe a whole number within limits."""
    return Setting(name, title, page, text, lambda v: whole_number(v, title, *limits), int, str, default, Kind.NUMBER)


def duration_setting(
    name: str, title: str, page: str, text: str, *, default: int, limits: tuple[int, int]
) -> Setting[int]:
    """Describe a time in seconds, entered and shown with units."""
    return Setting(name, title, page, text, lambda v: parse_duration(v, title, *limits), int, show_duration, default)


def size_setting(name: str, title: str, page: str, text: str, *, default: int, limits: tuple[int, int]) -> Setting[int]:
    """Describe a size in bytes, entered and shown with units."""
    return Setting(name, title, page, text, lambda v: parse_size(v, title, *limits), int, show_size, default)


def optional(base: Setting[T], unset: str) -> Setting[T | None]:
    """Make a setting one that may be not set (its default), which is shown as `unset`."""
    return Setting(
        base.name,
        base.title,
        base.page,
        base.help,
        lambda v: None if is_unset(v) else base.parse(v),
        lambda v: None if v is None else base.to_json(v),
        lambda v: f"{NOT_SET} ({unset})" if v is None else base.show(v),
        None,
        base.kind,
        base.choices,
    )


def is_unset(value: object) -> bool:
    """Tell whether a value from outside means "not set": null, or nothing but blanks."""
    return value is None or (isinstance(value, str) and not value.strip())


def show_host_name(host: HostName) -> str:
    """Return a host name with its international form, where it has one."""
    return host.ascii if host.unicode == host.ascii else f"{host.unicode} ({host.ascii})"


def parse_next_hop(value: object, title: str) -> NextHop:
    """Read a next hop: `{"host", "port", "mx"}`, or text such as `host`, `host:587`, `[2001:db8::1]:25`, `host mx`."""
    if isinstance(value, NextHop):
        return value
    if isinstance(value, dict):
        if unknown := sorted(str(name) for name in value if name not in {"host", "port", "mx"}):
            raise InvalidValue.of(f"{title} has no {shown(unknown[0])!r}.", "It has host, port and mx.")
        return NextHop.parse(value.get("host"), value.get("port"), value.get("mx", False), title)
    words = one_line(value, title, 1000).split()
    mx = len(words) == 2 and words[1].lower() == "mx"
    if len(words) != 1 and not mx:
        raise InvalidValue.of(f"{title} {shown(str(value))!r} is not a host.", "Enter host, host:port or host:port mx.")
    host, port = split_port(words[0])
    return NextHop.parse(host, port, mx, title)


def split_port(text: str) -> tuple[str, str | None]:
    """Split `host:port`; an IPv6 address with a port needs its brackets, without a port it does not."""
    head, colon, tail = text.rpartition(":")
    if not colon or tail.endswith("]") or (":" in head and not head.endswith("]")):
        return text, None
    return head, tail


def next_hop_json(hop: NextHop) -> dict[str, Any]:
    """Return the canonical form of a next hop."""
    return {"host": str(hop.host), "port": hop.port, "mx": hop.mx}


def show_next_hop(hop: NextHop) -> str:
    """Return a next hop in words."""
    name = show_host_name(hop.host) if isinstance(hop.host, HostName) else str(hop.host)
    return f"{name}, port {hop.port}{', by its MX records' if hop.mx else ''}"


def parse_listener(value: object, title: str) -> Listener:
    """Read a listener: `{"address", "port"}`, or text such as `192.0.2.1`, `[2001:db8::1]:25`, `*:2525`, `2525`."""
    if isinstance(value, Listener):
        return value
    if isinstance(value, dict):
        address, port = value.get("address"), value.get("port")
    elif isinstance(value, str) and value.strip().isdigit():
        address, port = None, value
    else:
        address, port = split_port(one_line(value, title, 100))
    everywhere = address is None or (isinstance(address, str) and address.strip() in {"", "*"})
    return Listener(
        None if everywhere else parse_address(address, title),
        None if is_unset(port) else parse_port(port, f"{title}: the port"),
    )


def listener_json(listener: Listener) -> dict[str, Any]:
    """Return the canonical form of a listener."""
    return {"address": None if listener.address is None else str(listener.address), "port": listener.port}


def parse_listeners(value: object, title: str) -> tuple[Listener, ...]:
    """Read a list of listeners without repetitions."""
    single = isinstance(value, dict)
    return _distinct([parse_listener(item, title) for item in ([value] if single else list_of(value, title, 50))])


def parse_addresses(value: object, title: str) -> tuple[Address, ...]:
    """Read a list of IP addresses without repetitions."""
    return _distinct([parse_address(item, title) for item in list_of(value, title, 50)])


def parse_mail_addresses(value: object, title: str) -> tuple[MailAddress, ...]:
    """Read a list of mail addresses without repetitions."""
    return _distinct([MailAddress.parse(item, title) for item in list_of(value, title, 100)])


def _distinct(items: list[T]) -> tuple[T, ...]:
    return tuple(dict.fromkeys(items))


def show_list(items: tuple[object, ...], none: str) -> str:
    """Return a list for people, or what an empty one means."""
    return ", ".join(map(str, items)) or none
