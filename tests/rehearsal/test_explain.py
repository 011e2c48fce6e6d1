"""What decided over a mail is read from a run of the real Postfix, down to the row a person wrote."""

from __future__ import annotations

from collections import defaultdict
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.support.release import Release, released
from tests.support.states import state

from sealgate.link.messages import Grade
from sealgate.link.rehearsals import Explained, Mail, Opinion, Stage
from sealgate.model.errors import InvalidValue, NotFound
from sealgate.node.explaining import plan_of, trial_of
from sealgate.postfix.master import InstancePaths
from sealgate.postfix.neutral import neutral_programs
from sealgate.postfix.tables import Tables
from sealgate.rehearsal.explain import explain
from sealgate.rehearsal.judging import Judge
from sealgate.rehearsal.origins import Origins
from sealgate.rehearsal.running import run
from sealgate.rehearsal.sides import Side

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealgate.model.desired import DesiredState

STATE = state(
    {
        "my-hostname": "gw.example.com",
        "internal-relay-host": "mail.inside.example",
        "external-relay-host": "smart.example.net",
        "before-filter-size-limit": 1_000_000,
        "after-filter-size-limit": 2_000_000,
    },
    {
        "relay-domain": ["relay.example"],
        "network": ["10.0.0.0/8", "192.168.4.0/24"],
        "black": [{"client": "198.51.100.9", "reason": "enough"}, {"client": "192.168.88", "reason": "spam"}],
        "white": ["198.51.100.7"],
        "rbl": [{"zone": "zen.example.net"}],
        "header-check": [
            {"pattern": "/^X-Nothing:/", "action": "WARN", "text": "seen"},
            {"pattern": "/^Subject: make money fast/", "action": "REJECT", "text": "spam detected"},
            {"pattern": "/^Subject: make/", "action": "DISCARD"},
        ],
    },
)


class Explaining:
    """One rendered release, and explanations of it."""

    def __init__(self, release: Release, desired: DesiredState) -> None:
        node = release.node
        live = InstancePaths(*map(Path, (node.config_dir, node.spool_dir, node.data_dir, node.log_file)))
        self._judge = Judge(live, release.root / "neutral")
        self._side = side = Side(release.path, desired, node)
        tables = Tables(neutral_programs(release.root / "neutral"))
        self._finder = Origins(
            side.release, desired, side.tree, side.read, tables=tables, scratch=release.root / "scratch"
        ).finder()

    def __call__(self, client: str, recipient: str, sender: str = "a@example.org", **more: object) -> Explained:
        mail = Mail(client, sender, recipient, **more)  # type: ignore[arg-type]
        trial = trial_of(mail, self._side.listeners)
        seen = run(self._judge, self._side.release, plan_of(mail, trial, self._side), Grade.FULL)
        return explain(trial, seen, self._finder, self._side.read.main["content_filter"])


@contextmanager
def explaining(desired: DesiredState) -> Iterator[Explaining]:
    with released(desired, secrets=defaultdict(lambda: "secret")) as release:
        yield Explaining(release, desired)


@pytest.fixture(scope="module")
def ask() -> Iterator[Explaining]:
    with explaining(STATE) as asked:
        yield asked


def decided(answer: Explained) -> Stage:
    return next(stage for stage in answer.stages if stage.name == answer.decided)


def test_a_black_listed_client_is_refused_by_its_row(ask: Explaining) -> None:
    answer = ask("192.168.88.4", "u@relay.example")

    stage = decided(answer)
    assert answer.opinion is Opinion.REFUSED
    assert (stage.name, stage.parameter, stage.restriction) == (
        "client", "smtpd_client_restrictions", "check_client_access",
    )  # fmt: skip
    assert (stage.noun, stage.row, stage.line) == ("black", "192.168.88.0/24", 2)
    assert "spam" in stage.reply


def test_a_relay_attempt_is_refused_where_relaying_is_decided(ask: Explaining) -> None:
    answer = ask("203.0.113.9", "u@elsewhere.example")

    assert (answer.decided, decided(answer).restriction) == ("relaying", "reject_unauth_destination")
    assert answer.reply.startswith("554 5.7.1")


def test_what_comes_later_was_not_reached(ask: Explaining) -> None:
    answer = ask("203.0.113.9", "u@elsewhere.example")

    names = [stage.name for stage in answer.stages if stage.opinion is Opinion.NOT_REACHED]
    assert names == ["recipient", "DATA", "content checks", "MPA", "re-injection", "route"]


def test_my_networks_let_a_client_relay_by_its_row(ask: Explaining) -> None:
    answer = ask("192.168.4.77", "u@elsewhere.example")

    relaying = next(stage for stage in answer.stages if stage.name == "relaying")
    assert (relaying.opinion, relaying.noun, relaying.row) == (Opinion.PERMITTED, "network", "192.168.4.0/24")
    assert answer.opinion is Opinion.PERMITTED
    assert "smart.example.net" in answer.stages[-1].text


def test_mail_for_a_relay_domain_goes_through_every_stage_to_its_next_hop(ask: Explaining) -> None:
    answer = ask("203.0.113.9", "u@relay.example")

    assert answer.opinion is Opinion.PERMITTED
    assert [stage.name for stage in answer.stages] == [
        "listener", "client", "relaying", "recipient", "DATA", "content checks", "MPA", "re-injection", "route",
    ]  # fmt: skip
    assert "mail.inside.example" in answer.stages[-1].text


def test_a_blank_in_a_quoted_local_part_is_no_hindrance(ask: Explaining) -> None:
    answer = ask("203.0.113.9", '"a nice user"@relay.example')

    assert (answer.opinion, answer.stages[-1].name) == (Opinion.PERMITTED, "route")
    assert "mail.inside.example" in answer.stages[-1].text


