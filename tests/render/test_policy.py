from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from tests import strategies
from tests.support.release import facts
from tests.support.states import state

from sealgate.model.desired import DesiredState
from sealgate.mpa.policy import Policy, parse_policy
from sealgate.render import Endpoint, render


def policy_of(desired, **changes) -> Any:
    return json.loads(render(desired, facts(**changes)).text("policy.json").shown)


@given(strategies.settings_values)
def test_the_mpa_reads_every_rendered_policy(chosen):
    text = render(DesiredState(chosen), facts()).text("policy.json").shown

    assert isinstance(parse_policy(text), Policy)


def test_the_policy_has_the_ports_of_the_machine():
    policy = policy_of(state(), mpa=Endpoint("::1", 7), reinject=Endpoint("127.0.0.2", 8), reinject_processes=3)

    assert (policy["listen"], policy["reinject"], policy["reinject_connections"]) == ("[::1]:7", "127.0.0.2:8", 3)


def test_the_policy_has_the_after_filter_limit():
    assert policy_of(state({"before-filter-size-limit": 5000}))["after_filter_size_limit"] == 15000


def test_limits_of_own_lines_count_for_the_mpa_too():
    policy = policy_of(state(main_cf="message_size_limit = 77777\nhopcount_limit=9\n"))

    assert (policy["after_filter_size_limit"], policy["hop_limit"]) == (77777, 9)


def test_an_own_limit_that_is_no_plain_number_does_not():
    policy = policy_of(state({"before-filter-size-limit": 5000}, main_cf="message_size_limit = $other\n"))

    assert policy["after_filter_size_limit"] == 15000


def test_the_mpa_opens_as_many_connections_as_an_own_entry_allows():
    own = "127.0.0.1:10026 inet n - n - 5 smtpd\n"

    assert policy_of(state(master_cf=own))["reinject_connections"] == 5


def test_an_own_entry_without_limit_leaves_the_number_of_connections():
    own = "127.0.0.1:10026 inet n - n - - smtpd\n"

    assert policy_of(state(master_cf=own))["reinject_connections"] == 20
