"""Where namespaces are forbidden: a copy that cannot send mail is asked up to RCPT, and what that leaves open is told.

The kernel forbids them here, as it would: without CAP_SYS_ADMIN, or by a limit of network namespaces.
"""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.support.forbidden import Way, command, environment, where_forbidden
from tests.support.waiting import wait_until

from sealgate.postfix.digests import tree_digest
from sealgate.rehearsal.unsealed import PREFIX

if TYPE_CHECKING:
    from tests.support.gateway import Gateway

STATE = """
from dataclasses import asdict
from tests.support.rehearsed import rehearsed
from tests.support.states import state
from sealgate.link.messages import Grade
judgement = rehearsed(
    state({settings!r}, {rows!r}, main_cf={main!r}, master_cf={master!r}, tables={tables!r}), Grade({grade!r})
)
answer = dict(
    findings=[one.to_json() for one in judgement.findings], not_judged=judgement.not_judged,
    judged=judgement.judged, passed=judgement.passed, sealed=judgement.sealed,
    verdicts=[one.to_json() for one in judgement.verdicts], asked=judgement.seen.get("asked"),
)
"""
OFFICE = {"relay-domain": ["example.com"], "network": ["10.0.0.0/24", "2001:db8:10::/48"]}


def rehearsed(
    main: str = "", master: str = "", *, grade: str = "probe", way: Way = Way.CAPABILITY, **more: Any
) -> dict[str, Any]:
    """Return what a rehearsal says of an office's gateway with these own lines."""
    settings = {"my-hostname": "gw.example.com"} | more.get("settings", {})
    rows = OFFICE | more.get("rows", {})
    code = STATE.format(settings=settings, rows=rows, main=main, master=master, tables=more.get("tables"), grade=grade)
    answer: dict[str, Any] = where_forbidden(code, way)
    return answer


def codes(answer: dict[str, Any], severity: str = "error") -> set[str]:
    return {found["code"] for found in answer["findings"] if found["severity"] == severity}


def rulings(answer: dict[str, Any], promise: str) -> set[str]:
    return {one["ruling"] for one in answer["verdicts"] if one["promise"] == promise}


# -- what is judged


@pytest.mark.parametrize("way", list(Way))
def test_a_sane_gateway_passes_in_spite_of_it(way: Way) -> None:
    answer = rehearsed(way=way)

    assert (answer["findings"], answer["passed"], answer["sealed"]) == ([], True, False)


@pytest.mark.parametrize(
    "promise",
    ["starts-and-answers", "strangers-cannot-relay", "trusted-clients-can-relay", "relay-domains-and-routes"],
)
def test_what_can_be_judged_is_judged(promise: str) -> None:
    assert "passed" in rulings(rehearsed(), promise)


@pytest.mark.parametrize(
    "main",
    [
        "mynetworks = 0.0.0.0/0\n",
        "relay_domains = static:all\n",
        "smtpd_relay_restrictions = check_client_access static:OK, reject\nsmtpd_recipient_restrictions = permit\n",
    ],
)
def test_an_open_relay_is_found(main: str) -> None:
    assert "strangers-cannot-relay" in codes(rehearsed(main))


def test_an_open_relay_on_a_second_listener_is_found() -> None:
    answer = rehearsed(master="2599 inet n - n - - smtpd\n  -o mynetworks=0.0.0.0/0\n")

    assert "strangers-cannot-relay" in codes(answer)


@pytest.mark.parametrize(
    ("main", "words"),
    [
        ("smtpd_timeout = 5x\n", "smtpd_timeout"),
        ("smtpd_recipient_restrictions = reject_unath, permit_mynetworks\n", "reject_unath"),
        ("transport_maps = lmdb:/nope\n", "/nope"),
        ("default_transport =\n", "default_transport"),
        ("smtpd_client_restrictions = check_client_access cidr:/nope\n", "/nope"),
    ],
)
def test_what_postfix_cannot_run_with_is_found(main: str, words: str) -> None:
    answer = rehearsed(main)

    assert not answer["passed"]
    assert any(words in json.dumps(found) for found in answer["findings"])


def test_routes_are_those_of_the_pages() -> None:
    answer = rehearsed(rows={"transport": [{"pattern": "example.com", "host": "inside.example.net"}]})

    routes = [one for one in answer["verdicts"] if one["test"] == "route of someone@example.com"]
    assert [(one["ruling"], one["came"]) for one in routes] == [("passed", "smtp:[inside.example.net]")]


def test_a_listener_that_demands_tls_is_asked_over_tls() -> None:
    from tests.support.certificates import certificate_for

    _, certificate, key = certificate_for("gw.example.com")
    code = (
        "from tests.support.rehearsed import rehearsed, failed\nfrom tests.support.states import state\n"
        "from sealgate.link.messages import Grade\n"
        f"desired = state({{'my-hostname': 'gw.example.com', 'tls-certificate': {certificate!r}, 'tls-key': 'k1',"
        f" 'tls-incoming': 'encrypt'}}, {OFFICE!r})\n"
        f"found = rehearsed(desired, Grade.PROBE, secrets={{'k1': {key!r}}})\n"
        "answer = [[str(one) for one in found.findings], [one.ruling for one in found.verdicts"
        " if one.promise == 'trusted-clients-can-relay']]\n"
    )

    findings, trusted = where_forbidden(code)

    assert (findings, set(trusted)) == ([], {"passed"})


