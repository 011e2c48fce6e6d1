"""Live tests: the node really connects to a next hop, logs in, asks a DNS list, or looks at DNS.

What is tested is what the draft or what is live says: a relay host, a transport, a login, a list, the gateway's own
names. A next hop on loopback or in a private network is usual for a relay, so nothing is refused by its address; the
guard is the right to edit that part of the draft (and to store secrets, for a login), and that every test is audited
before it begins. Nothing is changed, and no message is ever sent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sealgate.link.codec import to_json
from sealgate.link.live_tests import MOST_DOMAINS, DnsPicture, ListTest, LoginTest, NextHopTest
from sealgate.model.errors import InvalidValue, NotFound
from sealgate.model.names import MailAddress, NextHop
from sealgate.model.rbl import RblKind
from sealgate.services import node_facts
from sealgate.services.actor import Right
from sealgate.services.areas import may_edit
from sealgate.services.bundles import bundle_of
from sealgate.services.desired import desired_state
from sealgate.services.nouns import noun_of
from sealgate.services.saved import found
from sealgate.services.ways import main_cf, way_to

if TYPE_CHECKING:
    from sealgate.link.live_tests import LiveReport
    from sealgate.model.desired import DesiredState
    from sealgate.services.actor import Actor
    from sealgate.services.gateway import Gateway
    from sealgate.services.judging import OnProgress
    from sealgate.store import Reader, View

RELAY_HOSTS = ("external-relay-host", "internal-relay-host")


def relay_host(
    gateway: Gateway,
    actor: Actor,
    name: str,
    *,
    recipient: str = "",
    live: bool = False,
    progress: OnProgress | None = None,
) -> LiveReport:
    """Test the external or the internal relay host (`name` is the setting)."""
    if name not in RELAY_HOSTS:
        raise NotFound(f"There is no relay host {name[:60]!r}. They are: {', '.join(RELAY_HOSTS)}.")
    may_edit(actor, "setting", name)
    words = name.replace("-", " ").capitalize()
    with gateway.store.reading() as reader:
        desired = _desired(reader, live=live)
        hop: NextHop | None = getattr(desired.settings, name.replace("-", "_"))
        if hop is None:
            raise NotFound(f"{words} is not set{_where(live)}: mail goes to the MX records of each domain.")
        way = way_to(hop, desired, node_facts.facts(gateway, actor))
        asked = recipient.strip() or _postmaster(desired)
    test = NextHopTest(f"{words} {hop}", way, _address(asked))
    return _ask(gateway, actor, f"setting {name}", test, live=live, progress=progress)


def transport(
    gateway: Gateway,
    actor: Actor,
    key: str,
    *,
    recipient: str = "",
    live: bool = False,
    progress: OnProgress | None = None,
) -> LiveReport:
    """Test the next hop of a transport."""
    may_edit(actor, "transport", key)
    with gateway.store.reading() as reader:
        row = found(_view(reader, live=live), noun_of("transport"), key)
        desired = _desired(reader, live=live)
        hop = noun_of("transport").parse(row.fields).next_hop
        if hop is None:
            raise InvalidValue.of(
                f"The transport {key[:100]!r} has no server to connect to.",
                "Only transports with a relay host can be tested.",
                "key",
            )
        way = way_to(hop, desired, node_facts.facts(gateway, actor))
        asked = recipient.strip() or _recipient_of(key) or _postmaster(desired)
    test = NextHopTest(f"Transport {key} to {hop}", way, _address(asked))
    return _ask(gateway, actor, f"transport {key}", test, live=live, progress=progress)


def login(
    gateway: Gateway, actor: Actor, key: str, *, live: bool = False, progress: OnProgress | None = None
) -> LiveReport:
    """Log in at the host of a row of SASL passwords, with its password, which only the node can open."""
    may_edit(actor, "sasl", key)
    actor.may(Right.SECRETS)
    with gateway.store.reading() as reader:
        view = _view(reader, live=live)
        row = found(view, noun_of("sasl"), key)
        desired = _desired(reader, live=live)
        hop = noun_of("sasl").parse(row.fields).next_hop
        way = way_to(hop, desired, node_facts.facts(gateway, actor))
        _audit(gateway, actor, f"sasl {key}", {"to": str(hop)}, live=live)
        bundle = bundle_of(reader, view)
        question = LoginTest(f"Login at {hop}", to_json(bundle.header), key, way)
        return gateway.node(actor).test_login(question, bundle, progress)


def dns_list(
    gateway: Gateway, actor: Actor, key: str, *, live: bool = False, progress: OnProgress | None = None
) -> LiveReport:
    """Ask a DNS list of the page RBL for its test entries."""
    may_edit(actor, "rbl", key)
    with gateway.store.reading() as reader:
        row = found(_view(reader, live=live), noun_of("rbl"), key)
    value = noun_of("rbl").parse(row.fields)
    _audit(gateway, actor, f"rbl {key}", {"to": str(value.zone)}, live=live)
    domains = value.kind in {RblKind.SENDER, RblKind.HELO}
    question = ListTest(f"DNS list {value.query}", str(value.zone), value.answers, domains)
    return gateway.node(actor).test_list(question, progress)


def dns_picture(
    gateway: Gateway, actor: Actor, search: str = "", *, live: bool = False, progress: OnProgress | None = None
) -> LiveReport:
    """Look at what DNS says of the gateway's names and of relay domains: the first, or the first that are found.

    Only names of the draft (or of what is live) are asked for, so whoever may look at them may look at this too.
    """
    actor.may(Right.VIEW)
    known = node_facts.facts(gateway, actor)
    with gateway.store.reading() as reader:
        view = _view(reader, live=live)
        desired = _desired(reader, live=live)
        domains = tuple(row.key for row in view.rows("relay-domain", limit=MOST_DOMAINS, search=search or None))
        main = main_cf(desired, known)
    hostname = str(desired.settings.my_hostname or known.node.machine_fqdn)
    helo = "".join((main.get("smtp_helo_name") or hostname).split())
    public = tuple(map(str, desired.settings.public_addresses))
    here = tuple(str(address) for address in known.node.addresses if address.is_global)
    _audit(gateway, actor, f"dns {hostname}", {"search": search} if search else {}, live=live)
    question = DnsPicture(hostname, helo, domains, public, (*public, *here))
    return gateway.node(actor).dns_picture(question, progress)


# -- pieces


def _ask(
    gateway: Gateway, actor: Actor, what: str, test: NextHopTest, *, live: bool, progress: OnProgress | None
) -> LiveReport:
    hop = NextHop.parse(test.way.host, test.way.port, test.way.mx)
    _audit(gateway, actor, what, {"to": str(hop), "recipient": test.recipient}, live=live)
    return gateway.node(actor).test_next_hop(test, progress)


def _address(recipient: str) -> str:
    return str(MailAddress.parse(recipient, "The recipient")) if recipient else ""


def _view(reader: Reader, *, live: bool) -> View:
    return reader.live() if live else reader.candidate()


def _desired(reader: Reader, *, live: bool) -> DesiredState:
    return desired_state(_view(reader, live=live))


def _where(live: bool) -> str:  # noqa: FBT001 - a word
    return " in what is live" if live else " in the draft"


def _postmaster(desired: DesiredState) -> str:
    """Return the recipient to ask for when nobody named one: postmaster of the first relay domain."""
    first = next((row.key for row in desired.rows.rows("relay-domain") if row.enabled), "")
    return f"postmaster@{first}" if first else ""


def _recipient_of(pattern: str) -> str:
    """Return a recipient that takes a transport; empty where its pattern names no domain."""
    if "@" in pattern:
        return pattern
    return "" if pattern.startswith((".", "*")) else f"postmaster@{pattern}"


def _audit(gateway: Gateway, actor: Actor, what: str, detail: dict[str, Any], *, live: bool) -> None:
    with gateway.writing(actor) as writer:
        writer.audit("live-test", what, {"state": "live" if live else "draft", **detail})
