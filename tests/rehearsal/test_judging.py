"""The probe as a whole: what it sees, what it leaves alone, and what it says when it cannot look."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sealgate.postfix.digests import tree_digest
from sealgate.postfix.master import InstancePaths
from sealgate.postfix.neutral import neutral_programs
from sealgate.postfix.tables import Tables, TableType
from sealgate.rehearsal.judging import NOT_STARTED, SAID, SILENT, Judge

if TYPE_CHECKING:
    from tests.support.gateway import Gateway

SOURCE = Path(__file__).resolve().parents[2] / "src"


def test_every_listener_is_called_by_a_stranger_and_from_loopback(judge: Judge, gateway: Gateway) -> None:
    calls = judge.probe(gateway.conf).seen["calls"]

    assert [(call["address"], call["client"]) for call in calls] == [
        (f"127.0.0.1:{gateway.port}", "203.0.113.77"),
        (f"127.0.0.1:{gateway.port}", "127.0.0.1"),
    ]


def test_what_the_callers_heard_is_what_the_policy_says(judge: Judge, gateway: Gateway) -> None:
    stranger = dict(map(tuple, judge.probe(gateway.conf).seen["calls"][0]["replies"]))

    assert stranger["RCPT TO:<someone@relay.test>"].startswith("250")
    assert stranger["RCPT TO:<someone@example.net>"].startswith("554 5.7.1")


def test_a_relay_domain_is_taken_from_a_table(judge: Judge, gateway: Gateway) -> None:
    tables = Tables(neutral_programs(gateway.top / "n"))
    tables.build(gateway.conf / "relay", TableType.LMDB, [(".one.test", "OK"), ("one.test", "OK")])
    gateway.write(relay_domains="lmdb:${config_directory}/relay")

    routes = judge.probe(gateway.conf).seen["routes"]

    assert routes[0]["recipient"] == "someone@one.test"


def test_the_release_is_judged_at_the_live_path(gateway: Gateway) -> None:
    """The release lies elsewhere; $config_directory is the live link, which now leads to another release."""
    old = gateway.top / "old"
    old.mkdir()
    (gateway.top / "live").symlink_to(old)
    gateway.write(smtpd_banner="$config_directory")
    live = InstancePaths(gateway.top / "live", gateway.queue, gateway.data, gateway.log)

    seen = Judge(live, gateway.top / "neutral").probe(gateway.conf).seen

    assert seen["calls"][0]["replies"][0][1] == f"220 {gateway.top}/live"
    assert list(old.iterdir()) == []


def test_judging_changes_neither_the_release_nor_anything_live(judge: Judge, gateway: Gateway) -> None:
    gateway.instance.prepare()
    (gateway.queue / "deferred/mail").write_text("live mail")
    before = [tree_digest(place) for place in (gateway.conf, gateway.queue, gateway.data, gateway.log.parent)]

    judge.probe(gateway.conf)

    assert [tree_digest(place) for place in (gateway.conf, gateway.queue, gateway.data, gateway.log.parent)] == before


def test_a_running_instance_on_the_same_ports_is_not_disturbed(judge: Judge, gateway: Gateway) -> None:
    gateway.instance.start()
    pid, position = gateway.instance.pid(), gateway.instance.log.end()

    judgement = judge.probe(gateway.conf)

    assert judgement.findings == ()
    assert gateway.instance.pid() == pid
    assert not [line for line in gateway.instance.log.since(position)[0] if "203.0.113.77" in line]


def test_a_main_cf_that_was_just_written_is_not_waited_for(judge: Judge, gateway: Gateway) -> None:
    os.utime(gateway.conf / "main.cf")

    judge.probe(gateway.conf)

    assert (gateway.conf / "main.cf").stat().st_mtime < (gateway.conf / "master.cf").stat().st_mtime


@pytest.mark.parametrize(
    ("main", "raw", "code"),
    [({"myhostname": ""}, "", NOT_STARTED), ({"smtpd_timeout": "5x"}, "", SILENT), ({"smtpd_timeout": "5x"}, "", SAID)],
)
def test_each_kind_of_trouble_has_its_code(
    main: dict[str, str], raw: str, code: str, judge: Judge, gateway: Gateway
) -> None:
    gateway.write(raw=raw, **main)

    assert code in [finding.code for finding in judge.probe(gateway.conf).findings]


def test_the_words_of_a_fatal_error_name_the_parameter(judge: Judge, gateway: Gateway) -> None:
    gateway.write(smtpd_timeout="5x")

    assert "smtpd_timeout" in [finding.place.field for finding in judge.probe(gateway.conf).findings]


def test_what_is_wrong_with_a_table_is_told_once(judge: Judge, gateway: Gateway) -> None:
    (gateway.conf / "t").write_text("10.0.0.0/99 REJECT\n")
    gateway.write(smtpd_client_restrictions="check_client_access cidr:${config_directory}/t")

    assert len([found for found in judge.probe(gateway.conf).findings if found.place.file == "t"]) == 1


def test_a_judgement_tells_how_long_its_parts_took(judge: Judge, gateway: Gateway) -> None:
    seconds = judge.probe(gateway.conf).seconds

    assert {"all", "files", "stage.start", "stage.callers"} <= set(seconds)
    assert seconds["all"] >= seconds["stage.start"]


def test_what_was_seen_can_be_kept_as_json(judge: Judge, gateway: Gateway) -> None:
    seen = judge.probe(gateway.conf).seen

    assert json.loads(json.dumps(seen)) == seen


def test_a_service_with_several_addresses_is_called_on_each(judge: Judge, gateway: Gateway) -> None:
    gateway.write(
        inet_interfaces="all", master=gateway.master.replace(f"127.0.0.1:{gateway.port} ", f"{gateway.port} ")
    )

    calls = judge.probe(gateway.conf).seen["calls"]

    assert {call["address"] for call in calls} == {f"127.0.0.1:{gateway.port}", f"[::1]:{gateway.port}"}
    assert {call["client"] for call in calls} >= {"203.0.113.77", "2001:db8:7e57::77"}


def test_a_port_that_is_taken_on_the_host_is_free_inside(judge: Judge, gateway: Gateway) -> None:
    with socket.create_server(("127.0.0.1", gateway.port)):
        assert judge.probe(gateway.conf).findings == ()


def test_a_release_without_files_is_not_passed(judge: Judge, tmp_path: Path) -> None:
    assert not judge.probe(tmp_path).passed


def test_where_nothing_can_be_sealed_off_the_files_are_judged_and_what_was_not_is_said(gateway: Gateway) -> None:
    gateway.write(smtpd_helo_requird="yes")
    code = (
        "from pathlib import Path\n"
        "from sealgate.postfix.master import InstancePaths\nfrom sealgate.rehearsal.judging import Judge\n"
        f"top = Path({str(gateway.top)!r})\n"
        "live = InstancePaths(top / 'conf', top / 'spool', top / 'data', top / 'log/mail.log')\n"
        "found = Judge(live, top / 'neutral').probe(top / 'conf')\n"
        "print(found.not_judged[0]); print(found.findings[0].place.field); print(found.passed)\n"
    )

    done = subprocess.run(
        ["setpriv", "--bounding-set=-sys_admin", "--inh-caps=-sys_admin", sys.executable, "-c", code],
        env=os.environ | {"PYTHONPATH": str(SOURCE)}, capture_output=True, text=True, check=True,
    ).stdout.splitlines()  # fmt: skip

    assert "namespaces are forbidden here" in done[0]
    assert "unshare" in done[0]
    assert done[1:] == ["smtpd_helo_requird", "False"]


def test_a_next_hop_that_is_the_gateway_itself_inside_is_no_news(judge: Judge, gateway: Gateway) -> None:
    """Every address is local in the sealed world, so a next hop on the gateway's own port meets the gateway."""
    gateway.write(
        inet_interfaces="all",
        master=f"{gateway.master}25 inet n - n - - smtpd\n",
        relay_transport="smtp:[198.51.100.7]",
    )

    judgement = judge.probe(gateway.conf)

    assert any("myself" in line or "my own hostname" in line for line in judgement.seen["log"])
    assert judgement.findings == ()
