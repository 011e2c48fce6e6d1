"""master.cf: Postfix's own services without chroot, the public listeners, and the two services of the MPA.

Each service is one entry of name, type and six columns, with its `-o` options on lines of their own (master(5)).
Values of options hold no blanks. The stock services are those of Postfix 3.7's own master.cf with chroot off; pipe
services for other programs are left to own lines. `hold` is error(8) under the name by which it defers mail; its type
is given as inet because two services of one name and type share one lock and starve each other (single_server(3)).

Two listeners on one port where one listens on all addresses cannot both be opened and would kill a running master, so
the narrower one is left out; a listener on a port of the MPA is an error.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sealgate.model.findings import Finding, Place, error
from sealgate.render.facts import Endpoint
from sealgate.render.mail_filter import SERVICE, lmtp_options, reinject_options

if TYPE_CHECKING:
    from sealgate.model.desired import DesiredState
    from sealgate.render.facts import NodeFacts

STOCK = """\
pickup    unix  n       -       n       60      1       pickup
cleanup   unix  n       -       n       -       0       cleanup
qmgr      unix  n       -       n       300     1       qmgr
tlsmgr    unix  -       -       n       1000?   1       tlsmgr
rewrite   unix  -       -       n       -       -       trivial-rewrite
bounce    unix  -       -       n       -       0       bounce
defer     unix  -       -       n       -       0       bounce
trace     unix  -       -       n       -       0       bounce
verify    unix  -       -       n       -       1       verify
flush     unix  n       -       n       1000?   0       flush
proxymap  unix  -       -       n       -       -       proxymap
proxywrite unix -       -       n       -       1       proxymap
smtp      unix  -       -       n       -       -       smtp
relay     unix  -       -       n       -       -       smtp
showq     unix  n       -       n       -       -       showq
error     unix  -       -       n       -       -       error
retry     unix  -       -       n       -       -       error
hold      unix  -       -       n       -       -       error -n retry -t inet
discard   unix  -       -       n       -       -       discard
local     unix  -       n       n       -       -       local
lmtp      unix  -       -       n       -       -       lmtp
anvil     unix  -       -       n       -       1       anvil
scache    unix  -       -       n       -       1       scache
postlog   unix-dgram n  -       n       -       1       postlogd
"""


@dataclass(frozen=True, slots=True)
class Service:
    """One service: the eight fields of its first line, its options, and further arguments of its program."""

    fields: tuple[str, ...]
    options: tuple[tuple[str, str], ...] = ()
    arguments: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The service's name, or where it listens."""
        return self.fields[0]

    @property
    def type(self) -> str:
        """`inet`, `unix`, `unix-dgram`, `fifo` or `pass`."""
        return self.fields[1]

    @property
    def command(self) -> str:
        """The program that serves it."""
        return self.fields[7]

    def lines(self) -> str:
        """Return the entry as it stands in master.cf."""
        columns = f"{self.fields[0]:<9} {self.fields[1]:<5}" + "".join(f" {field:<7}" for field in self.fields[2:7])
        command = " ".join((self.fields[7], *self.arguments))
        return f"{columns} {command}\n" + "".join(option_line(*option) for option in self.options)


def option_line(name: str, value: str) -> str:
    """Return one option as a line of its own."""
    return f"    -o {name}={value}\n"


def services(desired: DesiredState, node: NodeFacts) -> tuple[tuple[Service, ...], tuple[Finding, ...]]:
    """Return all generated services in their order, and what is wrong with the listeners."""
    listeners, findings = _listeners(desired, node)
    limit = ("message_size_limit", str(desired.settings.before_filter_size_limit))
    public = tuple(Service(_fields(_listener_name(end), "inet", "n", "smtpd"), (limit,)) for end in listeners)
    stock = tuple(_stock(line.split()) for line in STOCK.splitlines())
    back = _fields(str(node.reinject), "inet", "n", "smtpd", node.reinject_processes)
    forth = _fields(SERVICE, "unix", "-", "lmtp", node.mpa_processes)
    own = (Service(back, reinject_options(node)), Service(forth, lmtp_options()))
    return (*public, *stock, *own), findings


def before_limit(desired: DesiredState) -> tuple[str, str]:
    """Return the option that limits the size of what a listener takes from outside."""
    return ("message_size_limit", str(desired.settings.before_filter_size_limit))


def _stock(words: list[str]) -> Service:
    return Service(tuple(words[:8]), arguments=tuple(words[8:]))


def _fields(name: str, kind: str, private: str, command: str, processes: int | None = None) -> tuple[str, ...]:
    return (name, kind, private, "-", "n", "-", str(processes) if processes else "-", command)


def _listener_name(end: Endpoint) -> str:
    return "smtp" if end == Endpoint("", 25) else str(end)


def _listeners(desired: DesiredState, node: NodeFacts) -> tuple[tuple[Endpoint, ...], tuple[Finding, ...]]:
    wanted = tuple(
        Endpoint(str(one.address) if one.address else "", one.port or node.smtp_port)
        for one in desired.settings.listen_on
    )
    listed = dict.fromkeys(wanted or node.smtp_listeners)
    everywhere = {end.port for end in listed if not end.host}
    kept = tuple(end for end in listed if not end.host or end.port not in everywhere)
    own = (node.mpa, node.reinject)
    taken = [(end, ours) for end in kept for ours in own if end.port == ours.port and end.host in {"", ours.host}]
    free = tuple(end for end in kept if end not in {end for end, _ in taken})
    return free, tuple(_taken(end, ours) for end, ours in taken)


def _taken(end: Endpoint, ours: Endpoint) -> Finding:
    return error(
        "listener-takes-inner-port",
        Place("setting", "listen-on"),
        f"The listener {end} uses the port of {ours}, where Sealgate passes mail inside the machine.",
        "Two services cannot listen there; Postfix would stop.",
        "Choose another port.",
    )
