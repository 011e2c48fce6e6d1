"""What was rendered is what Postfix reads: every parameter, service, table entry, exactly, and nothing besides.

The states are drawn from everything the model accepts. Expectations are written here from the values themselves, so a
mistake of the renderer is not repeated by its test.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
import itertools
import re
from dataclasses import replace

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from tests import strategies
from tests.support.release import released

from sealgate.model.checks import CheckRule, PatternType
from sealgate.model.desired import DesiredState, MemoryRows
from sealgate.model.objects import Row
from sealgate.model.parameters import OwnLines
from sealgate.model.providers import ProviderSenders
from sealgate.model.rbl import RblKind
from sealgate.model.relay_domains import RelayDomain
from sealgate.model.settings import Settings
from sealgate.model.tables import LookupTable
from sealgate.render import Endpoint

FIXED = {
    "smtp_listeners": (Endpoint("", 2525),),
    "mpa": Endpoint("127.0.0.1", 10025),
    "reinject": Endpoint("::1", 10026),
}
# Each example starts some real programs; shrinking a whole state that way would take minutes.
few = settings(max_examples=20, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
unshrunk = settings(few, phases=[Phase.explicit, Phase.reuse, Phase.generate])
passwords = st.text("".join(map(chr, range(0x20, 0x7F))), min_size=1, max_size=40).map(str.strip).filter(bool)


class Opened(dict[str, str]):
    """Opens every sealed name to a secret that is made of it."""

    def __missing__(self, name: str) -> str:
        return f"# {name} $x {{ }} : ,"


def written(desired: DesiredState, **more):
    return released(desired, secrets=Opened(), **FIXED, **more)


def only(noun: str, values, **settings_) -> DesiredState:
    rows = MemoryRows()
    for position, value in enumerate(values):
        rows.put(Row(noun, str(position), value, position=position))
    return DesiredState(rows=rows, **settings_)


def parameters(release) -> dict[str, str]:
    done = release.run("postconf", "-n")
    assert done.stderr == ""
    return dict(line.split(" =", 1) for line in done.stdout.splitlines())


def entries(release, table: str) -> dict[str, str]:
    done = release.run("postmap", "-s", f"lmdb:{release.path}/maps/{table}")
    assert done.stderr == ""
    return dict(line.split("\t", 1) for line in done.stdout.splitlines())


def asked(release, table: str, key: str) -> str:
    done = release.run("postmap", "-q", key, f"{table.rpartition('.')[2]}:{release.path}/maps/{table}")
    assert done.stderr == ""
    return str(done.stdout).removesuffix("\n")


# main.cf and master.cf


@unshrunk
@given(strategies.desired_states())
def test_postconf_says_nothing_and_reads_the_rendered_parameters_and_no_others(desired):
    with written(desired) as release:
        names = set(parameters(release))

        assert names == {*release.tree.origins, "config_directory"}
        assert [said for said in release.complaints if not said.startswith("maps.d/")] == []


@few
@given(strategies.settings_values)
def test_every_setting_is_read_back_as_it_was_set(chosen):
    with written(DesiredState(chosen)) as release:
        read = {name: value.strip() for name, value in parameters(release).items()}
    external, internal = chosen.external_relay_host, chosen.internal_relay_host
    after = chosen.after_filter_size_limit or 3 * chosen.before_filter_size_limit

    assert read["myhostname"] == str(chosen.my_hostname or "gw.example.test")
    assert read["smtp_helo_name"] == str(chosen.smtp_helo_name or "$myhostname")
    assert read["default_transport"] == (f"smtp:{external.destination}" if external else "smtp")
    assert read["relay_transport"] == (f"relay:{internal.destination}" if internal else "relay")
    assert read["relayhost"] == ""
    assert read["message_size_limit"] == str(after)
    assert read["queue_minfree"] == str(3 * after)
    assert read["proxy_interfaces"] == ", ".join(map(str, chosen.public_addresses))
    assert read["unverified_recipient_reject_code"] == str(chosen.unverified_recipient_reject_code)
    assert ("reject_unverified_recipient" in read["smtpd_recipient_restrictions"]) is chosen.reject_unverified_recipient
    assert read["smtpd_forbid_bare_newline"] == chosen.bare_newline
    assert read["delay_warning_time"] == f"{chosen.delay_warning}s"
    assert read["maximal_queue_lifetime"] == f"{chosen.queue_lifetime}s"
    assert read["bounce_queue_lifetime"] == f"{chosen.bounce_queue_lifetime}s"
    assert read["address_verify_positive_expire_time"] == f"{chosen.verify_positive_expire}s"
    assert read["address_verify_positive_refresh_time"] == f"{chosen.verify_positive_refresh}s"
    assert read["address_verify_negative_expire_time"] == f"{chosen.verify_negative_expire}s"
    assert read["address_verify_negative_refresh_time"] == f"{chosen.verify_negative_refresh}s"
    assert read["smtp_tls_security_level"] == chosen.tls_outgoing
    for address in chosen.default_forwarding:
        assert str(address) in read["virtual_alias_maps"]


@few
@given(strategies.settings_values)
def test_postconf_reads_every_service_once_with_exactly_its_options(chosen):
    with written(DesiredState(chosen)) as release:
        services, options = release.run("postconf", "-M"), release.run("postconf", "-P")
        rendered = release.tree.text("master.cf").shown
    names = [tuple(line.split()[:2]) for line in services.stdout.splitlines()]
    public = re.findall(r"^\S*/inet/message_size_limit = (.*)$", options.stdout, re.MULTILINE)

    assert services.stderr == options.stderr == ""
    assert len(names) == len(set(names))
    assert len(options.stdout.splitlines()) == rendered.count(" -o ")
    assert set(public) <= {str(chosen.before_filter_size_limit)}
    assert len(public) == len([name for name, kind in names if kind == "inet"]) - 1


OWN_MAIN = [
    "message_size_limit = 5",
    "mynetworks = 10.0.0.0/8,\n  [::1]/128",
    "# note",
    "",
    "smtpd_banner = x\n# in\n\n  y",
]
OWN_MASTER = [
    "2525 inet n - n - 5 smtpd\n  -o smtpd_banner=x\n# in\n\n  -o { mail_name = a b }",
    "mpa unix - - n - 2 lmtp",
    "smtps inet n - n - - smtpd -o smtpd_tls_wrappermode=yes",
    "[::1]:10026 inet n - n - 5 smtpd -o syslog_name=mine",
    "cleanup unix n - n - 0 cleanup -v",
    "# note",
    "",
]


@few
@given(st.lists(st.sampled_from(OWN_MAIN), unique=True), st.lists(st.sampled_from(OWN_MASTER), unique=True))
def test_with_own_lines_postfix_sees_nothing_twice_and_loses_nothing(main, master):
    own = OwnLines("".join(f"{line}\n" for line in main)), OwnLines("".join(f"{line}\n" for line in master))
    with written(DesiredState(main_cf=own[0], master_cf=own[1])) as release:
        read = parameters(release)
        services, options = release.run("postconf", "-M"), release.run("postconf", "-P")
    names = [tuple(line.split()[:2]) for line in services.stdout.splitlines()]
    generated = {tuple(name.rsplit("/", 1)) for name in release.tree.services}

    assert services.stderr == options.stderr == ""
    assert len(names) == len(set(names))
    assert generated <= set(names)
    assert release.tree.generated <= read.keys()
    assert ("lmtp_send_xforward_command = yes" in options.stdout) is True
    assert (" 5" in read["message_size_limit"]) is ("message_size_limit = 5" in main)


# tables by key


@few
@given(st.lists(strategies.domain_names, max_size=5, unique=True), st.booleans())
def test_the_table_of_relay_domains_holds_exactly_these_keys(domains, subdomains):
    values = [RelayDomain(name.ascii) for name in domains]
    desired = only("relay-domain", values, settings=Settings(match_subdomains=subdomains))
    spelled = {spelling for name in domains for spelling in (name.ascii, name.unicode)}
    with written(desired) as release:
        keys = spelled | {f".{name}" for name in spelled} if subdomains else spelled

        assert entries(release, "relay_domains") == dict.fromkeys(keys, "OK")


@few
@given(st.lists(strategies.transports, max_size=5, unique_by=lambda value: value.pattern))
def test_the_transport_table_holds_exactly_these_rows(values):
    with written(only("transport", values)) as release:
        found = entries(release, "transport")
    for value in values:
        held = found.pop(value.pattern)
        if value.special == "hold:":
            assert held.startswith("hold:4.3.2 ")
        elif value.next_hop:
            assert held == f"smtp:{value.next_hop.destination}"
        else:
            assert held == (value.special or value.raw.split(maxsplit=1)[1])

    assert all(not key.isascii() for key in found)


@few
@given(strategies.sasl_passwords, passwords)
def test_a_login_is_read_back_exactly_and_under_the_spellings_of_its_next_hop_only(value, password):
    with released(only("sasl", [value]), secrets={value.password.id: password}, **FIXED) as release:
        found = entries(release, "sasl_passwd")
    hop = value.next_hop
    spellings = {hop.destination} | ({f"{hop.destination}:25"} if hop.port == 25 else set())

    assert found == dict.fromkeys(spellings, f"{value.user}:{password}")


@few
@given(st.lists(strategies.tls_policies(), max_size=4, unique_by=lambda value: value.destination))
def test_a_tls_policy_is_read_back_exactly(values):
    with written(only("tls-policy", values)) as release:
        found = entries(release, "tls_policy") if values else {}
    for value in values:
        assert found[value.destination].split()[0] == value.level
        assert set(re.split(r"[:|]", found[value.destination].partition("match=")[2])) >= (
            set(value.match) if value.level != "fingerprint" else set()
        )

    listed = {value.destination for value in values}
    assert all(key in listed or key.endswith(":25") or not key.isascii() for key in found)


@few
@given(st.lists(strategies.forwardings, max_size=4, unique_by=lambda value: value.account))
def test_forwarding_is_read_back_exactly_and_adds_only_the_postmaster(values):
    with written(only("forwarding", values)) as release:
        found = entries(release, "forward")
    for value in values:
        assert found.pop(value.account) == ", ".join(map(str, value.addresses))

    assert found.keys() <= {"postmaster", "mailer-daemon"}


@few
@given(st.lists(strategies.rbls(), max_size=4, unique_by=lambda value: value.query))
def test_dns_lists_stand_in_their_order_and_replies_are_read_back_exactly(values):
    verbs = {
        RblKind.CLIENT: "reject_rbl_client",
        RblKind.SENDER: "reject_rhsbl_sender",
        RblKind.HELO: "reject_rhsbl_helo",
        RblKind.WHITE: "permit_dnswl_client",
    }
    replies = {value.query: f"$rbl_code 5.7.1 {value.reply}" for value in values if value.reply}
    with written(only("rbl", values)) as release:
        restrictions = parameters(release)["smtpd_client_restrictions"].strip().split(", ")

        assert restrictions[2:] == [f"{verbs[value.kind]} {value.query}" for value in values]
        assert (entries(release, "rbl_reply") if replies else {}) == replies


# tables by address and by pattern


def ends(network) -> tuple[str, str]:
    return str(network.network_address), str(network.broadcast_address)


@few
@given(st.lists(strategies.my_networks(), max_size=5))
def test_the_first_row_that_knows_a_client_decides_about_my_networks(values):
    with written(only("network", values)) as release:
        listed = parameters(release)["mynetworks"].strip().split(", ")
        tables = [(item.startswith("!"), item.rpartition("/")[2]) for item in listed]
        for client in {end for value in values for end in ends(value.network.network)}:
            address = ipaddress.ip_address(client)
            first = next((v.network for v in values if address in v.network.network), None)
            expected = address.is_loopback or (first is not None and not first.negated)
            known = next((not excluded for excluded, table in tables if asked(release, table, client)), False)

            assert known is expected


@few
@given(st.lists(strategies.static_clients, max_size=4), st.dates(dt.date(2020, 1, 1), dt.date(2030, 1, 1)))
def test_the_black_list_answers_with_the_reason_of_the_first_row_in_force(values, today):
    in_force = [value for value in values if value.expires is None or value.expires >= today]
    with written(only("black", values), today=today) as release:
        if not in_force:
            assert "client_black" not in parameters(release)["smtpd_client_restrictions"]
        for client in {end for value in in_force for end in ends(value.pattern.network)}:
            first = next(v for v in in_force if ipaddress.ip_address(client) in v.pattern.network)
            expected = f"REJECT 5.7.1 {first.reason}" if first.reason else "REJECT"

            assert asked(release, "client_black.cidr", client) == expected


@few
@given(strategies.static_clients)
def test_the_white_list_only_ever_answers_ok(value):
    with written(only("white", [replace(value, expires=None)])) as release:
        assert {asked(release, "client_white.cidr", end) for end in ends(value.pattern.network)} == {"OK"}


@few
@given(strategies.providers())
def test_a_provider_s_addresses_lead_to_its_class_and_to_nothing_else(value):
    with written(only("provider", [value])) as release:
        read = parameters(release)
        name = f"provider_{value.name}"
        ends_of = {end for network in value.networks for end in ends(network.network)}

        assert {asked(release, f"client_{name}.cidr", end) for end in ends_of} <= {name}
        if value.networks:
            assert read["smtpd_restriction_classes"].strip() == name
            assert ("permit" in read[name]) is (value.senders is ProviderSenders.ANY)


@few
@given(strategies.check_rules())
def test_a_rule_of_a_check_answers_with_exactly_its_action_and_text(rule):
    always = replace(rule, pattern="^(.*)$", flags="", negated=False)
    expected = f"{rule.action} {rule.text}".rstrip().replace("$1", "subject: x").replace("$$", "$")
    with written(only("header-check", [always])) as release:
        assert asked(release, f"header_checks.{rule.type.value}", "subject: x") == expected


@few
@given(st.lists(strategies.check_rules(), max_size=8))
def test_rules_keep_their_order_over_tables_of_one_type_each(rules):
    with written(only("body-check", rules)) as release:
        listed = parameters(release).get("body_checks", "").strip()
        tables = [item.partition(":") for item in listed.split(", ") if item]
        lines = []
        for kind, _, path in tables:
            text = release.tree.table(path.removeprefix(f"{release.path}/")).source.text()
            lines += [(kind, line) for line in text.splitlines()]

    assert lines == [(rule.type.value, rule.line) for rule in rules]
    assert all(one[0] != other[0] for one, other in itertools.pairwise(tables))


@few
@given(st.sampled_from(PatternType), st.sampled_from(["^X: y$", "^Z", r"a\/b", "#", "x|y", r"[\/ ,]", "!"]))
def test_every_rule_in_a_block_compiles(kind, pattern):
    rules = [
        CheckRule("1", pattern, "IF", type=kind),
        CheckRule("2", "^", "REJECT", "in block", type=kind),
        CheckRule("3", "", "ENDIF"),
        CheckRule("4", "^", "DUNNO"),
    ]
    with written(only("header-check", rules)) as release:
        assert asked(release, f"header_checks.{kind.value}", "X: y") in {"REJECT in block", "DUNNO", ""}


@few
@given(st.lists(st.sampled_from(["k v", "# note", "", "other value with words"]), max_size=4).map("\n".join))
def test_the_text_of_a_look_up_table_is_written_as_it_was_typed(text):
    rows = MemoryRows()
    table = LookupTable("t", "cidr", rows.put_text(text), text.count("\n"), len(text))
    rows.put(Row("lookup-table", "t", table))
    with written(DesiredState(rows=rows)) as release:
        assert (release.path / "maps.d/cidr-t.map").read_text() == text
