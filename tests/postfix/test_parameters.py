"""What the real postconf tells of the installation and of a configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sealgate.model.errors import NodeFailed
from sealgate.postfix.parameters import ParameterKind, in_force, installed, read_back, service, values

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.gateway import Gateway

    from sealgate.postfix.command import Programs


def test_the_installation_knows_its_version_types_and_daemons(programs: Programs) -> None:
    found = installed(programs)

    assert found.version.startswith("3.")
    assert {"lmdb", "cidr", "pcre", "hash"} <= found.map_types
    assert {"master", "smtpd", "qmgr"} <= found.daemons


@pytest.mark.parametrize(
    ("name", "kind", "scope"),
    [
        ("smtpd_helo_required", ParameterKind.SWITCH, "builtin"),
        ("message_size_limit", ParameterKind.NUMBER, "builtin"),
        ("queue_run_delay", ParameterKind.TIME, "builtin"),
        ("myhostname", ParameterKind.TEXT, "builtin"),
        ("relay_destination_concurrency_limit", ParameterKind.TEXT, "service"),
    ],
)
def test_every_parameter_has_a_kind_and_a_scope(name: str, kind: ParameterKind, scope: str, gateway: Gateway) -> None:
    found = installed(gateway.instance.programs).parameters[name]

    assert (found.kind, found.scope) == (kind, scope)


def test_a_healthy_configuration_is_read_without_a_word(gateway: Gateway) -> None:
    read = gateway.instance.read_back()

    assert read.complaints == ()
    assert read.main["myhostname"] == "gw.example.test"
    assert read.services[0].command == "smtpd"


def test_an_unknown_parameter_is_a_complaint_though_postconf_ends_well(gateway: Gateway) -> None:
    gateway.write(smtpd_helo_requird="yes")

    assert [said.parameter for said in gateway.instance.read_back().complaints] == ["smtpd_helo_requird"]


def test_a_line_that_cannot_be_read_is_named_and_nothing_is_asked_twice(gateway: Gateway) -> None:
    gateway.write(raw="no equals sign\n")

    said = gateway.instance.read_back().complaints

    assert len(said) == 1
    assert said[0].file == str(gateway.conf / "main.cf")
    assert said[0].line > 1


def test_overrides_of_services_are_told_by_service(gateway: Gateway) -> None:
    first, _, rest = gateway.master.partition("\n")
    gateway.write(master=f"{first} -o smtpd_helo_required=yes -o {{ mynetworks = 10.0.0.0/8 }}\n{rest}")

    read = gateway.instance.read_back()

    key = f"127.0.0.1:{gateway.port}/inet"
    assert read.overrides[key] == {"smtpd_helo_required": "yes", "mynetworks": "10.0.0.0/8"}
    assert read.value(key, "mynetworks") == "10.0.0.0/8"
    assert read.value("smtp/unix", "myhostname") == "gw.example.test"
    assert read.value("smtp/unix", "no_such") is None


def test_values_in_force_are_expanded(gateway: Gateway) -> None:
    gateway.write(mydomain="example.test", myorigin="$mydomain")

    assert values(gateway.instance.programs, "myorigin") == {"myorigin": "example.test"}
    assert read_back(gateway.instance.programs).main["myorigin"] == "$mydomain"
    assert read_back(gateway.instance.programs, expanded=True).main["myorigin"] == "example.test"


def test_what_is_in_force_is_what_is_written_what_it_stands_for_or_the_default(gateway: Gateway) -> None:
    gateway.write(mydomain="example.test", myorigin="$mydomain")
    programs, names = gateway.instance.programs, ("mydomain", "myorigin", "mydestination", "relayhost")

    found = in_force(programs, read_back(programs), *names)

    assert found == values(programs, *names)
    assert (found["mydomain"], found["myorigin"]) == ("example.test", "example.test")


def test_what_is_written_word_for_word_is_not_asked_again(gateway: Gateway) -> None:
    programs = gateway.instance.programs
    read = read_back(programs)
    (programs.config_dir / "main.cf").unlink()

    assert in_force(programs, read, "myhostname") == {"myhostname": "gw.example.test"}


def test_values_of_an_unreadable_configuration_raise(tmp_path: Path, programs: Programs) -> None:
    (programs.config_dir / "main.cf").unlink()

    with pytest.raises(NodeFailed, match="postconf"):
        values(programs, "myhostname")


def test_a_service_is_its_eight_columns_and_its_arguments() -> None:
    found = service("smtp inet n - n - 20 smtpd -o a=b -o { c = d e }")

    assert found.key == "smtp/inet"
    assert found.processes == "20"
    assert found.arguments == ("-o", "a=b", "-o", "{ c = d e }")


def test_too_few_columns_are_refused() -> None:
    with pytest.raises(ValueError, match="eight columns"):
        service("smtp inet n")
