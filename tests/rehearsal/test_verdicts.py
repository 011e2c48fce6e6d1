"""What Postfix said, as findings."""

from __future__ import annotations

from pathlib import Path

import pytest

from sealgate.model.findings import Place, Severity
from sealgate.postfix.complaints import Complaint, Level, complaint
from sealgate.postfix.parameters import ReadBack
from sealgate.rehearsal.verdicts import finding_of, findings_of, with_parameter


def said(text: str, level: Level = Level.WARNING, program: str = "smtpd") -> Complaint:
    found = complaint(f"Nov 22 18:14:22 gw postfix/{program}[1]: {level}: {text}")
    assert found is not None
    return found


@pytest.mark.parametrize(
    "text",
    [
        'unknown smtpd restriction: "reject_unath"',
        "cidr map /r/maps/t, line 2: bad mask length: skipping this rule",
        "pcre map /r/t, line 1: no closing regexp delimiter: ignoring this rule",
        "lmdb:/nope is unavailable. open database /nope.lmdb: No such file or directory",
        "/r/main.cf: unused parameter: smtpd_helo_requird=yes",
        "restriction `reject_unauth_destination' after `permit' is ignored",
        "SMTP reply code configuration error: 999 5.7.1 no",
    ],
)
def test_a_warning_that_means_something_is_not_in_force_stops_an_apply(text: str) -> None:
    assert finding_of(said(text), "x").severity is Severity.ERROR


@pytest.mark.parametrize(
    "text",
    ["/r/main.cf, line 9: overriding earlier entry: smtpd_helo_required=yes", "something new in the next version"],
)
def test_other_warnings_are_shown_and_do_not_stop_it(text: str) -> None:
    assert finding_of(said(text), "x").severity is Severity.WARNING


@pytest.mark.parametrize("level", [Level.ERROR, Level.FATAL, Level.PANIC])
def test_whatever_ends_a_process_stops_an_apply(level: Level) -> None:
    assert finding_of(said("anything", level), "x").severity is Severity.ERROR


def test_a_file_of_the_release_is_named_as_it_is_in_the_release() -> None:
    found = finding_of(said("cidr map /r/9/maps/t, line 2: bad mask length"), "x", Path("/r/9"))

    assert found.place == Place(file="maps/t", line=2)


def test_a_file_elsewhere_keeps_its_whole_name() -> None:
    assert finding_of(said("open /etc/nope: No such file or directory"), "x", Path("/r/9")).place.file == "/etc/nope"


def test_a_parameter_without_a_file_is_in_main_cf() -> None:
    found = finding_of(said("parameter smtpd_timeout: bad time value", Level.FATAL), "x")

    assert found.place == Place(file="main.cf", field="smtpd_timeout")


@pytest.mark.parametrize(
    "text",
    [
        "process /usr/lib/postfix/sbin/smtpd pid 7 exit status 1",
        "/usr/lib/postfix/sbin/smtpd: bad command startup -- throttling",
        "malformed request",
        "file system clock is 1 seconds ahead of local clock",
        "end-of-input while reading request from flush socket: Connection reset by peer",
    ],
)
def test_what_only_follows_or_comes_from_our_asking_is_left_out(text: str) -> None:
    assert findings_of([said(text)], "x") == ()


def test_an_echo_is_left_out_when_the_cause_is_named() -> None:
    cause = said("open database /nope.lmdb: No such file or directory")
    echo = said('lmdb:/nope lookup error for "a@b.test"')

    assert len(findings_of([cause, echo], "x")) == 1
    assert len(findings_of([echo], "x")) == 1


def test_the_same_trouble_of_several_programs_is_one_finding() -> None:
    text = "connect #1 to subsystem /q/private/proxymap: No such file or directory"

    assert len(findings_of([said(text), said(text, program="qmgr")], "x")) == 1


def test_a_quoted_word_leads_to_the_parameter_that_holds_it() -> None:
    read = ReadBack({"smtpd_recipient_restrictions": "permit_mynetworks, reject_unath", "other": "x"})

    assert with_parameter(said('unknown smtpd restriction: "reject_unath"'), read).parameter == (
        "smtpd_recipient_restrictions"
    )


def test_a_quoted_word_in_two_parameters_names_neither() -> None:
    read = ReadBack({"a_b": "reject_unath", "c_d": "reject_unath"})

    assert with_parameter(said('unknown smtpd restriction: "reject_unath"'), read).parameter == ""


def test_findings_come_in_the_order_of_what_was_said() -> None:
    found = findings_of([said("first unknown"), said("second unknown")], "x")

    assert ["first" in str(found[0]), "second" in str(found[1])] == [True, True]
