"""What control knows of the node: asked of the agent, kept for when it is down, and a guess only before that."""

from __future__ import annotations

import datetime as dt
import json

import pytest

from sealgate.link.codec import to_json
from sealgate.link.messages import Facts
from sealgate.render import Endpoint, NodeFacts
from sealgate.services import node_facts
from sealgate.services.node_facts import FACT, facts, guessed, today


def kept(gateway):
    with gateway.store.reading() as reader:
        return reader.fact(FACT)


def test_today_is_the_day_in_utc():
    before = dt.datetime.now(dt.UTC).date()

    assert before <= today() <= dt.datetime.now(dt.UTC).date()


def test_before_the_first_answer_there_are_guesses(gateway, ann):
    found = facts(gateway, ann)

    assert (found.known, dict(found.parameters)) == (False, {})


def test_a_guess_is_not_kept(gateway, ann):
    facts(gateway, ann)

    assert kept(gateway) is None


def test_the_agent_knows(gateway, ann, agent):
    found = facts(gateway, ann)

    assert (found.known, dict(found.parameters)) == (True, {"myhostname": "", "mynetworks": ""})


def test_what_the_agent_said_is_known_while_it_is_down(gateway, ann, answering):
    with answering():
        first = facts(gateway, ann)

    assert facts(gateway, ann) == first


def test_a_newer_answer_takes_the_place_of_the_older(gateway, ann, answering):
    node = guessed(gateway.settings).to_json()
    for value in ("old", "new"):
        with answering(facts=Facts(node, "3.7.11", (), {"mail_name": value})):
            facts(gateway, ann)

    assert facts(gateway, ann).parameters == {"mail_name": "new"}


def test_facts_are_always_as_of_today(gateway, ann, answering):
    node = guessed(gateway.settings).to_json() | {"today": "2001-01-01"}
    with answering(facts=Facts(node, "3.7.11", (), {})):
        found = facts(gateway, ann)

    assert found.node.today > dt.date(2025, 1, 1)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"node": {}, "colour": 1}', "null"])
def test_a_kept_answer_that_cannot_be_read_is_no_answer(gateway, ann, text):
    with gateway.writing(ann) as writer:
        writer.put_fact(FACT, text)

    assert not facts(gateway, ann).known


@pytest.mark.parametrize("change", [{"colour": "red"}, {"mpa": 7}, {"today": "soon"}, {"data_dir": "relative"}])
def test_a_kept_answer_of_another_version_is_no_answer(gateway, ann, change):
    node = guessed(gateway.settings).to_json() | change
    with gateway.writing(ann) as writer:
        writer.put_fact(FACT, json.dumps(to_json(Facts(node, "3.7.11", (), {}))))

    assert not facts(gateway, ann).known


def test_a_guess_takes_paths_and_ports_from_the_settings(gateway):
    settings = gateway.settings
    found = guessed(settings)

    assert (found.config_dir, found.data_dir, found.mpa) == (
        str(settings.postfix_conf),
        str(settings.data_directory),
        Endpoint(*settings.mpa_address),
    )


def test_a_guess_crosses_as_json(gateway):
    found = guessed(gateway.settings)

    assert NodeFacts.from_json(found.to_json()) == found


def test_this_machines_own_name_is_always_a_host_name():
    assert "." in str(node_facts._own_name())
