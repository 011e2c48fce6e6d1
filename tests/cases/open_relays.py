"""Ways to open a relay, as people type them: through pages and as own lines. Every one must be refused.

Each case is a healthy gateway (`BASE`) with something added. `names` are words that the finding's place must have,
where the cause can be told. `seen_by` says what shows it in a rehearsal: `strangers` (somebody was let in), `postfix`
(it does not start or cannot answer so), or `edge` (no draft ever holds it).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

SETTINGS = {"my-hostname": "gw.example.com"}
ROWS: dict[str, list[Any]] = {"relay-domain": ["example.com"], "network": ["10.0.0.0/8"]}
FOREIGN_LIST = "not-ours.example"


@dataclass(frozen=True, slots=True)
class OpenRelay:
    """One way to open a relay."""

    name: str
    names: str = ""
    seen_by: str = "strangers"
    main: str = ""
    master: str = ""
    rows: dict[str, list[Any]] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    tables: dict[str, str] = field(default_factory=dict)
    full: bool = False


def _main(name: str, line: str, names: str = "", **more: Any) -> OpenRelay:
    return OpenRelay(name, names or line.partition("=")[0].strip(), main=f"{line}\n", **more)


def _lists(name: str, restrictions: str, before: str = "", names: str = "restrictions", **more: Any) -> OpenRelay:
    """Set both lists that decide about relaying: with one alone the other, which Sealgate gives, still refuses."""
    lists = ("smtpd_relay_restrictions", "smtpd_recipient_restrictions")
    lines = "".join(f"{one} = {restrictions}\n" for one in lists)
    return OpenRelay(name, names, main=f"{before}{lines}", **more)


def _service(name: str, *options: str, names: str = "", port: str = "2526", **more: Any) -> OpenRelay:
    lines = "".join(f"\n    -o {option}" for option in options)
    return OpenRelay(name, names, master=f"{port} inet n - n - - smtpd{lines}\n", **more)


_EMPTIED = (
    "smtpd_relay_restrictions=",
    "smtpd_recipient_restrictions=permit_mynetworks,reject_unauth_destination",
)
_ALL_OPEN = "smtpd_relay_restrictions=static:OK,reject_unauth_destination"
_OPEN_RECIPIENT = "smtpd_recipient_restrictions=static:OK,reject_unauth_destination"

OPEN_RELAYS: tuple[OpenRelay, ...] = (
    # Networks
    _main("everybody in mynetworks", "mynetworks = 0.0.0.0/0"),
    _main("everybody by IPv6 in mynetworks", "mynetworks = 127.0.0.0/8 [::]/0"),
    _main("half of the internet in mynetworks", "mynetworks = 127.0.0.0/8 128.0.0.0/1"),
    _main("an eighth of a class A too much in mynetworks", "mynetworks = 127.0.0.0/8 62.0.0.0/9"),
    _main("an IPv6 network of a whole registry", "mynetworks = 127.0.0.0/8 [2a00::]/12"),
    _main("a match-all table in mynetworks", "mynetworks = static:all"),
    _main("a pattern in mynetworks that everything matches", "mynetworks = regexp:{{/./ OK}}", seen_by="any"),
    _main("everybody but one in mynetworks", "mynetworks = !192.0.2.1, 0.0.0.0/0"),
    OpenRelay(
        "mynetworks from a table that has everything",
        "mynetworks",
        main="mynetworks = cidr:$maps_d_dir/cidr-nets.map\n",
        tables={"cidr:nets": "0.0.0.0/0 OK\n"},
    ),
    _lists(
        "a wide network in a table of client access",
        "check_client_access cidr:$maps_d_dir/cidr-c.map, reject_unauth_destination",
        tables={"cidr:c": "44.0.0.0/8 OK\n"},
    ),
    # Domains
    _main("every domain a relay domain", "relay_domains = static:all"),
    _main(
        "a pattern of relay domains that everything matches",
        "relay_domains = regexp:$maps_d_dir/regexp-d.map",
        tables={"regexp:d": "/./ OK\n"},
    ),
    _main("every domain a local one", "mydestination = static:all\nlocal_transport = smtp", "mydestination"),
    _main(
        "a local catch-all that goes out",
        "mydestination = static:all\nlocal_recipient_maps =\nlocal_transport = relay",
        "mydestination",
    ),
    _main(
        "every domain a virtual mailbox domain",
        "virtual_mailbox_domains = static:all\nvirtual_transport = smtp",
        "virtual_mailbox_domains",
    ),
    _main(
        "every domain a virtual alias domain",
        "virtual_alias_domains = static:all\nvirtual_alias_maps = static:someone@example.com",
        "virtual_alias",
    ),
    _main(
        "a catch-all alias for every address",
        "virtual_alias_domains = static:all\nvirtual_alias_maps = regexp:{{/^(.*)$/ $1}}".replace(
            "regexp:{{/^(.*)$/ $1}}", "static:a@example.com"
        ),
        "virtual_alias",
    ),
    _main("untrusted routing through a relay domain", "allow_untrusted_routing = yes"),
    # Restrictions
    _lists("permit before reject_unauth_destination", "permit, reject_unauth_destination", seen_by="any"),
    _lists("a match-all client table before it", "check_client_access static:OK, reject_unauth_destination"),
    _lists("a match-all sender table before it", "check_sender_access static:OK, reject_unauth_destination"),
    _lists("a match-all recipient table before it", "check_recipient_access static:OK, reject_unauth_destination"),
    _lists("a match-all HELO table before it", "check_helo_access static:OK, reject_unauth_destination"),
    _lists(
        "relaying for everybody who says our own domain as sender",
        "permit_mynetworks, check_sender_access inline:{{example.com = OK}}, reject_unauth_destination",
    ),
    _lists(
        "relaying for everybody who says a partner's domain as sender",
        "permit_mynetworks, check_sender_access inline:{{partner.example = OK}}, reject_unauth_destination",
    ),
    _lists(
        "relaying for one sender address",
        "permit_mynetworks, check_sender_access inline:{{boss@example.com = OK}}, reject_unauth_destination",
    ),
    _lists(
        "relaying for the null sender",
        "permit_mynetworks, check_sender_access inline:{{<> = OK}}, reject_unauth_destination",
    ),
    _lists(
        "relaying for who says our name in HELO",
        "permit_mynetworks, check_helo_access inline:{{gw.example.com = OK}}, reject_unauth_destination",
    ),
    _lists(
        "relaying for who says a friend's name in HELO",
        "permit_mynetworks, check_helo_access inline:{{friend.example = OK}}, reject_unauth_destination",
    ),
    _lists(
        "relaying for who has a friend's reverse name",
        "permit_mynetworks,"
        " check_reverse_client_hostname_access inline:{{friend.example = OK}}, reject_unauth_destination",
        seen_by="any",
    ),
    _lists(
        "postmaster at any domain before it",
        "permit_mynetworks, check_recipient_access inline:{{postmaster@ = OK}}, reject_unauth_destination",
    ),
    _lists(
        "a sender table of own lines with OK",
        "permit_mynetworks, check_sender_access hash:$maps_d_dir/hash-s.map, reject_unauth_destination",
        tables={"hash:s": "partner.example OK\n"},
    ),
    _lists(
        "a sender pattern of own lines with OK",
        "permit_mynetworks, check_sender_access pcre:$maps_d_dir/pcre-s.map, reject_unauth_destination",
        tables={"pcre:s": "|@partner[.]example$| OK\n"},
    ),
    _lists(
        "a restriction class that permits",
        "check_sender_access inline:{{partner.example = friends}}, reject_unauth_destination",
        "smtpd_restriction_classes = friends\nfriends = permit\n",
    ),
    _lists(
        "the gateway's own networks as interfaces",
        "permit_inet_interfaces, check_client_access static:OK, reject_unauth_destination",
    ),
    _main(
        "no list that refuses",
        "smtpd_relay_restrictions =\nsmtpd_recipient_restrictions = permit_mynetworks",
        seen_by="postfix",
    ),
    _main("both lists emptied", "smtpd_relay_restrictions =\nsmtpd_recipient_restrictions =", seen_by="postfix"),
    _lists("relaying only warned of", "permit_mynetworks, warn_if_reject reject_unauth_destination", seen_by="any"),
    _lists(
        "relaying refused for one name only",
        "permit_mynetworks, check_client_access static:permit_auth_destination, static:OK, reject_unauth_destination",
    ),
    _lists(
        "a DNS white list that lets relay",
        "permit_mynetworks, permit_dnswl_client list.example.net, reject_unauth_destination",
        seen_by="harmless",
    ),
    _lists(
        "everybody with TLS",
        "permit_mynetworks, permit_tls_all_clientcerts, check_helo_access static:OK, reject_unauth_destination",
    ),
    # Listeners
    _service("a second listener that permits all", _ALL_OPEN, _OPEN_RECIPIENT, names="smtpd_relay_restrictions"),
    _service("a second listener where everybody is trusted", "mynetworks=0.0.0.0/0", names="mynetworks"),
    _service("a second listener where everybody by IPv6 is trusted", "mynetworks=[::]/0", names="mynetworks"),
    _service(
        "a second listener on one address",
        _ALL_OPEN,
        _OPEN_RECIPIENT,
        names="smtpd_relay_restrictions",
        port="0.0.0.0:2527",
    ),
    _service(
        "a submission port without login",
        _ALL_OPEN,
        _OPEN_RECIPIENT,
        names="smtpd_relay_restrictions",
        port="submission",
    ),
    _service(
        "a listener with emptied lists", "smtpd_relay_restrictions=", "smtpd_recipient_restrictions=", seen_by="postfix"
    ),
    _service(
        "a listener with its relay list emptied",
        "smtpd_relay_restrictions=",
        "smtpd_recipient_restrictions=check_sender_access,static:OK,reject_unauth_destination",
        seen_by="any",
    ),
    OpenRelay(
        "the public listener with everybody trusted",
        "mynetworks",
        master="smtp inet n - n - - smtpd\n    -o mynetworks=0.0.0.0/0\n",
    ),
    OpenRelay(
        "a re-injection port open to the outside",
        "mynetworks",
        master="10027 inet n - n - - smtpd\n    -o content_filter=\n    -o mynetworks=0.0.0.0/0\n"
        "    -o smtpd_relay_restrictions=permit_mynetworks,reject\n",
    ),
    OpenRelay(
        "the re-injection port itself on every address",
        "mynetworks",
        master="10026 inet n - n - - smtpd\n    -o content_filter=\n    -o mynetworks=0.0.0.0/0\n"
        "    -o smtpd_relay_restrictions=permit_mynetworks,reject\n",
        seen_by="any",
    ),
    OpenRelay(
        "QMQP for everybody",
        "qmqpd_authorized_clients",
        main="qmqpd_authorized_clients = static:all\n",
        master="628 inet n - n - - qmqpd\n",
    ),
    # Claims
    _main("XCLIENT for everybody", "smtpd_authorized_xclient_hosts = 0.0.0.0/0"),
    _main("XCLIENT for everybody by IPv6", "smtpd_authorized_xclient_hosts = [::]/0"),
    _main("XCLIENT by a match-all table", "smtpd_authorized_xclient_hosts = static:all"),
    _main("XFORWARD for everybody", "smtpd_authorized_xforward_hosts = 0.0.0.0/0"),
    _service(
        "XCLIENT for everybody on a second listener",
        "smtpd_authorized_xclient_hosts=0.0.0.0/0",
        names="smtpd_authorized_xclient_hosts",
    ),
    _main("the PROXY protocol from everybody", "smtpd_upstream_proxy_protocol = haproxy", seen_by="any"),
    _service(
        "the PROXY protocol from everybody on a second listener", "smtpd_upstream_proxy_protocol=haproxy", seen_by="any"
    ),
    # Pages
    OpenRelay("everybody in My networks", seen_by="edge", rows={"network": ["0.0.0.0/0"]}),
    OpenRelay("everybody by IPv6 in My networks", seen_by="edge", rows={"network": ["::/0"]}),
    OpenRelay("half of the internet in My networks", seen_by="edge", rows={"network": ["128.0.0.0/1"]}),
    OpenRelay("a top-level domain as relay domain", seen_by="edge", rows={"relay-domain": ["com"]}),
    OpenRelay("a wildcard as relay domain", seen_by="edge", rows={"relay-domain": ["*"]}),
    OpenRelay("a table as relay domain", seen_by="edge", rows={"relay-domain": ["static:all"]}),
    OpenRelay(
        "everybody in a provider's list",
        seen_by="edge",
        rows={"provider": [{"name": "cloud", "networks": ["0.0.0.0/0"], "senders": "any"}]},
    ),
    OpenRelay(
        "a half of the internet in a provider's list",
        seen_by="edge",
        rows={"provider": [{"name": "cloud", "networks": ["128.0.0.0/2"], "senders": "any"}]},
    ),
    OpenRelay("a list of networks in one field", seen_by="edge", rows={"network": ["10.0.0.0/8, 0.0.0.0/0"]}),
)
