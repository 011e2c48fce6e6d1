"""Lines of the mail log as records, and the way of a message through a real Postfix and back."""

from __future__ import annotations

import smtplib
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.gateway import free_port
from tests.support.sink import Rule, Sink
from tests.support.waiting import wait_until

from sealgate.postfix.complaints import Level
from sealgate.postfix.logfile import Position
from sealgate.postfix.logs import MailLog, Timeline, record

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.gateway import Gateway

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
SENT = (
    "Nov 22 18:14:22 gw postfix/lmtp[37]: 4jXcfQ1RFXz13: to=<bob@relay.test>, relay=127.0.0.1[127.0.0.1]:10025, "
    "delay=0.1, delays=0/0/0/0.1, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as 4jXcfQ1S2pz16)"
)


def test_a_line_is_a_record() -> None:
    one = record(SENT, NOW)

    assert (one.host, one.name, one.program, one.process) == ("gw", "postfix/lmtp", "lmtp", 37)
    assert one.queue_id == "4jXcfQ1RFXz13"
    assert one.level is None
    assert one.text.startswith("to=<bob@relay.test>")


def test_the_parts_of_a_delivery_have_names() -> None:
    parts = record(SENT, NOW).attributes

    assert parts["to"] == "bob@relay.test"
    assert parts["status"] == "sent"
    assert parts["relay"] == "127.0.0.1[127.0.0.1]:10025"


def test_an_answer_that_names_a_queue_id_ties_two_messages() -> None:
    assert record(SENT, NOW).links == {"4jXcfQ1S2pz16"}


@pytest.mark.parametrize(
    ("text", "links"),
    [
        ("client=localhost[127.0.0.1], orig_queue_id=4jXcfQ1RFXz13, orig_client=x", {"4jXcfQ1RFXz13"}),
        ("sender non-delivery notification: 4jXcfQ1RFXz13", {"4jXcfQ1RFXz13"}),
        ("to=<a@b>, status=deferred (host said: 450 queued as nothing)", set()),
        ("removed", set()),
    ],
)
def test_other_ties_between_messages(text: str, links: set[str]) -> None:
    assert record(f"Nov 22 18:14:22 gw postfix/x[1]: 4jXcfQ1S2pz16: {text}", NOW).links == links


def test_trouble_has_its_level() -> None:
    one = record("Nov 22 18:14:22 gw postfix/smtpd[18]: warning: dict_nis_init: no", NOW)

    assert one.level is Level.WARNING
    assert one.queue_id == ""


@pytest.mark.parametrize(
    ("stamp", "year"), [("Nov 22", 2025), ("Feb 28", 2026), ("Mar  1", 2026), ("Mar  2", 2026), ("Feb 29", 2024)]
)
def test_the_year_is_the_latest_that_is_not_the_future(stamp: str, year: int) -> None:
    one = record(f"{stamp} 10:00:00 gw postfix/qmgr[1]: x", NOW)

    assert one.time is not None
    assert one.time.year == year


def test_a_line_of_another_kind_is_kept_as_text() -> None:
    one = record("kernel panic, perhaps", NOW)

    assert (one.time, one.program, one.text) == (None, "", "kernel panic, perhaps")


@given(st.text())
def test_no_line_is_too_strange(line: str) -> None:
    assert record(line, NOW).text in line


def test_a_syslog_name_with_a_slash_inside_keeps_the_daemon(tmp_path: Path) -> None:
    assert record("Nov 22 18:14:22 gw postfix/submission/smtpd[1]: x", NOW).program == "smtpd"


# -- looking at a log


@pytest.fixture
def log(tmp_path: Path) -> MailLog:
    lines = [f"Nov 22 18:14:22 gw postfix/smtpd[1]: line {n}" for n in range(5)]
    lines[2] = "Nov 22 18:14:22 gw postfix/smtpd[1]: warning: trouble"
    (tmp_path / "mail.log").write_text("".join(f"{line}\n" for line in lines))
    return MailLog(tmp_path / "mail.log", lambda: NOW)


def test_the_last_records_are_oldest_first(log: MailLog) -> None:
    assert [one.text for one in log.tail(2)] == ["line 3", "line 4"]


def test_problems_are_what_has_a_level(log: MailLog) -> None:
    assert [one.text for one in log.problems()] == ["trouble"]