# -- what is not judged


def test_the_report_lists_what_was_not_judged() -> None:
    words = " | ".join(rehearsed("smtpd_client_restrictions = reject_rbl_client zen.example.org\n")["not_judged"])

    for part in (
        "namespaces are forbidden here (unshare", "each smtpd was asked over a Unix socket",
        "depends on DNS: reject_rbl_client zen.example.org", "qmgr", "PROXY protocol",
    ):  # fmt: skip
        assert part in words


@pytest.mark.parametrize("promise", ["dns-lists", "mail-reaches-its-next-hop", "mail-passes-unchanged", "no-smuggling"])
def test_a_test_that_needs_the_seal_is_not_judged(promise: str) -> None:
    assert rulings(rehearsed(grade="full"), promise) == {"not judged"}


def test_half_of_a_trial_is_not_taken_for_the_whole() -> None:
    """A message that is too large is refused after DATA, where nothing goes here: it is not judged, and no failure."""
    answer = rehearsed(grade="full", settings={"before-filter-size-limit": "100 KB", "after-filter-size-limit": "1 MB"})

    sizes = {one["ruling"] for one in answer["verdicts"] if "is sent on" in one["test"]}
    assert (sizes, answer["passed"]) == ({"not judged"}, True)


def test_a_full_rehearsal_says_so_as_a_warning() -> None:
    answer = rehearsed(grade="full")

    assert (codes(answer, "warning"), answer["passed"]) == ({"not-rehearsed"}, True)


def test_a_limit_of_namespaces_is_no_lack_of_disk_space() -> None:
    """unshare(2) says ENOSPC for it; a full disk would be a refusal."""
    answer = rehearsed(grade="full", way=Way.LIMIT)

    assert "No space left on device" in answer["not_judged"][0]
    assert codes(answer, "warning") == {"not-rehearsed"}


def test_a_dead_milter_refuses_no_mail_here_either() -> None:
    answer = rehearsed("smtpd_milters = inet:127.0.0.1:1\nmilter_default_action = tempfail\n")

    assert answer["passed"]
    assert answer["asked"]["milter unix:" + next(iter(answer["asked"])).partition("unix:")[2]] >= 1
    assert any(one.startswith("milter inet:127.0.0.1:1 (smtpd_milters) was replaced") for one in answer["not_judged"])


# -- nothing leaves, nothing stays


PROBE = """
from pathlib import Path
from sealgate.postfix.master import InstancePaths
from sealgate.rehearsal.judging import Judge
from sealgate.rehearsal.trials import Client, Plan, Trial, Until
top = Path({top!r})
live = InstancePaths(top / 'conf', top / 'spool', top / 'data', top / 'log/mail.log')
trials = tuple(Trial(f't{{n}}', '127.0.0.1', {port}, Client('10.1.2.3'), 'a@b.example', ({to!r},), Until.RCPT)
    for n in range(20))
"""


def test_no_mail_leaves_though_the_next_hop_listens(gateway: Gateway) -> None:
    """A trusted client hands mail over for a next hop that lives on this very machine, and nobody comes there."""
    with socket.create_server(("127.0.0.1", 0)) as hop:
        port = hop.getsockname()[1]
        gateway.write(default_transport=f"smtp:[127.0.0.1]:{port}", relay_transport=f"smtp:[127.0.0.1]:{port}")
        code = PROBE.format(top=str(gateway.top), port=gateway.port, to="x@relay.test")
        found = where_forbidden(
            code + "seen = Judge(live, top / 'n').full(top / 'conf', Plan(trials))\n"
            "answer = [seen.seen['calls'][0]['replies'][-1][1], seen.trials.ended['t0'].last.code]\n"
        )
        hop.settimeout(0)

        with pytest.raises(BlockingIOError):
            hop.accept()
    assert found[0].startswith("250 2.0.0 Ok: queued as")
    assert found[1] == 250


def test_a_verified_recipient_is_asked_of_nobody(gateway: Gateway) -> None:
    with socket.create_server(("127.0.0.1", 0)) as hop:
        gateway.write(
            relay_transport=f"smtp:[127.0.0.1]:{hop.getsockname()[1]}",
            smtpd_recipient_restrictions="reject_unauth_destination, reject_unverified_recipient",
        )
        code = PROBE.format(top=str(gateway.top), port=gateway.port, to="x@relay.test")
        where_forbidden(code + "Judge(live, top / 'n').full(top / 'conf', Plan(trials))\nanswer = 0\n")
        hop.settimeout(0)

        with pytest.raises(BlockingIOError):
            hop.accept()


