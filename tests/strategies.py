"""Hypothesis strategies for values of the model: every page, the settings, and whole desired states.

Everything drawn here is a value that the model accepts, with the awkward cases over-represented: long names, IPv6,
international names, patterns full of special characters. Renderer and store draw from the same source.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
import string
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from sealgate.model.access import MyNetwork, opens_public_relay
from sealgate.model.checks import BLOCKS, FLAGS, SINCE, CheckRule, PatternType
from sealgate.model.desired import DesiredState, MemoryRows
from sealgate.model.forwarding import Forwarding
from sealgate.model.list_sources import Instance, ListSource, Origin
from sealgate.model.mta import BARE_NEWLINE, Settings
from sealgate.model.names import DomainName, HostName, MailAddress, NextHop
from sealgate.model.network import ClientPattern, Network
from sealgate.model.nouns import NOUNS
from sealgate.model.objects import Row
from sealgate.model.policy_tests import Expectation, PolicyTest, Protection
from sealgate.model.providers import WIDEST, Provider, ProviderSenders
from sealgate.model.rbl import Rbl, RblKind
from sealgate.model.relay_domains import RelayDomain
from sealgate.model.sasl import SaslPassword
from sealgate.model.secrets import Sealed
from sealgate.model.setting import Listener
from sealgate.model.static_lists import StaticClient
from sealgate.model.tables import TYPES, LookupTable
from sealgate.model.tls import INCOMING_LEVELS, OUTGOING_LEVELS, TlsPolicy
from sealgate.model.transports import HOLD, Transport

if TYPE_CHECKING:
    from collections.abc import Callable

_ALNUM = string.ascii_lowercase + string.digits
_PRINTABLE = "".join(chr(code) for code in range(0x20, 0x7F))


def _label(inner: str = _ALNUM + "-") -> st.SearchStrategy[str]:
    return st.one_of(
        st.sampled_from(["example", "mail", "a", "x" * 63, "a-b", "0"]),
        st.builds(
            lambda head, middle, tail: head + middle + tail,
            st.sampled_from(_ALNUM),
            st.text(inner, max_size=8).map(lambda text: text.replace("--", "-")),
            st.sampled_from(_ALNUM),
        ),
    )


_TOP = st.one_of(
    st.sampled_from(["com", "test", "example", "xn--p1ai"]), st.text(string.ascii_lowercase, min_size=2, max_size=5)
)
_INTERNATIONAL = st.sampled_from(["xn--bcher-kva.example", "xn--e1afmkfd.xn--p1ai", "xn--fiqs8s.example"])


def _names(label: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    plain = st.builds(lambda labels, top: ".".join([*labels, top]), st.lists(label, min_size=1, max_size=3), _TOP)
    return st.one_of(plain, _INTERNATIONAL)


domain_names = _names(_label(_ALNUM + "-_")).map(DomainName)
host_names = _names(_label()).map(HostName)
ipv4_addresses = st.ip_addresses(v=4)
ipv6_addresses = st.ip_addresses(v=6)
addresses = st.one_of(ipv4_addresses, ipv6_addresses)
hosts = st.one_of(host_names, addresses)
ports = st.one_of(st.sampled_from([25, 587, 2525]), st.integers(1, 65535))
next_hops = st.one_of(
    st.builds(NextHop, hosts, ports),
    st.builds(NextHop, host_names, ports, mx=st.booleans()),
)
_local_parts = st.one_of(
    st.sampled_from(["root", "a.b", "x+y", "o'brien", "a=b", "_", "x" * 64, "-dash", "&co", "wh?t", "st*r", "~a^"]),
    st.text(string.ascii_letters + string.digits + "_-+", min_size=1, max_size=10),
)
mail_addresses = st.builds(MailAddress, _local_parts, domain_names).filter(lambda a: len(str(a)) <= 254)
reply_texts = st.one_of(
    st.just(""),
    st.sampled_from(
        [
            "spam detected",
            "a # b",
            "REJECT it",
            "OK",
            "expires=never",
            "a, b",
            "see http://example.com/ {x}",
            "50% off!",
            "quote \" and ' \\",
        ]
    ),
    st.text(_PRINTABLE.replace("$", ""), min_size=1, max_size=60).map(str.strip),
).filter(lambda text: not text[:1].isdigit())
comments = st.one_of(st.just(""), st.text(_PRINTABLE, max_size=20).map(str.strip), st.just("für Müller"))
sealed = st.text(_ALNUM, min_size=1, max_size=16).map(Sealed)


def _ip_networks(least4: int = 0, least6: int = 0) -> st.SearchStrategy[Any]:
    def network(address: Any, prefix: int) -> Any:
        return ipaddress.ip_network((address, prefix), strict=False)

    mapped = ipaddress.ip_network("::ffff:0:0/96")
    v4 = st.builds(network, ipv4_addresses, st.integers(least4, 32))
    v6 = st.builds(network, ipv6_addresses, st.integers(least6, 128)).filter(lambda n: not n.subnet_of(mapped))
    return st.one_of(v4, v6)


networks = st.builds(Network, _ip_networks(), st.booleans())


@st.composite
def my_networks(draw: st.DrawFn) -> MyNetwork:
    """Draw a row of My networks; one that opens a public relay is confirmed."""
    network = draw(networks)
    needed = not network.negated and opens_public_relay(network.network)
    return MyNetwork(network, needed or draw(st.booleans()))


@st.composite
def providers(draw: st.DrawFn) -> Provider:
    """Draw a provider with its networks in order; together they hold no more than is believed."""
    found = draw(st.frozensets(_ip_networks(WIDEST[4] + 3, WIDEST[6] + 3).map(Network), max_size=6))
    ordered = sorted(found, key=lambda n: (n.network.version, int(n.network.network_address), n.network.prefixlen))
    name = draw(st.text(_ALNUM, min_size=1, max_size=20))
    return Provider(
        name,
        tuple(ordered),
        draw(st.sampled_from(ProviderSenders)),
        draw(origins()),
        draw(st.one_of(st.just(3600), st.integers(600, 30 * 86400))),
        draw(st.booleans()),
        draw(st.integers(0, 100)),
    )


@st.composite
def origins(draw: st.DrawFn) -> Origin:
    """Draw where the list of a provider comes from."""
    kind = draw(st.sampled_from(ListSource))
    clouds = st.sampled_from(Instance) if kind.startswith("microsoft365") else st.just(Instance.WORLDWIDE)
    instance = draw(clouds)
    host = draw(domain_names.filter(lambda name: "_" not in name.ascii)).ascii
    if kind is ListSource.SPF:
        return Origin(kind, instance, host)
    if kind is ListSource.URL:
        path = draw(st.sampled_from(["/", "/a/b.txt", "/x?y=1&z=2", "/%24"]))
        pointer = draw(st.sampled_from(["", "/prefixes/*", "/a~1b/0 /c~0d", "/"]))
        return Origin(kind, instance, f"https://{host}{draw(st.sampled_from(['', ':8443']))}{path}", pointer)
    return Origin(kind, instance)


_numbers = st.integers(0, 255)
_octets = st.one_of(
    _numbers.map(str),
    st.lists(
        st.one_of(_numbers.map(str), st.tuples(_numbers, _numbers).map(lambda p: f"{min(p)}..{max(p)}")),
        min_size=1,
        max_size=3,
    ).map(lambda parts: f"[{';'.join(parts)}]"),
)
answers = st.one_of(st.just(""), st.just("127.0.0.2"), st.lists(_octets, min_size=4, max_size=4).map(".".join))


@st.composite
def rbls(draw: st.DrawFn) -> Rbl:
    """Draw a DNS list."""
    kind = draw(st.sampled_from(RblKind))
    reply = "" if kind is RblKind.WHITE else draw(st.one_of(reply_texts, st.just("$client listed in $rbl_domain")))
    return Rbl(draw(domain_names), draw(answers), kind, reply)


static_clients = st.builds(
    StaticClient,
    _ip_networks(1, 1).map(ClientPattern).filter(lambda pattern: not pattern.overlaps_loopback),
    reply_texts,
    st.one_of(st.none(), st.dates(dt.date(2000, 1, 1), dt.date(2999, 12, 31))),
)

_pattern_atoms = st.sampled_from(
    [
        "^",
        "$",
        ".",
        "a",
        "B",
        r"\s+",
        r"\/",
        r"\.",
        "[a-z]",
        "(x|y)",
        "#",
        " ",
        ",",
        "{2,3}x",
        "ü",
        '"',
        "'",
        "%",
        "!",
        ":",
    ]
)
patterns = st.one_of(
    st.sampled_from([r"^Subject:\s+make money fast", "^Subject: make money fast", r"^X-a: \$\{b\}", "a#b", "x{1,3}"]),
    st.lists(_pattern_atoms, min_size=1, max_size=8).map("".join).map(lambda p: "x" + p),
)
_SPECIAL_TEXTS = {
    "REDIRECT": mail_addresses.map(str),
    "BCC": mail_addresses.map(str),
    "FILTER": st.just("smtp:[192.0.2.1]:10025"),
    "PREPEND": st.sampled_from(["X-Checked: yes", "X-A: $1 {b}", "Subject: $$5"]),
    "REPLACE": st.sampled_from(["X-Checked: yes", "Subject: x # y"]),
    "DUNNO": st.just(""),
    "IGNORE": st.just(""),
}


@st.composite
def check_rules(draw: st.DrawFn) -> CheckRule:
    """Draw one rule that is no block."""
    action = draw(st.sampled_from(sorted(SINCE)))
    language = draw(st.sampled_from(PatternType))
    negated = draw(st.booleans())
    text = draw(_SPECIAL_TEXTS.get(action, reply_texts))
    if negated:
        text = text.replace("$1", "one")
    flags = "".join(sorted(draw(st.frozensets(st.sampled_from(FLAGS[language])))))
    name = str(draw(st.integers(1, 10**6)))
    return CheckRule(name, draw(patterns), action, text, flags, language, negated=negated)


@st.composite
def blocks(draw: st.DrawFn) -> CheckRule:
    """Draw the begin or the end of a block."""
    name, action = str(draw(st.integers(1, 10**6))), draw(st.sampled_from(BLOCKS))
    if action == "ENDIF":
        return CheckRule(name, "", "ENDIF")
    return CheckRule(name, draw(patterns), "IF", negated=draw(st.booleans()))


@st.composite
def lookup_tables(draw: st.DrawFn) -> LookupTable:
    """Draw a look-up table with digests of content that need not exist."""
    content = draw(st.lists(st.text("0123456789abcdef", min_size=64, max_size=64), max_size=3))
    name = draw(st.text(_ALNUM, min_size=1, max_size=20))
    return LookupTable(name, draw(st.sampled_from(TYPES)), tuple(content), draw(st.integers(0, 10**6)), len(content))


specials = st.one_of(
    st.just(HOLD),
    st.just("discard:"),
    st.text(_PRINTABLE, max_size=40).map(lambda text: f"error:{text.strip()}"),
    next_hops.map(lambda hop: f"relay:{hop.destination}"),
    next_hops.map(lambda hop: f"lmtp:{hop.destination}"),
    st.builds(lambda a, b: f"smtp:{a.destination}, {b.destination}", next_hops, next_hops),
    st.sampled_from([":", "slow:", ":[192.0.2.1]", "lmtp:unix:/run/lmtp", "smtp:host.example.com:submission"]),
)
transport_patterns = st.one_of(
    st.just("*"),
    domain_names.map(str),
    domain_names.map(lambda name: f".{name}"),
    mail_addresses.map(lambda address: str(address).lower()),
)
transports = st.one_of(
    st.builds(Transport, transport_patterns, next_hops),
    st.builds(lambda pattern, special: Transport(pattern, special=special), transport_patterns, specials),
    st.sampled_from(["user@ smtp:[192.0.2.1]", "single uucp:x", "@example.com   slow:y z"]).map(
        lambda line: Transport(line.split()[0], raw=line)
    ),
)

forwardings = st.builds(
    Forwarding,
    st.one_of(st.sampled_from(["root", "www-data", "_apt", "a.b"]), st.text(_ALNUM, min_size=1, max_size=10)),
    st.lists(mail_addresses, min_size=1, max_size=3, unique=True).map(tuple),
)
sasl_passwords = st.builds(
    SaslPassword,
    next_hops,
    st.one_of(
        st.just("user@example.com"), st.text(_PRINTABLE.replace(":", ""), min_size=1, max_size=20).map(str.strip)
    ).filter(bool),
    sealed,
)
_fingerprints = st.sampled_from([20, 32]).map(lambda octets: ":".join(["3D"] * octets))


@st.composite
def tls_policies(draw: st.DrawFn) -> TlsPolicy:
    """Draw a TLS policy."""
    hop = draw(next_hops)
    destination = draw(st.sampled_from([hop.destination, f".{draw(domain_names)}"]))
    level = draw(st.sampled_from(OUTGOING_LEVELS))
    if level == "fingerprint":
        return TlsPolicy(destination, level, tuple(draw(st.lists(_fingerprints, min_size=1, max_size=2, unique=True))))
    names = st.one_of(st.sampled_from(["nexthop", "hostname", "dot-nexthop"]), domain_names.map(lambda n: f".{n}"))
    match = draw(st.lists(names, max_size=3, unique=True)) if level in {"verify", "secure"} else []
    return TlsPolicy(destination, level, tuple(match))


_paths = st.one_of(
    mail_addresses.map(str),
    st.sampled_from(
        ['"a b"@example.com', "a%b@c.example", "c!a", "@a.example,@b.example:x@y.example", "a@[192.0.2.1]"]
    ),
    st.sampled_from(['"q\\"r, s"@example.com', "a@@b", "$user@example.com", "expect", "to", "user@example.com."]),
)
_lines = st.sampled_from(["Subject: x", 'X-Y: a"b\\', "To: für@example.com", "X: a\tb", "Subject: one\n\ttwo", "A:"])
_refusals = st.fixed_dictionaries(
    {"code": st.sampled_from(["", "54", "50", "21"]), "reply": st.text(_PRINTABLE, max_size=20).map(str.strip)}
)
_hops = st.fixed_dictionaries({"next_hop": next_hops, "level": st.sampled_from(Protection)})


@st.composite
def policy_tests(draw: st.DrawFn) -> PolicyTest:
    """Draw a policy test."""
    expect = draw(st.sampled_from(Expectation))
    wanted: dict[str, Any] = draw(_refusals) if expect.refuses else {}
    if wanted.get("code"):
        wanted["code"] = ("5" if expect is Expectation.REJECT else "4") + wanted["code"]
    if expect is Expectation.NEXT_HOP:
        wanted = draw(_hops)
    clients = addresses.filter(
        lambda one: (
            not (one.is_multicast or one.is_unspecified or getattr(one, "ipv4_mapped", None)) and int(one) != 0xFFFFFFFF
        )
    )
    whole = draw(st.booleans())
    return PolicyTest(
        name=draw(st.text(_ALNUM, min_size=1, max_size=10)),
        client=draw(clients),
        recipients=tuple(draw(st.lists(_paths, min_size=1, max_size=3, unique=True))),
        expect=expect,
        client_name=draw(st.one_of(st.none(), host_names)),
        helo=draw(st.sampled_from(["", "mx.example.com", "[192.0.2.1]", 'q"uote', "a,b"])),
        tls=draw(st.booleans()),
        login=draw(st.sampled_from(["", "alice", "two words", "a\\b"])),
        port=draw(st.one_of(st.just(0), ports)),
        sender=draw(st.one_of(st.just(""), _paths)),
        size=draw(st.one_of(st.none(), st.integers(1, 1 << 40))),
        headers="" if whole else "\n".join(draw(st.lists(_lines, max_size=2))),
        message="\n".join(draw(st.lists(st.one_of(_lines, st.just(""), st.just(".")), max_size=4))) if whole else "",
        **wanted,
    )


_LIMIT = st.integers(1024, 1 << 40)
settings_values = st.builds(
    Settings,
    match_subdomains=st.booleans(),
    my_hostname=st.one_of(st.none(), host_names),
    smtp_helo_name=st.one_of(st.none(), host_names),
    reject_unverified_recipient=st.booleans(),
    unverified_recipient_reject_code=st.integers(400, 599),
    verify_positive_expire=st.integers(60, 365 * 86400),
    verify_positive_refresh=st.integers(60, 365 * 86400),
    verify_negative_expire=st.integers(60, 365 * 86400),
    verify_negative_refresh=st.integers(60, 365 * 86400),
    external_relay_host=st.one_of(st.none(), next_hops),
    internal_relay_host=st.one_of(st.none(), next_hops),
    before_filter_size_limit=_LIMIT,
    after_filter_size_limit=st.one_of(st.none(), _LIMIT),
    listen_on=st.lists(
        st.builds(Listener, st.one_of(st.none(), addresses), st.one_of(st.none(), ports)), max_size=3, unique=True
    ).map(tuple),
    public_addresses=st.lists(addresses, max_size=3, unique=True).map(tuple),
    delay_warning=st.integers(0, 100 * 86400),
    queue_lifetime=st.integers(0, 100 * 86400),
    bounce_queue_lifetime=st.integers(0, 100 * 86400),
    bare_newline=st.sampled_from(BARE_NEWLINE),
    default_forwarding=st.lists(mail_addresses, max_size=3, unique=True).map(tuple),
    tls_incoming=st.sampled_from(INCOMING_LEVELS),
    tls_outgoing=st.sampled_from(OUTGOING_LEVELS),
    tls_key=st.one_of(st.none(), sealed),
)

VALUES: dict[str, st.SearchStrategy[Any]] = {
    "relay-domain": domain_names.map(lambda name: RelayDomain(name.ascii)),
    "network": my_networks(),
    "sasl": sasl_passwords,
    "provider": providers(),
    "forwarding": forwardings,
    "header-check": st.one_of(check_rules(), blocks()),
    "mime-header-check": check_rules(),
    "nested-header-check": check_rules(),
    "body-check": check_rules(),
    "rbl": rbls(),
    "black": static_clients,
    "white": static_clients,
    "lookup-table": lookup_tables(),
    "transport": transports,
    "tls-policy": tls_policies(),
    "policy-test": policy_tests(),
}
"""A strategy for the values of every noun."""


def rows_of(noun: str, most: int = 4) -> st.SearchStrategy[list[Row[Any]]]:
    """Draw rows of one noun with distinct keys; blocks of checks are left out, since they come in pairs."""
    values = check_rules() if noun.endswith("-check") else VALUES[noun]
    key: Callable[[Any], str] = NOUNS[noun].key

    def row(value: Any, comment: str, enabled: bool, position: int) -> Row[Any]:
        return Row(noun, key(value), value, comment, enabled, position)

    one = st.builds(row, values, comments, st.booleans(), st.integers(0, 100))
    return st.lists(one, max_size=most, unique_by=lambda r: r.key)


@st.composite
def desired_states(draw: st.DrawFn, nouns: tuple[str, ...] = tuple(VALUES)) -> DesiredState:
    """Draw a whole desired state with rows of at most five nouns; its look-up tables have real texts."""
    rows = MemoryRows()
    chosen = draw(st.lists(st.sampled_from(nouns), max_size=5, unique=True))
    for noun in chosen:
        for row in draw(rows_of(noun, most=3)):
            if noun == "lookup-table":
                lines = draw(st.lists(st.sampled_from(["a.example x", "# note", "b.example encrypt", ""]), max_size=3))
                text = "".join(f"{line}\n" for line in lines)
                content = rows.put_text(text)
                table = LookupTable(row.value.name, row.value.type, content, len(lines), len(text))
                rows.put(Row(noun, row.key, table, row.comment, row.enabled, row.position))
            else:
                rows.put(row)
    return DesiredState(draw(settings_values), rows)
