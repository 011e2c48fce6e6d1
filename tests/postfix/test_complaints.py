"""Lines that Postfix really said, and what is read from them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealgate.postfix.complaints import Complaint, Level, complaint, complaints, stderr_complaints

LOG = "Nov 22 18:14:22 gw postfix/smtpd[18]: "


@pytest.mark.parametrize(
    ("text", "parameter"),
    [
        ("parameter smtpd_timeout: bad time value or unit: 5x", "smtpd_timeout"),
        ("bad numerical configuration: message_size_limit = 10MB", "message_size_limit"),
        ("bad boolean configuration: smtpd_helo_required = maybe", "smtpd_helo_required"),
        ("bad string length 0 < 1: relay_transport =", "relay_transport"),
        ("invalid unverified_recipient_reject_code parameter value 999 > 599", "unverified_recipient_reject_code"),
        ("parameter inet_interfaces: no local interface found for 1.2.3.4", "inet_interfaces"),
        ('mynetworks: bad mask length in "10.0.0.0/33"', "mynetworks"),
        ("transport_maps lookup failure", "transport_maps"),
        ("/etc/postfix/main.cf: unused parameter: smtpd_helo_requird=yes", "smtpd_helo_requird"),
        ("/etc/postfix/main.cf: undefined parameter: no_such_name", "no_such_name"),
        (
            "in parameter smtpd_relay_restrictions or smtpd_recipient_restrictions, specify …",
            "smtpd_relay_restrictions",
        ),
        ("something nobody has a pattern for", ""),
    ],
)
def test_the_parameter_that_is_meant_is_named(text: str, parameter: str) -> None:
    found = complaint(f"{LOG}fatal: {text}")

    assert found is not None
    assert found.parameter == parameter


@pytest.mark.parametrize(
    ("text", "file", "line"),
    [
        ('cidr map /c/maps/t, line 2: bad mask length in "10.0.0.0/99": skipping this rule', "/c/maps/t", 2),
        ("/c/main.cf, line 22: missing '=' after attribute name: \"foo\"", "/c/main.cf", 22),
        ('/c/master.cf: line 9: missing "transport type" field', "/c/master.cf", 9),
        ("open database /nope.lmdb: No such file or directory", "/nope.lmdb", 0),
        ("overriding earlier entry: smtpd_helo_required=yes", "", 0),
    ],
)
def test_the_place_that_is_meant_is_named(text: str, file: str, line: int) -> None:
    found = complaint(f"{LOG}warning: {text}")

    assert found is not None
    assert (found.file, found.line) == (file, line)


def test_a_log_line_tells_who_said_it_and_how_bad_it_is() -> None:
    assert complaint(f"{LOG}fatal: x") == Complaint(Level.FATAL, "x", "smtpd", process=18)


def test_a_line_of_stderr_tells_the_program() -> None:
    assert complaint("postmap: warning: x") == Complaint(Level.WARNING, "x", "postmap")


@pytest.mark.parametrize(
    "line", [f"{LOG}connect from unknown[192.0.2.1]", "", f"{LOG}disconnect: warning nothing", "daemon started"]
)
def test_a_line_without_a_label_is_no_complaint(line: str) -> None:
    assert complaint(line) is None


@pytest.mark.parametrize("level", list(Level))
def test_only_fatal_and_panic_end_a_process(level: Level) -> None:
    assert Complaint(level, "x").stops_service is (level in {Level.FATAL, Level.PANIC})


def test_the_same_trouble_of_many_processes_counts_once() -> None:
    lines = [f"Nov 22 18:14:22 gw postfix/smtpd[{pid}]: warning: same" for pid in range(5)]

    assert len(complaints(lines)) == 1


def test_on_stderr_any_word_is_a_warning() -> None:
    said = stderr_complaints(["strange words", "", "postconf: fatal: y"])

    assert [one.level for one in said] == [Level.WARNING, Level.FATAL]


@given(st.text())
def test_no_line_is_too_strange_to_be_read(line: str) -> None:
    found = complaint(line)

    assert found is None or found.text in line.strip() or found.text == found.text.strip()


@given(st.sampled_from(list(Level)), st.text(st.characters(exclude_categories=["C", "Zl", "Zp"])))
def test_the_text_of_a_complaint_is_never_lost(level: Level, text: str) -> None:
    found = complaint(f"{LOG}{level}: {text}")

    assert found is not None
    assert found.text == text.strip()