def test_following_gives_what_is_there_and_what_comes(log: MailLog) -> None:
    seen: list[str] = []
    records = log.follow(Position(), lambda: len(seen) == 6, pause=0.01)
    for one in records:
        seen.append(one.text)
        if len(seen) == 5:
            with log.path.open("a") as file:
                file.write("Nov 22 18:14:23 gw postfix/smtpd[1]: the newest\n")

    assert seen[-1] == "the newest"


def test_a_message_nobody_logged_has_an_empty_way(log: MailLog) -> None:
    assert log.timeline("4jXcfQ1RFXz13") == Timeline((), (), searched_all=True)


def test_a_missing_log_has_nothing_to_tell(tmp_path: Path) -> None:
    log = MailLog(tmp_path / "none.log")

    assert log.tail(3) == []
    assert log.timeline("x@y").records == ()


def test_a_search_that_could_not_go_back_far_enough_says_so(log: MailLog) -> None:
    assert not log.timeline("4jXcfQ1RFXz13", limit=10).searched_all


def test_the_rotated_file_is_searched_too(log: MailLog) -> None:
    log.path.with_name("mail.log.1").write_text(f"{SENT}\n")

    assert log.timeline("4jXcfQ1RFXz13").queue_ids == ("4jXcfQ1RFXz13",)


def test_ids_that_only_begin_alike_are_not_joined(log: MailLog) -> None:
    log.path.write_text(
        "Nov 22 18:14:22 gw postfix/qmgr[1]: 4jXcfQ1RFXz13: removed\n"
        "Nov 22 18:14:22 gw postfix/qmgr[1]: 4jXcfQ1RFXz13B: removed\n"
    )

    assert log.timeline("4jXcfQ1RFXz13").queue_ids == ("4jXcfQ1RFXz13",)


# -- through a real filter


@pytest.mark.parametrize("by", ["queue id", "re-injected queue id", "message-id"])
def test_the_way_through_the_filter_is_joined_from_either_end(gateway: Gateway, by: str) -> None:
    with Sink() as final:
        inner_port = free_port()
        gateway.write(
            master=f"{gateway.master}127.0.0.1:{inner_port} inet n - n - - smtpd -o content_filter= "
            "-o smtpd_authorized_xforward_hosts=127.0.0.0/8\n",
            content_filter=f"smtp:[127.0.0.1]:{inner_port}",
            smtp_send_xforward_command="yes",
            relay_transport=f"relay:[127.0.0.1]:{final.address[1]}",
        )
        assert gateway.instance.start().good
        with smtplib.SMTP("127.0.0.1", gateway.port) as client:
            client.sendmail("ann@example.org", ["bob@relay.test"], b"Message-ID: <m1@example.org>\r\n\r\nx\r\n")
        final.wait_for(1)
        log = MailLog(gateway.log)
        wait_until(lambda: sum("removed" in one.text for one in log.tail(50)) == 2, "both removed")
        first, second = (one.queue_id for one in log.tail(50) if "status=sent" in one.text)
        wanted = {"queue id": first, "re-injected queue id": second, "message-id": "<m1@example.org>"}[by]

        way = log.timeline(wanted)

    assert set(way.queue_ids) == {first, second}
    assert sum("status=sent" in one.text for one in way.records) == 2
    assert sum("removed" in one.text for one in way.records) == 2
    assert way.records[0].text.startswith("client=")
    assert way.searched_all


def test_a_bounce_belongs_to_the_way_of_its_message(gateway: Gateway) -> None:
    with Sink(rules=[Rule("RCPT", "550 5.1.1 unknown", match="<bob@")]) as final:
        gateway.write(relay_transport=f"relay:[127.0.0.1]:{final.address[1]}", default_transport="discard:")
        assert gateway.instance.start().good
        with smtplib.SMTP("127.0.0.1", gateway.port) as client:
            client.sendmail("ann@example.org", ["bob@relay.test"], b"Message-ID: <m2@example.org>\r\n\r\nx\r\n")
        log = MailLog(gateway.log)
        wait_until(lambda: sum("removed" in one.text for one in log.tail(50)) == 2, "message and bounce removed")

        way = log.timeline("m2@example.org")

    assert len(way.queue_ids) == 2
    assert any("non-delivery notification" in one.text for one in way.records)
