"""The copy of a release that can be run without a seal: what is in it, and what is not."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sealgate.postfix.command import Programs
from sealgate.postfix.parameters import ReadBack, read_back
from sealgate.rehearsal.throwaway import KEPT, Copy, lay_out

if TYPE_CHECKING:
    from tests.support.gateway import Gateway


@pytest.fixture
def copied(gateway: Gateway):
    def copy(**main: str) -> tuple[Copy, ReadBack]:
        """Return the copy of a changed configuration, and what Postfix reads in it, values expanded."""
        master = main.pop("master", gateway.master)
        gateway.write(master=master, **main)
        top = gateway.top / "copy"
        top.mkdir()
        programs = Programs(gateway.conf)
        made = lay_out(top, gateway.conf, gateway.paths, read_back(programs), read_back(programs, expanded=True))
        return made, read_back(Programs(made.paths.config_dir), expanded=True)

    return copy


def test_postfix_has_nothing_to_say_about_it(copied) -> None:
    assert copied()[1].complaints == ()


def test_nothing_in_it_listens_on_the_network(copied) -> None:
    assert {service.kind for service in copied()[1].services} == {"unix", "unix-dgram"}


def test_nothing_in_it_moves_or_delivers_mail(copied) -> None:
    assert {service.command for service in copied()[1].services} == KEPT | {"smtpd"}


@pytest.mark.parametrize("line", ["x unix - n n - - pipe user=nobody argv=/bin/cat", "x unix - n n - - local"])
def test_no_own_service_is_in_it(line: str, copied, gateway: Gateway) -> None:
    made, read = copied(master=f"{gateway.master}{line}\n")

    assert [service for service in read.services if service.name == "x"] == []
    assert any(line.split()[7] in words for words in made.missed)


def test_every_smtpd_of_the_network_is_a_private_socket_where_names_are_believed(copied, gateway: Gateway) -> None:
    made, read = copied(master=f"{gateway.master}2599 inet n - n - - smtpd -o smtpd_client_restrictions=reject\n")

    assert {(one.port, path.name) for one, path in made.sockets.items()} == {(gateway.port, "l0"), (2599, "l23")}
    assert read.overrides["l23/unix"]["smtpd_client_restrictions"] == "reject"
    assert read.overrides["l23/unix"]["smtpd_authorized_xclient_hosts"] == "127.0.0.1"


def test_an_smtpd_behind_postscreen_is_asked_as_well(copied, gateway: Gateway) -> None:
    _, read = copied(master=f"{gateway.master}smtpd pass - - n - - smtpd\n")

    assert [service.name for service in read.services if service.command == "smtpd"] == ["l0", "l23"]


def test_queue_data_and_log_are_its_own(copied) -> None:
    made, read = copied()

    places = [read.main[name] for name in ("queue_directory", "data_directory", "maillog_file")]
    assert places == [str(made.paths.queue_dir), str(made.paths.data_dir), str(made.paths.log_file)]


def test_files_of_the_live_instance_that_a_value_names_are_its_own(copied, gateway: Gateway) -> None:
    made, read = copied(
        address_verify_map=f"lmdb:{gateway.data}/verify", transport_maps=f"cidr:{gateway.conf}/t, cidr:/etc/t"
    )

    assert read.main["address_verify_map"] == f"lmdb:{made.paths.data_dir}/verify"
    assert read.main["transport_maps"] == f"cidr:{made.paths.config_dir}/t, cidr:/etc/t"


def test_tables_of_the_release_are_links_and_never_copied(copied, gateway: Gateway) -> None:
    (gateway.conf / "maps").mkdir()

    made, _ = copied()

    assert (made.paths.config_dir / "maps").readlink() == gateway.conf / "maps"


def test_names_in_values_stay_names(copied) -> None:
    copy, _ = copied(smtpd_banner="$myhostname costs $$5")

    assert "smtpd_banner = $myhostname costs $$5\n" in (copy.paths.config_dir / "main.cf").read_text()


@pytest.mark.parametrize(
    ("value", "left", "missed"),
    [
        ("permit, reject_rbl_client a.example, reject", "permit, reject", "reject_rbl_client a.example"),
        ("reject_unknown_sender_domain", "", "reject_unknown_sender_domain"),
        ("warn_if_reject reject_rhsbl_helo b.example=127.0.0.2, permit", "permit", "reject_rhsbl_helo b.example="),
        ("check_sender_mx_access cidr:/etc/x permit", "permit", "check_sender_mx_access cidr:/etc/x"),
        ("reject_unverified_recipient reject", "reject", "reject_unverified_recipient"),
        ("permit_mx_backup, reject_unauth_destination", "reject_unauth_destination", "permit_mx_backup"),
        ("$an_own_class reject", "reject", "reject_rbl_client c.example"),
    ],
)
def test_what_asks_dns_is_taken_out_and_told(value: str, left: str, missed: str, copied) -> None:
    made, read = copied(smtpd_sender_restrictions=value, an_own_class="reject_rbl_client c.example")

    assert read.main["smtpd_sender_restrictions"] == left
    assert any(missed in words for words in made.missed)


@pytest.mark.parametrize(
    "value",
    [
        "reject_unknown_client_hostname, reject_unknown_reverse_client_hostname",
        "check_client_access cidr:/etc/reject_rbl_client",
        "reject_non_fqdn_recipient, reject_unlisted_recipient",
    ],
)
def test_what_needs_no_dns_stays(value: str, copied) -> None:
    """A client's name is told by XCLIENT."""
    assert copied(smtpd_sender_restrictions=value)[1].main["smtpd_sender_restrictions"] == value


