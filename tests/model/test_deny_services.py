"""Own services, beyond what the deny-list's own tests show: columns, users, arguments, and every fault at its place."""

from __future__ import annotations

import datetime as dt

import pytest

from sealgate.model.context import CheckContext, Permits
from sealgate.model.deny_services import DAEMONS, PRIVILEGED, STARTERS, judge_service
from sealgate.model.findings import Severity
from sealgate.model.master_lines import parse_master

CONTEXT = CheckContext(dt.date(2030, 1, 1), config_dir="/srv/gw/conf", permits=Permits(programs=("/usr/bin/archive",)))


def judged(line):
    (service,), faults = parse_master(f"{line}\n")
    assert not faults
    return list(judge_service(service, {}, CONTEXT))


def codes(line):
    return [finding.code for finding in judged(line)]


def test_what_starts_programs_is_privileged():
    assert STARTERS < PRIVILEGED < DAEMONS


@pytest.mark.parametrize("daemon", sorted(DAEMONS - STARTERS))
def test_every_daemon_of_postfix_may_be_named(daemon):
    assert codes(f"x unix - - n - - {daemon}") == []


@pytest.mark.parametrize("daemon", sorted(DAEMONS - PRIVILEGED))
def test_no_other_daemon_runs_as_root(daemon):
    assert codes(f"x unix - n n - - {daemon}") == ["own-service-privileged"]


@pytest.mark.parametrize("command", ["master", "SMTPD", "smtpd.sh", "sendmail", "postconf", "smtpd/../x", "$smtpd"])
def test_another_program_is_no_daemon(command):
    assert "own-service-program" in codes(f"x unix - - n - - {command}")


@pytest.mark.parametrize("daemon", sorted(STARTERS))
@pytest.mark.parametrize("user", ["archive", "archive:mail", "rooted", "mail0"])
def test_a_listed_program_may_be_started_as_a_user_of_its_own(daemon, user):
    assert codes(f"x unix - n n - - {daemon} user={user} argv=/usr/bin/archive -f ${{sender}}") == []


@pytest.mark.parametrize(
    "user", ["", "root", "toor", "postfix", "postdrop", "0", "000", "sealgate", "sealgate-x", "a:root", "a:0", ":a"]
)
def test_a_program_never_runs_as_root_postfix_or_sealgate(user):
    assert codes(f"x unix - n n - - pipe user={user} argv=/usr/bin/archive") == ["own-service-user"]


@pytest.mark.parametrize("argument", ["directory=/", "chroot=/", "-v", "user", "USER=a"])
def test_an_attribute_that_leaves_the_permitted_is_refused(argument):
    assert codes(f"x unix - n n - - pipe {argument} user=a argv=/usr/bin/archive") == ["own-service-argument"]


def test_what_follows_argv_is_the_programs_own():
    assert codes("x unix - n n - - pipe user=a argv=/usr/bin/archive user=root directory=/") == []


@pytest.mark.parametrize("program", ["/usr/bin/archive2", "/usr/bin/../bin/archive", "archive", "/USR/bin/archive"])
def test_a_program_that_is_not_on_the_list_is_not_started(program):
    assert codes(f"x unix - n n - - pipe user=a argv={program}") == ["own-service-program"]


@pytest.mark.parametrize("name", ["10026", "localhost:10026", "127.0.0.1:10026"])
def test_the_way_back_from_the_mpa_is_not_taken_over(name):
    assert codes(f"{name} inet n - n - - smtpd") == ["own-service-inner"]


@pytest.mark.parametrize("line", ["192.0.2.1:10026 inet n - n - - smtpd", "mpa fifo - - n - - discard"])
def test_a_service_of_another_address_or_type_is_free(line):
    assert codes(line) == []


def test_every_fault_of_a_service_is_told():
    assert codes("mpa unix - n y - - smtp -D") == [
        "own-service-inner", "own-service-privileged", "own-service-chroot", "own-service-argument",
    ]  # fmt: skip


def test_a_fault_is_an_error_with_its_place_and_what_to_do():
    (finding,) = judged("x unix - - y - - smtp")

    assert finding.severity is Severity.ERROR
    assert finding.remedy