def test_nothing_live_is_touched_and_nothing_stays(gateway: Gateway) -> None:
    gateway.instance.start()
    (gateway.queue / "deferred/mail").write_text("live mail")
    before = [tree_digest(gateway.conf), tree_digest(gateway.queue / "deferred"), gateway.instance.pid()]
    code = PROBE.format(top=str(gateway.top), port=gateway.port, to="x@relay.test")

    where_forbidden(code + "Judge(live, top / 'n').probe(top / 'conf', Plan(trials))\nanswer = 0\n")

    assert [tree_digest(gateway.conf), tree_digest(gateway.queue / "deferred"), gateway.instance.pid()] == before
    assert _left(gateway) == []


@pytest.mark.parametrize("after", [0.0, 0.1, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5, 0.6, 0.9])
def test_when_the_caller_is_killed_nothing_stays(after: float, gateway: Gateway) -> None:
    """However far it was: Postfix ends, and the copy is removed, by the process that made it."""
    gateway.write(smtpd_milters="inet:127.0.0.1:8891")
    code = PROBE.format(top=str(gateway.top), port=gateway.port, to="x@relay.test")
    code += "print('begun', flush=True)\nwhile True: Judge(live, top / 'n').probe(top / 'conf', Plan(trials))\n"
    caller = subprocess.Popen(command(code), env=environment(), stdout=subprocess.PIPE)
    assert caller.stdout is not None
    caller.stdout.readline()
    threading.Event().wait(after)

    caller.send_signal(signal.SIGKILL)
    caller.wait()
    caller.stdout.close()

    wait_until(lambda: _left(gateway) == [], "the copy and every process of it are gone")


def test_what_a_killed_process_left_is_cleared_away_by_the_next(gateway: Gateway) -> None:
    """The process that would tidy up is killed itself: its Postfix lives on until the next question."""
    code = PROBE.format(top=str(gateway.top), port=gateway.port, to="x@relay.test")
    loop = code + "print('begun', flush=True)\nwhile True: Judge(live, top / 'n').probe(top / 'conf', Plan(trials))\n"
    caller = subprocess.Popen(command(loop), env=environment(), stdout=subprocess.PIPE, start_new_session=True)
    assert caller.stdout is not None
    caller.stdout.readline()
    wait_until(lambda: _masters(gateway) != [], "its Postfix runs")
    for number in _asking(gateway):
        os.kill(number, signal.SIGKILL)
    caller.kill()
    caller.wait()
    caller.stdout.close()

    where_forbidden(code + "Judge(live, top / 'n').probe(top / 'conf')\nanswer = 0\n")

    wait_until(lambda: _left(gateway) == [], "the copy and every process of it are gone")


def _left(gateway: Gateway) -> list[str]:
    """Return the copies of this gateway's configuration, and the processes that work in one."""
    return [*map(str, _copies(gateway)), *_masters(gateway), *_orphans()]


def _orphans() -> list[str]:
    """Return the processes of copies that are gone, whoever made them."""
    words = [_command(place) for place in Path("/proc").iterdir() if place.name.isdigit()]
    found = [re.search(rf"master -c (/run/{PREFIX}\w+)/c", text) for text in words]
    return [one[1] for one in found if one and not Path(one[1]).exists()]


def _copies(gateway: Gateway) -> list[Path]:
    return [top for top in Path("/run").glob(f"{PREFIX}*") if _is_of(gateway, top)]


def _is_of(gateway: Gateway, top: Path) -> bool:
    try:
        return f"myhostname = gw{gateway.port}.example.test" in (top / "c/main.cf").read_text()
    except OSError:
        return False


def _masters(gateway: Gateway) -> list[str]:
    """Return the masters of copies of this gateway."""
    return [
        place.name
        for place in Path("/proc").iterdir()
        if place.name.isdigit() and any(str(top) in _command(place) for top in _copies(gateway))
    ]


def _asking(gateway: Gateway) -> list[int]:
    """Return the processes apart that hold the lock of a copy of this gateway."""
    tops = [str(top) for top in _copies(gateway)]
    found = []
    for place in Path("/proc").iterdir():
        if place.name.isdigit() and "sealgate.rehearsal" in _command(place):
            try:
                links = [str(one.readlink()) for one in (place / "fd").iterdir()]
            except OSError:
                continue
            if any(link.startswith(tuple(tops)) for link in links if tops):
                found.append(int(place.name))
    return found


def _command(place: Path) -> str:
    try:
        return (place / "cmdline").read_text().replace("\0", " ")
    except OSError:
        return ""


@pytest.fixture(autouse=True)
def _named(request: pytest.FixtureRequest) -> None:
    """Give the gateway a name that tells its copies from those of tests at the same time."""
    if "gateway" in request.fixturenames:
        made = request.getfixturevalue("gateway")
        made.main["myhostname"] = f"gw{made.port}.example.test"
        made.write()