def test_a_listed_client_is_refused_by_the_row_of_the_block_list(ask: Explaining) -> None:
    answer = ask("203.0.113.44", "u@relay.example", listed=("zen.example.net",))

    stage = decided(answer)
    assert (stage.restriction, stage.noun, stage.row) == ("reject_rbl_client", "rbl", "zen.example.net")


def test_the_same_client_unlisted_passes(ask: Explaining) -> None:
    assert ask("203.0.113.44", "u@relay.example").opinion is Opinion.PERMITTED


def test_the_rule_of_a_header_check_is_found_though_postfix_does_not_name_it(ask: Explaining) -> None:
    message = b"Subject: make money fast today\r\nFrom: a@example.org\r\n\r\nhello\r\n"

    stage = decided(ask("203.0.113.9", "u@relay.example", message=message))

    assert (stage.name, stage.noun, stage.line) == ("content checks", "header-check", 2)
    assert "make money fast" in stage.entry


def test_a_mail_that_is_too_large_is_refused_by_the_limit(ask: Explaining) -> None:
    stage = decided(ask("203.0.113.9", "u@relay.example", size=1_500_000))

    assert stage.parameter == "message_size_limit"
    assert stage.reply.startswith("552 5.3.4")


def test_mail_for_nobody_s_listener_names_those_that_there_are(ask: Explaining) -> None:
    with pytest.raises(NotFound, match=r"no listener '2599'.*Listeners for SMTP"):
        ask("203.0.113.9", "u@relay.example", listener="2599")


@pytest.mark.parametrize("recipient", ["a b@example.com", "a@example.com\n", "x" * 3000, ""])
def test_a_recipient_that_would_be_another_command_is_refused(ask: Explaining, recipient: str) -> None:
    with pytest.raises(InvalidValue):
        ask("203.0.113.9", recipient)


def test_a_client_that_is_no_address_is_refused(ask: Explaining) -> None:
    with pytest.raises(InvalidValue, match="is no IP address"):
        ask("relay.example", "u@relay.example")


def test_an_unknown_block_list_is_refused(ask: Explaining) -> None:
    with pytest.raises(InvalidValue, match="No restriction asks"):
        ask("203.0.113.9", "u@relay.example", listed=("other.example",))


def test_an_own_line_that_decides_is_named_with_its_line() -> None:
    own = "# a note\nsmtpd_sender_restrictions = check_sender_access inline:{{bad@x.example = REJECT no}}\n"
    with explaining(state({"my-hostname": "gw.example.com"}, {"relay-domain": ["relay.example"]}, main_cf=own)) as ask:
        stage = decided(ask("203.0.113.9", "u@relay.example", "bad@x.example"))

    assert (stage.name, stage.restriction) == ("sender", "check_sender_access")
    assert stage.noun == "own-lines"


EARLY = """\
smtpd_delay_reject = no
smtpd_helo_restrictions = check_helo_access inline:{{bad.example = REJECT not by this name}}
smtpd_sender_restrictions = check_sender_access inline:{{bad@x.example = DEFER not now}}
"""


def test_what_is_refused_before_a_recipient_is_named_by_its_restriction() -> None:
    lists = {"relay-domain": ["relay.example"], "black": [{"client": "198.51.100.9", "reason": "enough"}]}
    with explaining(state({"my-hostname": "gw.example.com"}, lists, main_cf=EARLY)) as ask:
        connected = ask("198.51.100.9", "u@relay.example")
        greeted = ask("203.0.113.9", "u@relay.example", helo="bad.example")
        sent = ask("203.0.113.9", "u@relay.example", "bad@x.example")

    told = [
        (one.opinion, one.decided, decided(one).restriction, decided(one).noun) for one in (connected, greeted, sent)
    ]
    assert told == [
        (Opinion.REFUSED, "client", "check_client_access", "black"),
        (Opinion.REFUSED, "HELO", "check_helo_access", "own-lines"),
        (Opinion.DEFERRED, "sender", "check_sender_access", "own-lines"),
    ]
    assert decided(connected).row == "198.51.100.9"
    assert ("enough" in connected.reply, "not by this name" in greeted.reply, "not now" in sent.reply) == (True,) * 3
    assert [stage.opinion for stage in connected.stages[:2]] == [Opinion.PASSED, Opinion.REFUSED]


def test_a_rule_that_only_warns_is_told_and_the_mail_goes_on(ask: Explaining) -> None:
    message = b"X-Nothing: at all\r\nSubject: hello\r\nFrom: a@example.org\r\n\r\nhello\r\n"

    answer = ask("203.0.113.9", "u@relay.example", message=message)

    checked = next(stage for stage in answer.stages if stage.name == "content checks")
    assert (checked.opinion, checked.line, checked.restriction) == (Opinion.PASSED, 1, "WARNING")
    assert answer.opinion is Opinion.PERMITTED


@pytest.mark.parametrize("hop", ["127.0.0.1:2599", "[::1]:2599", "smtp.inside.example:2526"])
def test_a_next_hop_on_another_port_or_on_this_machine_takes_the_mail_too(hop: str) -> None:
    made = state({"my-hostname": "gw.example.com", "internal-relay-host": hop}, {"relay-domain": ["relay.example"]})
    with explaining(made) as ask:
        answer = ask("203.0.113.9", "u@relay.example")

    assert answer.opinion is Opinion.PERMITTED
    assert hop.rpartition(":")[2] in answer.stages[-1].text
