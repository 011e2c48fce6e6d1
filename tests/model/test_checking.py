"""Every finding: a state that has it, the same state put right, and the register that explains it."""

from __future__ import annotations

import ast
import dataclasses
import re
from pathlib import Path

import pytest
from tests.cases.finding_cases import CASES, LOGIN, RELAY
from tests.model.golden_findings import GOLDEN, written
from tests.model.states import CONTEXT, codes, findings, the

import sealgate.model
import sealgate.render
from sealgate.model.checking import CODES
from sealgate.model.findings import Severity
from sealgate.model.mta import SETTINGS
from sealgate.model.nouns import NOUNS

DENIED = {
    "own-line-alias-table", "own-line-map-never", "own-line-map-relative", "own-line-needs-proof", "own-line-never",
    "own-line-path", "own-service-argument", "own-service-chroot", "own-service-inner", "own-service-privileged",
    "own-service-program", "own-service-user",
}  # fmt: skip
"""Codes of the deny-list, which have their tests in test_deny_list.py."""
OF_THE_CONTEXT = {"check-action-too-new", "hostname-missing"}
OF_THE_RENDERER = {"listener-takes-inner-port", "rbl-reply-shared"}


def test_a_healthy_state_has_no_findings():
    assert findings() == []


@pytest.mark.parametrize(("code", "broken"), [(code, broken) for code, broken, _ in CASES])
def test_what_is_wrong_is_found(code, broken):
    assert code in codes(**broken)


@pytest.mark.parametrize(("code", "right"), [(code, right) for code, _, right in CASES])
def test_what_is_right_is_not_found(code, right):
    assert code not in codes(**right)


@pytest.mark.parametrize(("code", "broken"), [(code, broken) for code, broken, _ in CASES])
def test_a_finding_names_its_place_and_says_what_it_is(code, broken):
    for finding in findings(**broken):
        assert finding.place.noun
        assert finding.what.endswith((".", "?"))
        assert finding.why or finding.remedy or finding.severity is not Severity.ERROR


def test_every_code_of_the_register_has_a_case():
    assert {code for code, _, _ in CASES} | DENIED | OF_THE_CONTEXT | OF_THE_RENDERER == set(CODES)


