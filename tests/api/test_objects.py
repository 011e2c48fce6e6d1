"""Settings, rows and texts over HTTP: versions, preconditions, pages of lists, and faults at their fields."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from tests.api.conftest import PREFIX, wait_for_jobs

if TYPE_CHECKING:
    import httpx
    from tests.support.control_half import StandIn

DOMAINS = f"{PREFIX}/rows/relay-domain"
ANY = {"if-match": "*"}


def add(client: httpx.Client, noun: str, /, **fields: Any) -> httpx.Response:
    return client.post(f"{PREFIX}/rows/{noun}", json={"fields": fields})


def kind_of(answer: httpx.Response) -> str:
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == answer.status_code
    return str(problem["type"].removeprefix("urn:sealgate:problem:"))


def place_of(answer: httpx.Response) -> dict[str, str]:
    """Return where the one fault is that an answer tells."""
    (fault,) = answer.json()["errors"]
    return {name: fault[name] for name in ("pointer", "parameter", "in") if name in fault}


def test_a_row_that_was_added_is_where_its_answer_says(owner: httpx.Client) -> None:
    made = add(owner, "network", network="10.0.0.0/8")

    found = owner.get(made.headers["location"])

    assert (made.status_code, made.headers["location"]) == (201, f"{PREFIX}/rows/network/10.0.0.0%2F8")
    assert (found.json(), found.headers["etag"]) == (made.json(), made.headers["etag"])


def test_an_unencoded_slash_in_a_key_is_understood_too(owner: httpx.Client) -> None:
    add(owner, "network", network="10.0.0.0/8")

    assert owner.get(f"{PREFIX}/rows/network/10.0.0.0/8").json()["key"] == "10.0.0.0/8"


def test_a_key_that_is_there_already_is_a_conflict(owner: httpx.Client) -> None:
    add(owner, "relay-domain", domain="example.com")

    answer = add(owner, "relay-domain", domain="EXAMPLE.com")

    assert (answer.status_code, kind_of(answer)) == (409, "conflict")


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_without_a_precondition_nothing_is_changed(owner: httpx.Client, method: str) -> None:
    made = add(owner, "relay-domain", domain="example.com")

    answer = owner.request(method, f"{DOMAINS}/example.com", json={"fields": {}} if method != "DELETE" else None)

    assert (answer.status_code, kind_of(answer)) == (428, "precondition-required")
    assert owner.get(f"{DOMAINS}/example.com").headers["etag"] == made.headers["etag"]


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_a_stale_version_changes_nothing_and_the_answer_has_the_one_that_stands(
    owner: httpx.Client, method: str
) -> None:
    first = add(owner, "relay-domain", domain="example.com").headers["etag"]
    theirs = owner.patch(f"{DOMAINS}/example.com", json={"comment": "theirs"}, headers={"if-match": first})

    body = {"fields": {}, "comment": "mine"} if method != "DELETE" else None
    answer = owner.request(method, f"{DOMAINS}/example.com", json=body, headers={"if-match": first})

    assert (answer.status_code, kind_of(answer), answer.headers["etag"]) == (
        412, "precondition-failed", theirs.headers["etag"],
    )  # fmt: skip
    assert owner.get(f"{DOMAINS}/example.com").json()["comment"] == "theirs"


def test_the_version_that_was_seen_changes_the_row_and_is_a_new_one_then(owner: httpx.Client) -> None:
    first = add(owner, "relay-domain", domain="example.com").headers["etag"]

    answer = owner.patch(
        f"{DOMAINS}/example.com", json={"comment": "head office", "enabled": False}, headers={"if-match": first}
    )

    assert (answer.json()["comment"], answer.json()["enabled"]) == ("head office", False)
    assert answer.headers["etag"] == f'"{answer.json()["version"]}"' != first


@pytest.mark.parametrize(
    ("tag", "status"), [('"no-version"', 412), ('W/"1"', 412), ("1", 422), ('"7", "8"', 412), ('"7" "8"', 422)]
)
def test_a_tag_that_is_none_of_ours_matches_nothing(owner: httpx.Client, tag: str, status: int) -> None:
    add(owner, "relay-domain", domain="example.com")

    answer = owner.delete(f"{DOMAINS}/example.com", headers={"if-match": tag})

    assert answer.status_code == status


@pytest.mark.parametrize("tags", ['"{n}", "99"', '"99" ,"{n}"', 'W/"5", "a,b", "{n}"', '"unset","{n}"'])
@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
def test_one_of_several_tags_is_enough(owner: httpx.Client, tags: str, method: str) -> None:
    seen = add(owner, "relay-domain", domain="example.com").json()["version"]
    body = {"comment": "new"} if method == "PATCH" else None

    answer = owner.request(method, f"{DOMAINS}/example.com", json=body, headers={"if-match": tags.format(n=seen)})

    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("tag", ['"unset", "99"', "*"])
def test_none_of_several_tags_makes_what_is_not_there(owner: httpx.Client, tag: str) -> None:
    assert owner.delete(f"{DOMAINS}/example.com", headers={"if-match": tag}).status_code == 404


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_a_row_is_not_moved_onto_one_that_is_there_whatever_version_was_seen(owner: httpx.Client, method: str) -> None:
    first, _second = (add(owner, "relay-domain", domain=domain) for domain in ("example.com", "example.org"))
    body = {"fields": {"domain": "example.org"}}
    answer = owner.request(method, f"{DOMAINS}/example.com", json=body, headers={"if-match": first.headers["etag"]})

    assert (answer.status_code, answer.json()["type"]) == (409, "urn:sealgate:problem:conflict")
    assert ("there already" in answer.json()["detail"], "etag" in answer.headers) == (True, False)
    assert owner.get(f"{DOMAINS}/example.com").status_code == 200


def test_replacing_a_row_sets_what_is_not_named_back(owner: httpx.Client) -> None:
    add(owner, "transport", pattern="example.com", host="mx.example.net", port=2525)

    answer = owner.put(
        f"{PREFIX}/rows/transport/example.com",
        json={"fields": {"pattern": "example.com", "host": "mx.example.net"}},
        headers=ANY,
    )

    assert answer.json()["fields"]["port"] == 25


def test_changing_a_row_leaves_what_is_not_named(owner: httpx.Client) -> None:
    add(owner, "transport", pattern="example.com", host="mx.example.net", port=2525)

    answer = owner.patch(
        f"{PREFIX}/rows/transport/example.com", json={"fields": {"host": "other.example.net"}}, headers=ANY
    )

    assert (answer.json()["fields"]["host"], answer.json()["fields"]["port"]) == ("other.example.net", 2525)


def test_removed_rows_are_gone_and_can_be_put_back(owner: httpx.Client) -> None:
    made = add(owner, "relay-domain", domain="example.com")
    removed = owner.delete(f"{DOMAINS}/example.com", headers={"if-match": made.headers["etag"]}).json()["version"]
    gone = owner.get(f"{DOMAINS}/example.com")

    owner.post(f"{PREFIX}/row-undo/relay-domain", json={"first": removed, "last": removed})

    assert (gone.status_code, owner.get(f"{DOMAINS}/example.com").status_code) == (404, 200)


def test_a_list_comes_in_pages_that_follow_each_other(owner: httpx.Client) -> None:
    for number in range(5):
        add(owner, "relay-domain", domain=f"d{number}.example")
    keys, address, pages = [], f"{DOMAINS}?limit=2", 0
    while address:
        answer = owner.get(address)
        keys += [row["key"] for row in answer.json()["items"]]
        address, pages = answer.links.get("next", {}).get("url", ""), pages + 1

    assert (keys, pages) == ([f"d{number}.example" for number in range(5)], 3)


def test_a_page_goes_on_in_an_ordered_list_too(owner: httpx.Client) -> None:
    for zone in ("z.example", "a.example", "m.example"):
        add(owner, "rbl", zone=zone)

    first = owner.get(f"{PREFIX}/rows/rbl?limit=2")
    rest = owner.get(first.links["next"]["url"])

    assert [row["fields"]["zone"] for row in (*first.json()["items"], *rest.json()["items"])] == [
        "z.example", "a.example", "m.example",
    ]  # fmt: skip
    assert (rest.json()["next"], rest.links) == (None, {})


def test_a_search_goes_on_with_the_search(owner: httpx.Client) -> None:
    for name in ("one", "two", "three"):
        add(owner, "relay-domain", domain=f"{name}.example")
    add(owner, "relay-domain", domain="other.test")

    first = owner.get(f"{DOMAINS}?search=.example&limit=2")
    rest = owner.get(first.links["next"]["url"])

    assert [row["key"] for row in rest.json()["items"]] == ["two.example"]


def test_a_list_shows_only_what_counts_when_asked_so(owner: httpx.Client) -> None:
    add(owner, "relay-domain", domain="on.example")
    owner.post(DOMAINS, json={"fields": {"domain": "off.example"}, "enabled": False})

    found = {word: owner.get(f"{DOMAINS}?enabled={word}").json()["items"] for word in ("true", "false")}

    assert {word: [row["key"] for row in rows] for word, rows in found.items()} == {
        "true": ["on.example"], "false": ["off.example"],
    }  # fmt: skip


@pytest.mark.parametrize("cursor", ["x", "e30", "bnVsbA", "%00", "IgAi", "é"])
def test_a_cursor_that_was_never_given_out_is_refused(owner: httpx.Client, cursor: str) -> None:
    answer = owner.get(f"{DOMAINS}?after={quote(cursor, safe='%')}")

    assert (answer.status_code, kind_of(answer)) == (422, "invalid-value")
    assert place_of(answer) == {"parameter": "after", "in": "query"}


@pytest.mark.parametrize("limit", ["0", "1001", "-1", "x", "99999999999999999999999"])
def test_a_page_has_a_bounded_size(owner: httpx.Client, limit: str) -> None:
    answer = owner.get(f"{DOMAINS}?limit={limit}")

    assert answer.status_code == 422


def test_a_change_that_is_not_the_one_that_was_seen_is_not_discarded(owner: httpx.Client) -> None:
    seen = add(owner, "relay-domain", domain="example.com").headers["etag"]
    now = owner.patch(f"{DOMAINS}/example.com", json={"comment": "new"}, headers=ANY).headers["etag"]
    change = f"{PREFIX}/changes/relay-domain/example.com"

    stale = owner.delete(change, headers={"if-match": seen})
    current = owner.delete(change, headers={"if-match": now})

    assert (stale.status_code, stale.headers["etag"], current.status_code) == (412, now, 200)


def test_rows_of_an_ordered_list_are_moved(owner: httpx.Client) -> None:
    for zone in ("a.example", "b.example", "c.example"):
        add(owner, "rbl", zone=zone)
    keys = [row["key"] for row in owner.get(f"{PREFIX}/rows/rbl").json()["items"]]

    owner.post(f"{PREFIX}/row-moves/rbl/{quote(keys[2], safe='')}", json={"first": True})

    assert [row["key"] for row in owner.get(f"{PREFIX}/rows/rbl").json()["items"]] == [keys[2], *keys[:2]]


def test_a_stale_version_moves_nothing(owner: httpx.Client) -> None:
    for zone in ("a.example", "b.example"):
        add(owner, "rbl", zone=zone)
    key = owner.get(f"{PREFIX}/rows/rbl").json()["items"][1]["key"]

    answer = owner.post(
        f"{PREFIX}/row-moves/rbl/{quote(key, safe='')}", json={"first": True}, headers={"if-match": '"1"'}
    )

    assert answer.status_code == 412


@pytest.mark.parametrize(("action", "left"), [("disable", [False, False]), ("enable", [True, True]), ("delete", [])])
def test_many_rows_are_changed_at_once(owner: httpx.Client, action: str, left: list[bool]) -> None:
    for name in ("a.example", "b.example"):
        add(owner, "relay-domain", domain=name)

    owner.post(f"{PREFIX}/row-actions/relay-domain", json={"action": action, "keys": ["a.example", "b.example"]})

    assert [row["enabled"] for row in owner.get(DOMAINS).json()["items"]] == left


def test_many_rows_are_changed_all_or_none(owner: httpx.Client) -> None:
    add(owner, "relay-domain", domain="a.example")

    answer = owner.post(
        f"{PREFIX}/row-actions/relay-domain", json={"action": "delete", "keys": ["a.example", "no.example"]}
    )

    assert (answer.status_code, owner.get(DOMAINS).json()["total"]) == (404, 1)


def test_the_life_of_a_row_is_told_oldest_first(owner: httpx.Client, agent: StandIn) -> None:
    add(owner, "relay-domain", domain="example.com")
    owner.post(f"{PREFIX}/applications", json={"comment": "first"})
    wait_for_jobs(owner)
    owner.delete(f"{DOMAINS}/example.com", headers=ANY)

    steps = owner.get(f"{PREFIX}/row-history/relay-domain/example.com").json()

    assert [(step["revision"], step["fields"]) for step in steps] == [(1, {"domain": "example.com"}), (None, None)]
    assert [(step["difference"]["what"], step["stands"]) for step in steps] == [("added", False), ("removed", True)]


def test_a_row_that_never_was_has_no_life(owner: httpx.Client) -> None:
    answer = owner.get(f"{PREFIX}/row-history/relay-domain/never.example")

    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")


def test_a_version_of_a_row_is_brought_back_if_it_is_still_what_was_seen(owner: httpx.Client, agent: StandIn) -> None:
    add(owner, "black", client="192.0.2.1", reason="first")
    owner.post(f"{PREFIX}/applications", json={"comment": "first"})
    wait_for_jobs(owner)
    row = f"{PREFIX}/rows/black/192.0.2.1"
    seen = owner.get(row).headers["etag"]
    owner.patch(row, json={"fields": {"reason": "second"}}, headers=ANY)
    back = {"noun": "black", "key": "192.0.2.1"}

    late = owner.post(f"{PREFIX}/revisions/1/restore-object", json=back, headers={"if-match": seen})
    now = owner.get(row).headers["etag"]
    done = owner.post(f"{PREFIX}/revisions/1/restore-object", json=back, headers={"if-match": now})

    assert (late.status_code, done.status_code) == (412, 200)
    assert owner.get(row).json()["fields"]["reason"] == "first"


def test_a_setting_that_is_not_set_has_a_tag_of_its_own(owner: httpx.Client) -> None:
    address = f"{PREFIX}/settings/my-hostname"
    tag = owner.get(address).headers["etag"]

    first = owner.put(address, json={"value": "mx.example.com"}, headers={"if-match": tag})
    late = owner.put(address, json={"value": "late.example.com"}, headers={"if-match": tag})

    assert (tag, first.status_code, late.status_code) == ('"unset"', 200, 412)
    assert owner.get(address).json()["value"] == "mx.example.com"


def test_a_setting_goes_back_to_its_default(owner: httpx.Client) -> None:
    address = f"{PREFIX}/settings/my-hostname"
    owner.put(address, json={"value": "mx.example.com"}, headers=ANY)

    owner.delete(address, headers=ANY)

    assert owner.get(address).json()["is_set"] is False


def test_several_settings_are_kept_all_or_none(owner: httpx.Client) -> None:
    owner.put(f"{PREFIX}/settings/my-hostname", json={"value": "mx.example.com"}, headers=ANY)

    answer = owner.patch(
        f"{PREFIX}/settings",
        json={"values": {"match-subdomains": True, "my-hostname": "x.example.com"}, "bases": {"my-hostname": None}},
    )

    assert (answer.status_code, kind_of(answer)) == (409, "conflict")
    assert owner.get(f"{PREFIX}/settings/match-subdomains").json()["is_set"] is False


def test_own_lines_are_replaced_by_who_saw_them(owner: httpx.Client) -> None:
    address = f"{PREFIX}/own-lines/main-cf"
    tag = owner.get(address).headers["etag"]

    saved = owner.put(address, json={"text": "# mine\nsmtpd_banner = hello\n"}, headers={"if-match": tag})
    stale = owner.put(address, json={"text": "# late\n"}, headers={"if-match": tag})

    assert (saved.status_code, stale.status_code) == (200, 412)
    assert owner.get(address).json()["text"] == "# mine\nsmtpd_banner = hello\n"
    assert owner.get(address).headers["etag"] == saved.headers["etag"]


def test_a_look_up_table_is_a_row_with_a_text_beside_it(owner: httpx.Client) -> None:
    add(owner, "lookup-table", name="tls-policy", type="hash")
    address = f"{PREFIX}/lookup-tables/tls-policy"

    owner.put(address, json={"text": "example.com encrypt\n"}, headers={"if-match": owner.get(address).headers["etag"]})

    row = owner.get(f"{PREFIX}/rows/lookup-table/tls-policy").json()
    assert owner.get(address).json()["text"] == "example.com encrypt\n"
    assert (row["fields"]["lines"], "content" in row["fields"]) == (1, False)


def test_a_table_that_is_used_is_not_removed_and_the_place_is_said(owner: httpx.Client) -> None:
    add(owner, "lookup-table", name="tls-policy", type="hash")
    line = "smtp_tls_policy_maps = hash:$maps_d_dir/hash-tls-policy.map\n"
    owner.put(f"{PREFIX}/own-lines/main-cf", json={"text": line}, headers=ANY)

    answer = owner.delete(f"{PREFIX}/rows/lookup-table/tls-policy", headers=ANY)

    (finding,) = answer.json()["findings"]
    assert (answer.status_code, kind_of(answer)) == (409, "refused")
    assert (finding["place"]["line"], finding["address"]) == (1, f"{PREFIX}/own-lines/main-cf")


def test_a_rendered_file_is_shown_as_text(owner: httpx.Client) -> None:
    add(owner, "relay-domain", domain="example.com")

    answer = owner.get(f"{PREFIX}/files/main.cf")

    assert answer.headers["content-type"].startswith("text/plain")
    assert "relay_domains" in answer.text


def test_the_kinds_of_rows_say_what_each_field_is(owner: httpx.Client) -> None:
    kinds = {kind["name"]: kind for kind in owner.get(f"{PREFIX}/kinds").json()}

    password = next(column for column in kinds["sasl"]["columns"] if column["name"] == "password")
    assert (password["kind"], kinds["rbl"]["ordered"], kinds["black"]["ordered"]) == ("secret", True, False)


@pytest.mark.parametrize("path", ["/rows/no-such", "/rows/relay-domain/no.example", "/settings/no-such", "/jobs/x"])
def test_what_is_not_there_is_a_problem_and_no_page(owner: httpx.Client, path: str) -> None:
    answer = owner.get(PREFIX + path)

    assert answer.status_code in {404, 422}
    assert kind_of(answer)


def test_another_method_is_a_problem_that_says_which_are_possible(owner: httpx.Client) -> None:
    answer = owner.put(f"{PREFIX}/status", json={})

    assert (answer.status_code, kind_of(answer), answer.headers["allow"]) == (405, "method-not-allowed", "GET, HEAD")


@pytest.mark.parametrize(
    "typed",
    [
        {"of": "main-cf", "text": "# fine\nmail_owner = me\n"},
        {"of": "master-cf", "text": "s unix - - n - - smtp\n  -o mail_owner=me\n"},
        {"of": "lookup-table", "name": "t", "type": "hash", "text": "# fine\nonly-a-key\n"},
        {"of": "rows", "name": "network", "text": "10.0.0.0/8\nno network\n"},
    ],
    ids=lambda typed: typed["of"],
)
def test_a_text_is_judged_by_its_lines_before_it_is_saved(owner: httpx.Client, typed: dict[str, str]) -> None:
    found = owner.post(f"{PREFIX}/text-checks", json=typed)

    assert found.status_code == 200, found.text
    assert 2 in [finding["place"]["line"] for finding in found.json()]
    assert owner.get(f"{PREFIX}/changes").json()["objects"] == 0


def test_the_parameters_say_what_the_draft_makes_of_them(owner: httpx.Client) -> None:
    owner.put(f"{PREFIX}/settings/my-hostname", json={"value": "mx.example.com"}, headers=ANY)

    found = {one["name"]: one for one in owner.get(f"{PREFIX}/parameters").json()["parameters"]}

    assert found["myhostname"]["value"] == "mx.example.com"


@pytest.mark.parametrize(("tags", "status"), [('"{n}", "99"', 200), ('"98", "99"', 412)])
def test_a_person_is_changed_with_one_of_several_tags(owner: httpx.Client, tags: str, status: int) -> None:
    owner.post(f"{PREFIX}/people", json={"name": "vera", "role": "viewer"})
    seen = owner.get(f"{PREFIX}/people/vera").json()["version"]

    answer = owner.patch(f"{PREFIX}/people/vera", json={"title": "Vera"}, headers={"if-match": tags.format(n=seen)})

    assert answer.status_code == status, answer.text
