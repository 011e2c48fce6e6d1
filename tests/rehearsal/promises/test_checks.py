"""A check fired when its action shows; which rule decides about an example is worked out from the rows."""

from __future__ import annotations

import pytest
from tests.rehearsal.subjects import judged, replied, saw, subject

from sealgate.model.findings import Place
from sealgate.model.verdicts import Ruling
from sealgate.rehearsal.promises.checks import Checks

PROMISE = Checks()


def rule(pattern, action="REJECT", text="", **more):
    return {"pattern": pattern, "action": action, "text": text, **more}


def about(*rules, noun="header-check", **more):
    return subject(None, {noun: list(rules)}, **more)


def judge(made, code=250, text="queued", log=()):
    sessions = (
        replied(one.id, ("(message)", code, f"{code} {text}"), log=tuple(log)) for one in PROMISE.plan(made).trials
    )
    return [one.ruling for one in judged(PROMISE, made, saw(*sessions)).values()]


def logged(action, where="header", line="Subject: spam"):
    return (f"gw postfix/cleanup[9]: 4F: {action}: {where} {line} from x[127.0.0.1]; from=<a@b> to=<c@d>",)


SPAM = "/^Subject: spam/"


def test_a_rejected_message_passes() -> None:
    assert judge(about(rule(SPAM)), 550, "5.7.1 message content rejected") == [Ruling.PASSED]


@pytest.mark.parametrize("code", [250, 450])
def test_a_message_that_should_be_rejected_and_is_not_fails(code: int) -> None:
    assert judge(about(rule(SPAM)), code) == [Ruling.FAILED]


def test_a_rejection_with_other_words_is_that_of_another_rule() -> None:
    assert judge(about(rule(SPAM, text="no spam here")), 550, "5.7.1 something else") == [Ruling.FAILED]


def test_a_status_code_in_front_of_the_words_is_no_part_of_them() -> None:
    assert judge(about(rule(SPAM, text="5.7.9 no spam here")), 550, "5.7.9 no spam here") == [Ruling.PASSED]


def test_words_with_what_was_matched_in_them_are_not_compared() -> None:
    assert judge(about(rule("/^Subject: (spam)/", text="no $1 here")), 550, "5.7.1 no spam here") == [Ruling.PASSED]


@pytest.mark.parametrize(
    ("action", "text"),
    [("WARN", "seen"), ("HOLD", ""), ("DISCARD", ""), ("REDIRECT", "a@b.example"), ("PREPEND", "X-A: b")],
)
def test_an_action_that_is_logged_passes_and_one_that_is_not_fails(action: str, text: str) -> None:
    made = about(rule(SPAM, action, text))
    mark = "warning" if action == "WARN" else action.lower()

    assert judge(made, log=logged(mark)) == [Ruling.PASSED]
    assert judge(made) == [Ruling.FAILED]


def test_a_warning_about_something_else_is_no_sign_of_the_rule() -> None:
    line = "gw postfix/smtpd[9]: warning: hostname x.example does not resolve to address 127.0.0.1"

    assert judge(about(rule(SPAM, "WARN")), log=(line,)) == [Ruling.FAILED]


def test_a_header_that_warns_is_no_sign_of_a_body_rule() -> None:
    made = about(rule("/^spam/", "WARN"), noun="body-check")

    assert judge(made, log=logged("warning")) == [Ruling.FAILED]
    assert judge(made, log=logged("warning", "body", "spam")) == [Ruling.PASSED]


def test_a_silent_action_passes_when_the_message_is_taken() -> None:
    assert judge(about(rule(SPAM, "IGNORE"))) == [Ruling.PASSED]


def test_a_silent_action_fails_when_the_message_is_refused() -> None:
    assert judge(about(rule(SPAM, "DUNNO")), 550) == [Ruling.FAILED]


def test_a_failure_is_blamed_on_the_row() -> None:
    made = about(rule(SPAM, name="subject"))
    (found,) = judged(PROMISE, made, saw(replied(PROMISE.plan(made).trials[0].id, ("(message)", 250, "ok")))).values()

    assert found.blame.noun == "header-check"
    assert found.blame == Place("header-check", found.test.partition(" ")[2])


@pytest.mark.parametrize(
    ("noun", "pattern", "line"),
    [
        ("header-check", SPAM, "Subject: spam"), ("mime-header-check", r"/^Content-Type: x\/y/", "Content-Type: x/y"),
        ("nested-header-check", SPAM, "Subject: spam"), ("body-check", "/^click here/", "click here"),
    ],
)  # fmt: skip
def test_an_example_stands_where_the_rule_looks(noun: str, pattern: str, line: str) -> None:
    (trial,) = PROMISE.plan(about(rule(pattern), noun=noun)).trials
    head, _, body = trial.message.partition("\r\n\r\n")

    assert (line in head) == (noun == "header-check")
    assert (line in body) == (noun != "header-check")


def test_an_example_takes_the_place_of_a_field_of_that_name() -> None:
    (trial,) = PROMISE.plan(about(rule(SPAM))).trials

    assert trial.message.partition("\r\n\r\n")[0].count("Subject:") == 1


def not_judged(made):
    found = judged(PROMISE, made, saw()).values()
    return [one.came for one in found]


def test_a_rule_that_fires_on_all_else_has_no_example() -> None:
    assert not_judged(about(rule("!/^Subject:/", "WARN"))) == [
        "it fires on everything else, and no example is made of that"
    ]


def test_a_rule_behind_one_that_takes_its_example_is_not_judged() -> None:
    made = about(rule("/^Subject:/", "WARN"), rule(SPAM))

    assert len(PROMISE.plan(made).trials) == 1
    assert "before it takes the example" in not_judged(made)[1]


def test_a_rule_that_is_off_takes_nothing() -> None:
    assert len(PROMISE.plan(about(rule("/^Subject:/", "WARN", _enabled=False), rule(SPAM))).trials) == 1


def test_a_rule_in_a_condition_that_its_example_does_not_meet_is_not_judged() -> None:
    made = about(rule("/^To:/", "IF"), rule(SPAM), rule("", "ENDIF"))

    assert PROMISE.plan(made).trials == ()


def test_a_rule_in_a_condition_that_its_example_meets_is_tried() -> None:
    assert len(PROMISE.plan(about(rule("/^Subject/", "IF"), rule(SPAM), rule("", "ENDIF"))).trials) == 1


def test_a_rule_behind_a_condition_is_not_in_it() -> None:
    made = about(rule("/^To:/", "IF"), rule("/x/", "IF"), rule("", "ENDIF"), rule("", "ENDIF"), rule(SPAM))

    assert len(PROMISE.plan(made).trials) == 1


def test_a_rule_that_was_not_tried_is_not_judged() -> None:
    assert not_judged(about(rule(SPAM))) == ["it was not tried"]


def test_an_own_line_about_checks_excuses_a_rule_that_does_not_fire() -> None:
    assert judge(about(rule(SPAM), main_cf="header_checks = \n")) == [Ruling.NOT_JUDGED]
