"""Own lines of master.cf are read as master(5) says, and as the real postconf reads them."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sealgate.model.master_lines import parse_master


def only(text: str):
    (service,), faults = parse_master(text)
    assert not faults
    return service


def test_a_service_has_its_columns_options_and_lines():
    service = only("# x\nslow unix - - n - 1 smtp\n  -o smtp_helo_timeout=5s\n# y\n  -v\n")

    assert (service.key, service.processes, service.command) == ("slow/unix", "1", "smtp")
    assert [(option.name, option.value) for option in service.options] == [("smtp_helo_timeout", "5s")]
    assert service.arguments == ("-v",)
    assert (service.line, service.last) == (2, 5)


@pytest.mark.parametrize(
    "typed",
    ["-o mail_name=x", "-omail_name=x", "-o { mail_name = x }", "-o {mail_name=x}", "-o mail_name=x -v"],
)
def test_an_option_is_read_in_each_form(typed):
    (option,) = only(f"s unix - - n - - smtp {typed}").options

    assert (option.name, option.value) == ("mail_name", "x")


def test_a_value_with_blanks_stands_in_braces():
    (option,) = only("s unix - - n - - smtpd -o { smtpd_client_restrictions = permit_mynetworks, reject }").options

    assert option.value == "permit_mynetworks, reject"


def test_what_follows_argv_belongs_to_the_program():
    service = only("s unix - n n - - pipe user=a argv=/bin/x -o y ${recipient}")

    assert service.options == ()
    assert service.arguments == ("user=a", "argv=/bin/x", "-o", "y", "${recipient}")


@pytest.mark.parametrize(
    ("name", "host", "port"),
    [("smtp", "", "25"), ("2525", "", "2525"), ("127.0.0.1:submission", "127.0.0.1", "587"), ("[::1]:26", "::1", "26")],
)
def test_an_inet_service_says_where_it_listens(name, host, port):
    service = only(f"{name} inet n - n - - smtpd")

    assert (service.host, service.port) == (host, port)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("s unix - - n - smtp", "own-service-not-understood"),
        ("s", "own-service-not-understood"),
        ("s tcp - - n - - smtp", "own-service-not-understood"),
        ("s unix yes - n - - smtp", "own-service-not-understood"),
        ("s unix - - n soon - smtp", "own-service-not-understood"),
        ("s unix - - n - many smtp", "own-service-not-understood"),
        ("  s unix - - n - - smtp", "own-lines-continue-generated"),
        ("s unix - - n - - smtp -o", "own-option-not-understood"),
        ("s unix - - n - - smtp -o x", "own-option-not-understood"),
        ("s unix - - n - - smtp -o =x", "own-option-not-understood"),
        ("s unix - - n - - smtp -o a = b", "own-option-not-understood"),
        ("s unix - - n - - smtp -o a=$", "own-line-dollar"),
        ("s unix - - n - - smtp\ns unix - - n - - lmtp", "own-service-twice"),
    ],
)
def test_what_master_would_die_of_or_ignore_is_a_fault(text, code):
    _, faults = parse_master(text)

    assert code in [fault.code for fault in faults]


def test_a_fault_does_not_hide_the_services_after_it():
    services, faults = parse_master("broken\ns unix - - n - - smtp\n")

    assert [service.name for service in services] == ["s"]
    assert [fault.line for fault in faults] == [1]


CONTINUED = """\
# first
2525 inet n - n - -
    smtpd
  -o mail_name=x
# between

\t-o
\t  syslog_name=y -o { smtpd_client_restrictions =
      permit_mynetworks, reject }
  -oinet_interfaces=all -o
  {
    mynetworks = 10.0.0.0/8 }
"""


def test_each_option_has_the_line_that_its_name_stands_in():
    assert [(option.name, option.line) for option in only(CONTINUED).options] == [
        ("mail_name", 4),
        ("syslog_name", 8),
        ("smtpd_client_restrictions", 8),
        ("inet_interfaces", 10),
        ("mynetworks", 12),
    ]


@pytest.mark.parametrize(
    ("added", "code", "line"),
    [
        ("  -o a=b\n  -o broken\n", "own-option-not-understood", 3),
        ("  -o a=b\n# c\n  -o\n", "own-option-not-understood", 4),
        ("  -o a=b -o\n  c=$\n", "own-line-dollar", 3),
        ("  -o { a = b\n  c $ }\n", "own-line-dollar", 3),
        ("  -o { a = b\n  ${c }\n", "own-line-dollar", 3),
    ],
)
def test_a_fault_of_an_option_has_the_line_that_it_stands_in(added, code, line):
    _, faults = parse_master(f"s unix - - n - - smtp\n{added}")

    assert (code, line) in [(fault.code, fault.line) for fault in faults]


def test_a_column_that_is_not_possible_has_the_line_that_it_stands_in():
    _, (fault,) = parse_master("s unix -\n  - maybe\n  - - smtp\n")

    assert (fault.code, fault.line) == ("own-service-not-understood", 2)


_SERVICES = st.builds(
    lambda name, kind, columns, command, options: f"{name} {kind} {columns} {command}{options}",
    st.sampled_from(["s", "t", "2525", "127.0.0.1:26"]),
    st.sampled_from(["unix", "inet"]),
    st.sampled_from(["- - n - -", "n - n 60 1", "y  n\tn 60? 0"]),
    st.sampled_from(["smtp", "smtpd", "lmtp"]),
    st.sampled_from(["", " -v", "\n  -o mail_name=x", "\n# c\n\t-o { mail_name = x y } -v", " -o a=b\n  -o c=d"]),
)


def read_by_postfix(text: str) -> list[list[str]]:
    with tempfile.TemporaryDirectory() as directory:
        Path(directory, "main.cf").touch()
        os.utime(Path(directory, "main.cf"), (time.time() - 10,) * 2)
        Path(directory, "master.cf").write_text(text)
        told = subprocess.run(["postconf", "-c", directory, "-M"], capture_output=True, text=True, check=True).stdout
    joined = told.replace("\n    ", " ")
    return [line.split()[:8] for line in joined.splitlines()]


@settings(max_examples=40)
@given(st.lists(_SERVICES, max_size=4))
def test_services_are_what_the_real_postconf_reads(entries):
    text = "".join(f"{entry}\n" for entry in entries)
    services, _ = parse_master(text)
    last = {service.key: service for service in services}

    ours = [
        [s.name, s.type, s.private, s.unprivileged, s.chroot, s.wakeup, s.processes, s.command] for s in last.values()
    ]

    assert sorted(ours) == sorted({(line[0], line[1]): line for line in read_by_postfix(text)}.values())


@given(st.lists(_SERVICES, max_size=4))
def test_a_line_of_an_option_has_its_name(entries):
    text = "".join(f"{entry}\n" for entry in entries)
    lines = text.split("\n")

    options = [option for service in parse_master(text)[0] for option in service.options]

    assert all(option.name in lines[option.line - 1] for option in options)
