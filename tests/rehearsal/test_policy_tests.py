"""Policy tests as data: which trial a test becomes, and what is said of what was seen. One run on a real Postfix."""

from __future__ import annotations

import pytest
from tests.support.rehearsed import failed, rehearsed
from tests.support.release import facts
from tests.support.states import state

from sealgate.link.messages import Grade
from sealgate.model.policy_lines import read_policy_test
from sealgate.postfix.listeners import Listener
from sealgate.postfix.parameters import ReadBack
from sealgate.rehearsal.policy_tests import MOST, PolicyTests, matches
from sealgate.rehearsal.subject import Subject
from sealgate.rehearsal.trials import TRIAL_HEADER, Arrival, Ended, Reply, Seen
from sealgate.render import Endpoint

HOST, PORT = "127.0.0.1", 2525
MAIL = "from 203.0.113.5 mail a@b.example to c@relay.example"


def rows_of(*lines, **settings):
    tests = [{"name": f"t{number}"} | read_policy_test(line) for number, line in enumerate(lines)]
    return {"policy-test": tests, **settings}


def subject(*lines, main_cf="", **rows):
    node = facts(smtp_listeners=(Endpoint(HOST, PORT),))
    ends = (
        Listener("2525/inet", "smtpd", HOST, PORT, wildcard=True),
        Listener("587/inet", "smtpd", "::1", 587, wildcard=True),
    )
    return Subject(state({}, rows_of(*lines, **rows), main_cf=main_cf), node, ReadBack(), ends)


def trial(line, **more):
    (found,) = PolicyTests().plan(subject(line, **more)).trials
    return found


def reply(said, text):
    return Reply(said, int(text.split()[0]), text)


TAKEN = (
    reply("EHLO x", "250 gw"),
    reply("MAIL FROM:<a@b.example>", "250 2.1.0 Ok"),
    reply("RCPT TO:<c@relay.example>", "250 2.1.5 Ok"),
    reply("DATA", "354 go on"),
    reply("(message)", "250 2.0.0 Ok: queued as 4ABC"),
)
DENIED = (*TAKEN[:2], reply("RCPT TO:<c@relay.example>", "554 5.7.1 <c@relay.example>: Relay access denied"))
LATER = (*TAKEN[:2], reply("RCPT TO:<c@relay.example>", "450 4.2.0 try again later"))
SPAM = (*TAKEN[:4], reply("(message)", "550 5.7.1 spam detected"))


def arrival(server="mx.a.example", port=25, tls="TLSv1.3", recipients=("c@relay.example",)):
    return Arrival("pol-0", server, "10.9.8.7", port, "", "", tls, "", "", "a@b.example", recipients, "", 0, "")


def verdict(line, replies=TAKEN, arrivals=(), *, queued=(), log=(), **more):
    seen = Seen({"pol-0": Ended("pol-0", tuple(replies), log=log)}, tuple(arrivals), queued={"pol-0": queued})
    (found,) = PolicyTests().judge(subject(line, **more), seen)
    return found


def ruling(*args, **more):
    return verdict(*args, **more).ruling.value


def test_the_client_is_the_one_of_the_test():
    client = trial(f"{MAIL} name mx.b.example helo [192.0.2.1] tls expect accept").client

    assert (client.address, client.name, client.helo, client.tls) == (
        "203.0.113.5",
        "mx.b.example",
        "[192.0.2.1]",
        True,
    )


def test_a_client_with_a_name_says_it_in_ehlo():
    assert trial(f"{MAIL} name mx.b.example expect accept").client.helo == "mx.b.example"


def test_envelope_and_size_are_those_of_the_test():
    found = trial("from 203.0.113.5 mail <> to a%b@c.example, d@e.example size 20 MiB expect reject")

    assert (found.sender, found.recipients, found.size) == ("", ("a%b@c.example", "d@e.example"), 20 << 20)


def test_headers_become_a_message_with_what_a_message_needs():
    lines = trial(f'{MAIL} header "Subject: x" header "From: me" expect accept').message.split("\r\n")

    assert {f"{TRIAL_HEADER}: pol-0", "Subject: x", "From: me"} <= set(lines)
    assert [line.partition(":")[0] for line in lines].count("From") == 1


