"""Services that a candidate names and the sealed world lacks: the real Postfix talks to stand-ins, and mail goes on."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.support.outside import read
from tests.support.staged import plan, staged, trial
from tests.support.states import state

from sealgate.link.messages import Grade
from sealgate.model.findings import Severity
from sealgate.rehearsal.outside import Kind
from sealgate.rehearsal.running import run
from sealgate.rehearsal.standins import behind_filters
from sealgate.rehearsal.trials import Client, Plan, Trial

if TYPE_CHECKING:
    import contextlib
    from collections.abc import Iterator

    from tests.support.gateway import Gateway

    from sealgate.rehearsal.judging import Judge, Judgement


def errors(judgement: Judgement) -> list[str]:
    return [str(found) for found in judgement.findings if found.severity is Severity.ERROR]


@pytest.fixture
def outside() -> Iterator[Path]:
    """A directory beside the gateway's, for sockets and tables that are not the release's."""
    top = Path(tempfile.mkdtemp(prefix="sgo-", dir="/tmp"))
    yield top
    shutil.rmtree(top)


# -- milters


@pytest.mark.parametrize(
    "milter",
    [
        "inet:127.0.0.1:8891",
        "inet:[::1]:8891",
        "inet:milter.example.com:8891",
        "inet:192.0.2.55:8891",
        "unix:private/milter",
        "unix:opendkim/opendkim.sock",
        "unix:/run/opendkim/opendkim.sock",
        "unix:/var/run/clamav/milter.ctl",
        "{ inet:127.0.0.1:8891, connect_timeout=3s }",
    ],
)
@pytest.mark.parametrize("grade", list(Grade))
def test_a_milter_that_does_not_live_here_refuses_no_mail(
    grade: Grade, milter: str, judge: Judge, gateway: Gateway
) -> None:
    """With milter_default_action=tempfail every client would get 451 without the stand-in."""
    gateway.write(smtpd_milters=milter, milter_default_action="tempfail")

    judgement = judge.full(gateway.conf) if grade is Grade.FULL else judge.probe(gateway.conf)

    assert errors(judgement) == []
    (asked,) = judgement.seen["asked"].values()
    assert asked >= 2
    assert judgement.seen["calls"][0]["replies"][-1][1].startswith("250 2.0.0 Ok: queued as")


def test_a_milter_that_one_service_names_is_replaced_too(judge: Judge, gateway: Gateway) -> None:
    master = gateway.master.replace("smtpd\n", "smtpd -o smtpd_milters=inet:127.0.0.1:8891\n", 1)
    gateway.write(master=master, milter_default_action="tempfail")

    judgement = judge.probe(gateway.conf)

    assert errors(judgement) == []
    assert list(judgement.seen["asked"]) == ["milter inet:127.0.0.1:8891"]


def test_what_a_stand_in_leaves_open_is_told(judge: Judge, gateway: Gateway) -> None:
    gateway.write(smtpd_milters="inet:127.0.0.1:8891")

    assert judge.probe(gateway.conf).not_judged == (
        "milter inet:127.0.0.1:8891 (smtpd_milters) was replaced by one that lets everything pass",
    )


def test_a_milter_that_the_candidate_serves_itself_is_not_replaced(judge: Judge, gateway: Gateway) -> None:
    gateway.write(
        smtpd_milters="unix:private/own", milter_default_action="accept",
        master=f"{gateway.master}own unix - n n - 0 spawn user=nobody argv=/bin/cat\n",
    )  # fmt: skip

    judgement = judge.probe(gateway.conf)

    assert (judgement.not_judged, judgement.seen["asked"]) == ((), {})


def test_a_socket_where_none_can_be_is_told_and_breaks_nothing_else(judge: Judge, gateway: Gateway) -> None:
    gateway.write(smtpd_milters="unix:/usr/no/milter", milter_default_action="accept")

    judgement = judge.probe(gateway.conf)

    (words,) = judgement.not_judged
    assert words.startswith("milter unix:/usr/no/milter (smtpd_milters)")
    assert judgement.seen["calls"][0]["replies"][-1][1].startswith("250 2.0.0 Ok: queued as")


# -- policy services, logins, tables


@pytest.mark.parametrize("where", ["inet:127.0.0.1:10031", "unix:private/policy", "unix:/run/postgrey/socket"])
def test_a_policy_service_is_asked_and_has_no_opinion(where: str, judge: Judge, gateway: Gateway) -> None:
    gateway.write(smtpd_recipient_restrictions=f"check_policy_service {where}, reject_unauth_destination")

    judgement = judge.probe(gateway.conf)

    assert errors(judgement) == []
    assert judgement.seen["asked"][f"policy service {where}"] >= 1


def test_a_policy_service_lets_no_stranger_relay(judge: Judge, gateway: Gateway) -> None:
    gateway.write(smtpd_relay_restrictions="check_policy_service unix:private/policy, reject_unauth_destination")

    stranger = dict(map(tuple, judge.probe(gateway.conf).seen["calls"][0]["replies"]))

    assert stranger["RCPT TO:<someone@example.net>"].startswith("554 5.7.1")


def logging_in(gateway: Gateway, path: str, **main: str) -> Trial:
    gateway.write(smtpd_sasl_auth_enable="yes", smtpd_sasl_type="dovecot", smtpd_sasl_path=path, **main)
    client = Client("203.0.113.9", login="ann", password="secret")
    return Trial("login", "127.0.0.1", gateway.port, client, "a@b.example", ("x@relay.test",))


@pytest.mark.parametrize("path", ["private/auth", "/run/dovecot/auth", "inet:127.0.0.1:12345"])
def test_a_login_is_offered_and_refused(path: str, judge: Judge, gateway: Gateway) -> None:
    given = logging_in(gateway, path)

    ended = run(judge, gateway.conf, Plan((given,)), Grade.PROBE).ended["login"]

    assert "AUTH PLAIN LOGIN" in next(reply.text for reply in ended.replies if reply.said.startswith("EHLO"))
    assert ended.last.code == 535


def test_logins_without_plain_passwords_are_possible(judge: Judge, gateway: Gateway) -> None:
    """Without a mechanism that fits smtpd would die: "no SASL authentication mechanisms"."""
    logging_in(gateway, "private/auth", smtpd_sasl_security_options="noanonymous, noplaintext")

    assert errors(judge.probe(gateway.conf)) == []


@pytest.mark.parametrize(
    "table", ["socketmap:unix:/run/map.sock:users", "socketmap:inet:127.0.0.1:7000:users", "tcp:127.0.0.1:7777"]
)
def test_a_table_that_another_program_answers_finds_nothing(table: str, judge: Judge, gateway: Gateway) -> None:
    gateway.write(smtpd_client_restrictions=f"check_client_access {table}")

    judgement = judge.probe(gateway.conf)

    assert errors(judgement) == []
    assert sum(judgement.seen["asked"].values()) >= 1


@pytest.mark.parametrize("proxy", ["", "proxy:"])
def test_a_table_of_a_database_is_an_empty_one(proxy: str, judge: Judge, gateway: Gateway, outside: Path) -> None:
    """Asked for real it would answer every client with 451, since nothing is reached in there."""
    (outside / "mc.cf").write_text("memcache = inet:127.0.0.1:11211\nkey_format = %s\n")
    gateway.write(virtual_alias_maps=f"{proxy}memcache:{outside}/mc.cf")
    before = (gateway.conf / "main.cf").read_bytes()

    judgement = judge.probe(gateway.conf)

    assert errors(judgement) == []
    assert judgement.not_judged == (
        f"database table memcache:{outside}/mc.cf (virtual_alias_maps) was replaced by an empty one",
    )
    assert (gateway.conf / "main.cf").read_bytes() == before


def test_a_database_table_without_its_settings_is_still_an_error(judge: Judge, gateway: Gateway) -> None:
    gateway.write(virtual_alias_maps="memcache:/nope.cf")

    assert any("/nope.cf" in text for text in errors(judge.probe(gateway.conf)))


def test_a_database_table_that_this_postfix_does_not_know_is_still_an_error(
    judge: Judge, gateway: Gateway, outside: Path
) -> None:
    (outside / "x.cf").write_text("hosts = 127.0.0.1\n")
    gateway.write(virtual_alias_maps=f"mysql:{outside}/x.cf")

    assert any("unsupported dictionary type: mysql" in text for text in errors(judge.probe(gateway.conf)))


# -- filters


def company(main: str, master: str) -> contextlib.AbstractContextManager[tuple[Judge, Path]]:
    rows = {"relay-domain": ["example.com"], "network": ["10.0.0.0/8"]}
    return staged(state({"my-hostname": "gw.example.com"}, rows, main_cf=main, master_cf=master))


BEHIND = (
    "127.0.0.1:10099 inet n - n - - smtpd\n  -o smtpd_proxy_filter=\n  -o smtpd_authorized_xforward_hosts=127.0.0.0/8\n"
)


@pytest.mark.parametrize("proxy", ["127.0.0.1:10030", "inet:127.0.0.1:10030", "unix:private/proxy"])
def test_mail_goes_on_through_the_stand_in_of_a_proxy_filter(proxy: str) -> None:
    with company(f"smtpd_proxy_filter = {proxy}\n", BEHIND) as made:
        seen = run(*made, plan(trial("a")), Grade.FULL)

    (arrival,) = seen.arrived("a")
    assert arrival.recipients == ("user@example.com",)


def test_a_refusal_behind_a_proxy_filter_reaches_the_client() -> None:
    with company("smtpd_proxy_filter = 127.0.0.1:10030\n", BEHIND + "  -o smtpd_sender_restrictions=reject\n") as made:
        seen = run(*made, plan(trial("a")), Grade.FULL)

    assert seen.ended["a"].reply_to("RCPT").code == 554  # type: ignore[union-attr]


def test_without_a_listener_behind_it_a_proxy_filter_keeps_the_mail(judge: Judge, gateway: Gateway) -> None:
    gateway.write(smtpd_proxy_filter="127.0.0.1:10030")

    judgement = judge.full(gateway.conf)

    assert errors(judgement) == []
    assert judgement.seen["asked"] == {"proxy filter 127.0.0.1:10030": 2}


@pytest.mark.parametrize(("program", "nexthop"), [("smtp", "[127.0.0.1]:10024"), ("lmtp", "inet:127.0.0.1:10024")])
def test_mail_goes_on_through_the_stand_in_of_a_content_filter(
    program: str, nexthop: str, judge: Judge, gateway: Gateway
) -> None:
    scan = f"scan unix - - n - - {program}\n"
    behind = "127.0.0.1:10098 inet n - n - - smtpd -o content_filter=\n"
    gateway.write(content_filter=f"scan:{nexthop}", master=gateway.master + scan + behind)
    one = trial("a", "x@relay.test", "y@relay.test", port=gateway.port)

    seen = run(judge, gateway.conf, Plan((one,)), Grade.FULL)

    assert sorted(to for arrival in seen.arrived("a") for to in arrival.recipients) == ["x@relay.test", "y@relay.test"]


def test_a_filter_hands_on_to_the_last_listener_that_does_not_filter() -> None:
    services = (
        "smtp inet n - n - - smtpd", "127.0.0.1:10026 inet n - n - - smtpd", "127.0.0.1:10099 inet n - n - - smtpd",
        "10100 inet n - n - - smtpd", "127.0.0.1:10101 inet n - n - - spawn",
    )  # fmt: skip
    overrides = {"127.0.0.1:10026": {"content_filter": ""}, "127.0.0.1:10099": {"smtpd_proxy_filter": ""}}

    found = behind_filters(read({"content_filter": "mpa:x"}, *services, **overrides))

    assert found == {Kind.PROXY: ("127.0.0.1", 10099), Kind.FILTER: ("127.0.0.1", 10026)}
