"""What a client can claim is read from access tables however they are written."""

from __future__ import annotations

import pytest
from tests.rehearsal.subjects import subject

from sealgate.rehearsal.access_keys import Claim, claims, zones


def keys(value, **more):
    found = claims(subject(read={"smtpd_sender_restrictions": value, **more}))
    return [(one.key, one.result) for one in found]


def of_text(kind, text):
    read = {"smtpd_sender_restrictions": f"check_sender_access {kind}:/c/maps.d/{kind}-s.map"}
    return [(one.key, one.result) for one in claims(subject(read=read, tables={f"{kind}:s": text}))]


@pytest.mark.parametrize(
    "table",
    [
        "inline:{a.example=OK, b.example=REJECT}", "inline:{a.example=OK b.example=REJECT}",
        "inline:{{a.example = OK}, {b.example = REJECT}}", "inline:{a.example=OK, {b.example = REJECT}}",
        "inline:{ { a.example = OK } b.example=REJECT }",
    ],
)  # fmt: skip
def test_all_entries_of_an_inline_table_are_found(table: str) -> None:
    assert keys(f"check_sender_access {table}, permit") == [("a.example", "OK"), ("b.example", "REJECT")]


def test_a_result_of_many_words_is_kept() -> None:
    assert keys("check_sender_access inline:{{a.example = REJECT go away}}") == [("a.example", "REJECT go away")]


def test_two_tables_of_one_list_are_both_read() -> None:
    value = "check_sender_access inline:{{a.example = OK}}, check_sender_access inline:{{b.example = OK}}"

    assert [key for key, _ in keys(value)] == ["a.example", "b.example"]


@pytest.mark.parametrize("line", ["a.example OK now", "a.example\tOK now", "a.example \t OK now  "])
def test_key_and_result_of_a_line_are_parted_by_any_blanks(line: str) -> None:
    assert of_text("hash", f"{line}\n") == [("a.example", "OK now")]


def test_comments_are_no_entries_and_continued_lines_belong_to_theirs() -> None:
    assert of_text("hash", "# a note\n\na.example OK\n  and more\n") == [("a.example", "OK and more")]


@pytest.mark.parametrize("kind", ["pcre", "regexp"])
@pytest.mark.parametrize(
    "rule", ["/@b[.]example$/", "|@b[.]example$|", "{@b[.]example${", "%@B[.]example$%x", "!!/@b[.]example$/"]
)
def test_a_pattern_is_claimed_by_an_example_whatever_its_delimiter(kind: str, rule: str) -> None:
    ((key, result),) = of_text(kind, f"{rule} OK\n")

    assert (key.lower(), result) == ("@b.example", "OK")


@pytest.mark.parametrize("rule", ["!/@b[.]example$/", "! ~@b[.]example$~"])
def test_a_negated_pattern_is_claimed_by_what_does_not_fit_it(rule: str) -> None:
    assert of_text("pcre", f"{rule} OK\n") == [("someone@sender.example", "OK")]


def test_a_negated_pattern_that_a_usual_name_fits_is_claimed_by_another() -> None:
    assert of_text("pcre", "!/sender/ OK\n") == [("x@x.example", "OK")]
    assert of_text("pcre", "!/./ OK\n") == []


def test_a_rule_in_a_block_is_claimed_by_what_comes_to_it() -> None:
    text = "if |@b[.]example$|\nif !/^root/\n/^boss/ OK\n!/^boss/ REJECT\nendif\nendif\n/^x@/ DUNNO\n"

    assert of_text("pcre", text) == [("boss@b.example", "OK"), ("@b.example", "REJECT"), ("x@", "DUNNO")]


def test_case_counts_where_its_flag_turns_it_on() -> None:
    assert of_text("pcre", "if /^BOSS@/i\n!/^boss/i OK\nendif\n") == [("BOSS@", "OK")]


@pytest.mark.parametrize(
    ("table", "found"),
    [
        ("pcre:{{|@a[.]example$| OK}, { /^x@/ REJECT no }}", [("@a.example", "OK"), ("x@", "REJECT no")]),
        ("regexp:{{/^a{2}@/ OK}}", [("aa@", "OK")]),
        ("cidr:{{192.0.2.0/24 OK}}", [("192.0.2.0/24", "OK")]),
    ],
)
def test_rules_that_stand_in_the_parameter_itself_are_found(table: str, found: list[tuple[str, str]]) -> None:
    assert keys(f"check_sender_access {table}, permit") == found


def test_a_large_table_is_read_in_part() -> None:
    assert len(of_text("hash", "".join(f"d{number}.example OK\n" for number in range(500)))) == 12


def test_a_table_that_no_page_has_gives_no_keys() -> None:
    assert keys("check_sender_access hash:/etc/other.map") == []


def test_a_table_behind_proxy_is_read_as_well() -> None:
    read = {"smtpd_sender_restrictions": "check_sender_access proxy:hash:/c/maps.d/hash-s.map"}

    assert [one.key for one in claims(subject(read=read, tables={"hash:s": "a.example OK\n"}))] == ["a.example"]


def test_the_list_of_a_class_is_read() -> None:
    read = {"smtpd_restriction_classes": "careful, other", "careful": "check_helo_access inline:{{a.example = OK}}"}

    assert claims(subject(read=read)) == (Claim("helo", "a.example", "OK", "inline:{{a.example = OK}}", "careful"),)


def test_a_parameter_that_is_no_list_is_not_read() -> None:
    assert claims(subject(read={"my_note": "check_helo_access inline:{{a.example = OK}}"})) == ()


def test_the_list_of_a_service_is_named_with_the_service() -> None:
    overrides = {"2526/inet": {"smtpd_helo_restrictions": "check_helo_access static:OK"}}

    assert [(one.service, one.result) for one in claims(subject(overrides=overrides))] == [("2526/inet", "OK")]


@pytest.mark.parametrize("kind", ["helo", "sender", "recipient", "client", "reverse_client_hostname"])
def test_the_kind_of_a_claim_is_that_of_the_restriction(kind: str) -> None:
    read = {"smtpd_recipient_restrictions": f"check_{kind}_access inline:{{{{a.example = OK}}}}"}

    assert [one.kind for one in claims(subject(read=read))] == [kind]


def test_zones_are_found_once_though_two_services_ask_them() -> None:
    ask = {"smtpd_client_restrictions": "permit_dnswl_client a.example, permit_dnswl_client b.example=127.0.0.2"}

    assert zones(subject(read=ask, overrides={"x/inet": ask}), "permit_dnswl_client") == (
        "a.example", "b.example=127.0.0.2",
    )  # fmt: skip


def test_zones_of_another_restriction_are_not_asked() -> None:
    assert (
        zones(subject(read={"smtpd_client_restrictions": "reject_rbl_client a.example"}), "permit_dnswl_client") == ()
    )