def test_a_whole_message_is_sent_as_it_is_below_the_mark():
    message = trial(f'{MAIL} message "Subject: für\\n\\nx" expect accept').message

    assert message.encode("latin-1").decode() == f"{TRIAL_HEADER}: pol-0\r\nSubject: für\r\n\r\nx"


@pytest.mark.parametrize(
    ("line", "port"), [(f"{MAIL} expect accept", PORT), ("from 2001:db8::1 port 587 mail <> to a@b expect accept", 587)]
)
def test_the_client_connects_to_its_port_or_to_the_first_for_mail(line, port):
    assert trial(line).port == port


def test_a_disabled_test_is_not_held():
    rows = {"policy-test": [{"name": "x", **read_policy_test(f"{MAIL} expect accept"), "_enabled": False}]}

    assert PolicyTests().plan(subject(**rows)).trials == ()


def test_the_port_of_a_next_hop_is_served():
    plan = PolicyTests().plan(subject(f"{MAIL} expect next-hop [mx.a.example]:2626"))

    assert plan.internet.ports == (2626,)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (f"{MAIL} expect encrypted", "not rehearsed yet"),
        (f"{MAIL} expect signed", "not rehearsed yet"),
        (f"{MAIL} port 26 expect accept", "nothing listens on port 26"),
        ("from 250.0.0.1 mail <> to a@b expect accept", "can have the address 250.0.0.1"),
    ],
)
def test_what_cannot_be_held_is_not_judged_with_the_reason(line, why):
    (found,) = PolicyTests().judge(subject(line), Seen({}))

    assert (found.ruling, why in found.came) == ("not judged", True)
    assert PolicyTests().plan(subject(line)).trials == ()


def test_tests_behind_the_most_are_not_judged_and_it_is_said():
    many = subject(*[f"{MAIL} expect accept"] * (MOST + 1))
    *_, last = PolicyTests().judge(many, Seen({}))

    assert len(PolicyTests().plan(many).trials) == MOST
    assert "only 500 tests" in last.came


@pytest.mark.parametrize(
    ("expectation", "replies", "expected"),
    [
        ("accept", TAKEN, "passed"),
        ("accept", DENIED, "failed"),
        ("accept", LATER, "failed"),
        ("accept", SPAM, "failed"),
        ("accept", TAKEN[:3], "failed"),
        ("accept", TAKEN[:1], "failed"),
        ("reject", DENIED, "passed"),
        ("reject 554", DENIED, "passed"),
        ("reject 550", DENIED, "failed"),
        ('reject "relay ACCESS"', DENIED, "passed"),
        ('reject 554 "<*>: relay*denied"', DENIED, "passed"),
        ('reject "blocked"', DENIED, "failed"),
        ("reject", SPAM, "passed"),
        ("reject", TAKEN, "failed"),
        ("reject", LATER, "failed"),
        ("reject", TAKEN[:1], "failed"),
        ("reject", (Reply("the connection", 0, "it was closed"),), "failed"),
        ("reject", (reply("", "554 5.7.1 go away"),), "passed"),
        ("defer", LATER, "passed"),
        ("defer 450", LATER, "passed"),
        ("defer 451", LATER, "failed"),
        ("defer", DENIED, "failed"),
    ],
)
def test_replies_decide_about_acceptance(expectation, replies, expected):
    assert ruling(f"{MAIL} expect {expectation}", replies) == expected


def test_every_recipient_must_be_refused():
    replies = (*DENIED, reply("RCPT TO:<d@e.example>", "250 2.1.5 Ok"), *TAKEN[3:])

    assert ruling(f"{MAIL}, d@e.example expect reject", replies) == "failed"


def test_a_login_that_was_not_taken_is_not_judged():
    replies = (TAKEN[0], reply("AUTH PLAIN x", "503 5.5.1 authentication not enabled"))

    assert ruling(f"{MAIL} login alice expect reject", replies) == "not judged"