def test_every_code_in_the_source_is_in_the_register():
    source = Path(sealgate.model.__file__).parent
    modules = [*(source / "checking").glob("*.py"), *source.glob("deny_*.py"), source / "own_text.py"]
    modules.append(source / "master_lines.py")
    words = {
        node.value
        for module in modules
        if module.name != "codes.py"
        for node in ast.walk(ast.parse(module.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        if re.fullmatch(r"[a-z]+(-[a-z0-9]+)+", node.value)
    }
    others = {
        *NOUNS,
        *SETTINGS,
        "main-cf",
        "master-cf",
        "own-lines",
        "unix-dgram",
        "trivial-rewrite",
        "utf-8",
        "dane-only",
    }

    assert words - others == set(CODES) - OF_THE_RENDERER


def test_every_code_of_the_renderer_is_in_the_register():
    modules = Path(sealgate.render.__file__).parent.glob("*.py")
    calls = [
        node for module in modules for node in ast.walk(ast.parse(module.read_text())) if isinstance(node, ast.Call)
    ]
    made = [call for call in calls if isinstance(call.func, ast.Name) and call.func.id in {"error", "warning", "note"}]

    assert {call.args[0].value for call in made if isinstance(call.args[0], ast.Constant)} <= set(CODES)


def test_the_sentences_are_those_that_were_reviewed():
    assert written() == GOLDEN.read_text("utf-8")


def test_the_register_is_in_alphabetical_order():
    assert list(CODES) == sorted(CODES)


def test_a_gateway_without_any_name_cannot_start():
    nameless = dataclasses.replace(CONTEXT, machine_fqdn=None)

    assert "hostname-missing" in codes(settings={"my-hostname": ""}, context=nameless)
    assert "hostname-missing" not in codes(settings={"my-hostname": ""})


def test_an_action_of_a_newer_postfix_is_refused():
    old = dataclasses.replace(CONTEXT, postfix_version=(3, 1))

    assert "check-action-too-new" in codes({"header-check": ["/x/ STRIP"]}, context=old)
    assert "check-action-too-new" not in codes({"header-check": ["/x/ STRIP"]})


def test_errors_come_first_and_nothing_twice():
    found = findings({"network": ["10.0.0.0/8", "10.0.0.1"], "rbl": ["a.example.net"]}, {"tls-key": "k"})

    assert [f.severity for f in found] == [Severity.ERROR, Severity.WARNING, Severity.NOTE]


def test_a_literal_blank_is_offered_as_white_space():
    found = the("check-literal-blank", {"header-check": [r"/^Subject: make  money[ ]fast/ REJECT"]})

    assert found.remedy == r"Write /^Subject:\s+make\s+money[ ]fast/."


def test_a_policy_for_nobodys_next_hop_names_the_route_really_taken():
    found = the("tls-policy-no-next-hop", {"tls-policy": ["example.com encrypt"]})

    assert "Mail for it goes to [mail.inside.example]" in found.why


def test_a_policy_for_a_domain_with_a_transport_names_the_transport():
    rows = {"tls-policy": ["example.com encrypt"], "transport": ["example.com smtp:[192.0.2.77]:26"]}

    assert "[192.0.2.77]:26" in the("tls-policy-no-next-hop", rows).why


def test_a_login_that_does_not_match_names_the_spelling_of_the_next_hop():
    settings = {"external-relay-host": "smtp.example.net:587 mx"}

    assert "smtp.example.net:587" in the("sasl-key-other-spelling", {"sasl": [LOGIN]}, settings).what


def test_a_login_by_the_plain_name_of_the_server_matches_every_port():
    login = LOGIN | {"port": 25, "mx": True}

    assert "sasl-key-other-spelling" not in codes({"sasl": [login]}, RELAY)


def test_a_login_by_a_name_with_mx_records_hides_none_but_those_of_the_host_itself():
    plain = LOGIN | {"port": 25, "mx": True, "user": "other"}
    settings = {"external-relay-host": "smtp.example.net:587 mx"}

    assert "sasl-key-shadowed" not in codes({"sasl": [LOGIN | {"mx": True}, plain]}, settings)
    assert "sasl-key-shadowed" in codes({"sasl": [LOGIN, plain]}, RELAY)


def test_many_findings_of_a_kind_are_counted_not_listed():
    rows = {"relay-domain": ["example.com", *(f"n{number}.example.com" for number in range(50))]}
    found = [f for f in findings(rows, {"match-subdomains": True}) if f.code == "relay-domain-covered"]

    assert len(found) == 21
    assert "30 more" in found[-1].what


def test_a_fault_in_a_table_has_its_line():
    found = the("table-line-without-value", tables={("hash", "t"): "# a comment\na b\n\nlonely\n"})

    assert (found.place.key, found.place.line) == ("t", 4)


def test_a_misspelt_parameter_is_answered_with_the_one_meant():
    assert "Did you mean mynetworks?" in the("own-line-unknown-parameter", main="mynetwork = 10.0.0.0/8").remedy


def test_rows_that_an_own_line_disables_are_a_warning_at_the_page():
    found = the("own-line-overrides", {"transport": ["a.example discard:"]}, main="transport_maps = inline:{a=b}")

    assert (found.severity, found.place.noun) == (Severity.WARNING, "transport")


def test_nothing_is_guessed_about_a_postfix_that_is_not_known():
    unknown = dataclasses.replace(CONTEXT, parameters={}, map_types=frozenset())

    assert codes(main="strange = $thing", tables={("cdb", "t"): "a b\n"}, context=unknown) == ["table-not-used"]