def test_services_outside_are_sockets_of_its_own(copied, gateway: Gateway) -> None:
    top = gateway.top / "copy"
    made, read = copied(
        smtpd_milters="inet:127.0.0.1:8891, unix:private/m", smtpd_proxy_filter="127.0.0.1:10030",
        smtpd_end_of_data_restrictions="check_policy_service { unix:/run/p, timeout=3s }",
        transport_maps="tcp:127.0.0.1:7, proxy:memcache:/etc/mc.cf, socketmap:unix:/run/m:x",
    )  # fmt: skip

    own = {one.parameter: one.where.path for one in made.stand_ins}
    assert all(Path(path).parent == top for path in own.values())
    milters = [str(one.where) for one in made.stand_ins if one.parameter == "smtpd_milters"]
    assert read.main["smtpd_milters"] == ", ".join(milters)
    assert own["smtpd_end_of_data_restrictions"] in read.main["smtpd_end_of_data_restrictions"]
    assert read.main["smtpd_proxy_filter"] == ""
    assert read.main["transport_maps"] == "cidr:/dev/null, proxy:cidr:/dev/null, cidr:/dev/null"


def test_logins_are_asked_of_its_own_server(copied) -> None:
    made, read = copied(smtpd_sasl_auth_enable="yes", smtpd_sasl_type="dovecot", smtpd_sasl_path="private/auth")

    assert read.main["smtpd_sasl_path"] == made.stand_ins[0].where.path


def test_a_release_below_the_live_directory_is_found(copied, gateway: Gateway) -> None:
    """As in /etc/postfix, whose releases are in it."""
    release = gateway.conf / "releases/1"
    release.mkdir(parents=True)
    for name in ("main.cf", "master.cf"):
        (release / name).write_bytes((gateway.conf / name).read_bytes())
    with (release / "main.cf").open("a") as main:
        main.write(f"transport_maps = cidr:{release}/t\n")
    (gateway.top / "c2").mkdir()
    programs = Programs(release)

    made = lay_out(gateway.top / "c2", release, gateway.paths, read_back(programs), read_back(programs, expanded=True))

    assert f"cidr:{made.paths.config_dir}/t" in (made.paths.config_dir / "main.cf").read_text()