@pytest.mark.parametrize(
    ("hop", "came", "expected"),
    [
        ("[mx.a.example]", arrival(), "passed"),
        ("a.example", arrival(), "passed"),
        ("[10.9.8.7]", arrival(), "passed"),
        ("[mx.a.example]:26", arrival(), "failed"),
        ("[mx.a.example]:26", arrival(port=26), "passed"),
        ("[b.example]", arrival(), "failed"),
        ("[mx.a.example]", arrival(recipients=("other@relay.example",)), "failed"),
        ("[mx.a.example] tls none", arrival(tls=""), "passed"),
        ("[mx.a.example] tls none", arrival(), "failed"),
        ("[mx.a.example] tls encrypt", arrival(tls=""), "failed"),
        ("[mx.a.example] tls encrypt", arrival(), "failed"),
        ("[127.0.0.1]:24", arrival(), "not judged"),
    ],
)
def test_arrivals_decide_about_the_next_hop(hop, came, expected):
    assert ruling(f"{MAIL} expect next-hop {hop}", TAKEN, [came]) == expected


@pytest.mark.parametrize(
    ("level", "wanted", "expected"),
    [("encrypt", "encrypt", "passed"), ("encrypt", "verify", "failed"), ("secure", "verify", "passed")],
)
def test_the_level_that_is_in_force_decides_whether_mail_would_go_in_clear(level, wanted, expected):
    policy = {"tls-policy": [{"destination": "[mx.a.example]", "level": level}]}

    assert ruling(f"{MAIL} expect next-hop [mx.a.example] tls {wanted}", TAKEN, [arrival()], **policy) == expected


def test_own_lines_about_tls_leave_the_arrival_to_decide():
    line = f"{MAIL} expect next-hop [mx.a.example] tls encrypt"

    assert ruling(line, TAKEN, [arrival()], main_cf="smtp_tls_policy_maps = lmdb:/x\n") == "passed"


def test_mail_that_did_not_arrive_is_failed_with_what_postfix_said():
    found = verdict(f"{MAIL} expect next-hop [mx.a.example]", TAKEN, queued=("host not found",), log=("a line",))

    assert (found.ruling, found.came, found.log) == ("failed", "it did not arrive: host not found", ("a line",))


def test_mail_that_was_refused_did_not_arrive_for_that_reason():
    assert "Relay access denied" in verdict(f"{MAIL} expect next-hop [mx.a.example]", DENIED).came


def test_a_verdict_names_the_test_and_says_it_in_words():
    found = verdict(f"{MAIL} expect reject 554")

    assert (found.promise, found.test, str(found.blame)) == ("policy-tests", "t0", "policy-test t0")
    assert (found.tried, found.expected) == (MAIL, "reject 554")


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("", True),
        ("b c", True),
        ("a*d", True),
        ("d*a", False),
        ("A  B", True),
        ("abc", False),
        ("*", True),
        ("b*b", False),
    ],
)
def test_a_pattern_has_pieces_in_their_order(pattern, expected):
    assert matches(pattern, "a b\nc d") is expected


def test_tests_are_held_on_a_real_postfix():
    rows = rows_of(
        "from 203.0.113.5 mail a@b.example to c@d.example expect reject 554 access",
        "from 203.0.113.5 mail a@b.example to c@relay.example expect next-hop [mx.inside.example]:2600",
        "from 203.0.113.5 mail a@b.example to c@relay.example expect reject",
        'from 127.0.0.1 mail a@b.example to c@d.example header "Subject: make money" expect reject "no spam"',
        "from 127.0.0.1 mail a@b.example to c@d.example expect next-hop d.example",
        "from 127.0.0.1 mail a@b.example to c@d.example size 100 MiB expect reject 552",
    )
    rows["relay-domain"] = ["relay.example"]
    rows["header-check"] = [{"pattern": "/make money/", "action": "REJECT", "text": "no spam"}]
    desired = state({"internal-relay-host": "mx.inside.example:2600"}, rows)

    judgement = rehearsed(desired, Grade.FULL, more=(PolicyTests(),))

    found = {one.test: one.ruling.value for one in judgement.verdicts if one.promise == "policy-tests"}
    assert found == {f"t{number}": "failed" if number == 2 else "passed" for number in range(6)}
    assert [one.test for one in failed(judgement, "policy-tests")] == ["t2"]
