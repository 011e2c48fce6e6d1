"""Every DNS zone that a restriction asks is found, wherever it is asked."""

from __future__ import annotations

import pytest

from sealgate.postfix.parameters import ReadBack
from sealgate.rehearsal.actions import unknown_actions, unusable_lists
from sealgate.rehearsal.zones import zones_asked


@pytest.mark.parametrize(
    ("value", "zones"),
    [
        ("reject_rbl_client zen.example", ("zen.example",)),
        ("reject_rbl_client zen.example=127.0.0.[2..4]", ("zen.example",)),
        ("reject_rhsbl_sender DBL.example., permit", ("dbl.example",)),
        ("permit_dnswl_client a.b, reject_rbl_client c.d", ("a.b", "c.d")),
        ("reject_rhsbl_reverse_client r.example", ("r.example",)), ("permit_mynetworks, reject", ()),
    ],
)  # fmt: skip
def test_zones_of_restrictions_are_found(value: str, zones: tuple[str, ...]) -> None:
    assert zones_asked(ReadBack({"smtpd_client_restrictions": value})) == zones


def test_zones_of_postscreen_are_found_without_weights_and_answers() -> None:
    sites = "zen.example*3, dbl.example=127.0.0.[2;4]*-2\n plain.example"

    assert zones_asked(ReadBack({"postscreen_dnsbl_sites": sites})) == ("dbl.example", "plain.example", "zen.example")


def test_zones_of_a_service_are_found() -> None:
    overrides = {
        "2526/inet": {"smtpd_client_restrictions": "reject_rbl_client s.example", "postscreen_dnsbl_sites": "p.example"}
    }

    assert zones_asked(ReadBack({}, (), overrides)) == ("p.example", "s.example")


@pytest.mark.parametrize("zone", ["zen..example", "-zen.example", "zen_example!"])
def test_a_list_whose_name_can_be_none_is_found(zone: str) -> None:
    (found,) = unusable_lists(ReadBack({"smtpd_client_restrictions": f"reject_rbl_client {zone}"}))

    assert (found.code, found.place.file) == ("dns-list-unusable", "main.cf")


def test_a_list_with_a_good_name_is_not() -> None:
    assert (
        list(unusable_lists(ReadBack({"smtpd_client_restrictions": "reject_rbl_client zen.example=127.0.0.2"}))) == []
    )


def actions(tmp_path, kind, text, parameter="smtpd_client_restrictions", **main):
    path = tmp_path / "table"
    path.write_text(text)
    found = unknown_actions([(kind, path, parameter)], ReadBack(main), tmp_path)
    return [one.place.line for one in found]


@pytest.mark.parametrize(
    ("kind", "text", "lines"),
    [
        ("cidr", "# x\n10.0.0.0/8 OK\n10.0.0.0/8 REJEKT\n", [3]),
        ("texthash", "a.example\tOK\nb.example\tNOPE x\n", [2]),
        ("pcre", "/a b/i OK\n/c/ NOPE\n!/d/ NOPE\n", [2, 3]), ("pcre", "if /x/\n/a/ NOPE\nendif\n", [2]),
        ("regexp", "/a\\/b/ NOPE\n", [1]), ("cidr", "10.0.0.0/8 OK\n  NOPE\n", []), ("hash", "a NOPE\n", []),
    ],
)  # fmt: skip
def test_an_action_that_is_none_is_found_at_its_line(tmp_path, kind: str, text: str, lines: list[int]) -> None:
    assert actions(tmp_path, kind, text) == lines


def test_a_restriction_class_is_an_action(tmp_path) -> None:
    assert actions(tmp_path, "cidr", "10.0.0.0/8 careful\n", smtpd_restriction_classes="careful, other") == []


def test_a_table_that_decides_nothing_is_not_looked_at(tmp_path) -> None:
    assert actions(tmp_path, "cidr", "10.0.0.0/8 whatever\n", "transport_maps") == []


def test_a_table_that_is_not_there_has_no_actions(tmp_path) -> None:
    tables = [("cidr", tmp_path / "none", "smtpd_client_restrictions")]

    assert list(unknown_actions(tables, ReadBack(), tmp_path)) == []
