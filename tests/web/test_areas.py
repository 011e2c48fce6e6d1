"""Who may edit some areas only: the pages of the others show everything, offer nothing that is refused, and say why."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

import pytest
from tests.web.test_clashes import settings_form
from tests.web.test_lists import GOOD, add

from sealgate.model.nouns import NOUNS
from sealgate.model.text_forms import READERS
from sealgate.services import areas, settings
from sealgate.services.actor import Actor, Area, Right
from sealgate.services.roles import RIGHTS_OF, Role

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx
    from tests.support.web_site import WebSite

    from sealgate.services.gateway import Gateway

ADMINISTRATOR = RIGHTS_OF[Role.ADMINISTRATOR]
ANN = Actor("local:ann")
OTHERS = [noun for noun in NOUNS if noun != "black"]
WITH_TEXT = [noun for noun in READERS if noun != "black"]
FOR_EVERYBODY = {"/mta/policy-test/run", "/mta/test/dns"}


@pytest.fixture
def carl(site: WebSite) -> Iterator[httpx.Client]:
    """An administrator who may edit the static black-list only."""
    yield from someone(site, Actor("carl", "web", ADMINISTRATOR, frozenset({Area.BLACK_LIST})))


@pytest.fixture
def dora(site: WebSite) -> Iterator[httpx.Client]:
    """Somebody who may edit everything, but store no secret."""
    yield from someone(site, Actor("dora", "web", ADMINISTRATOR - {Right.SECRETS}))


def someone(site: WebSite, actor: Actor) -> Iterator[httpx.Client]:
    site.people.known[actor.name] = actor
    with site.client(actor.name) as client:
        yield client


def content(client: httpx.Client, path: str) -> str:
    """Return a page without its frame."""
    text = client.get(path).text
    return text[text.index('<div id="done"') : text.index("</main>")]


def acts(text: str) -> set[str]:
    """Return where the buttons and links of a page lead that change rows or settings."""
    posts = re.findall(r'<form[^>]*action="(/[^"?]*)[^>]*method="post"', text)
    posts += re.findall(r'formaction="(/[^"?]*)', text)
    links = re.findall(r'href="(/mta/[^"?]*/(?:add|import))"', text)
    return {*posts, *links} - FOR_EVERYBODY


def first_row(client: httpx.Client, noun: str) -> str:
    found = re.search(rf'"(/mta/{noun}/row\?key=[^"]*)"', client.get(f"/mta/{noun}").text)
    assert found is not None, noun
    return html.unescape(found[1])


def fill(ann: httpx.Client) -> None:
    for noun in GOOD:
        add(ann, noun)


def test_a_list_of_another_area_offers_no_act_and_says_why(ann: httpx.Client, carl: httpx.Client) -> None:
    fill(ann)
    shown = {noun: content(carl, f"/mta/{noun}") for noun in OTHERS}

    assert {noun: found for noun, text in shown.items() if (found := acts(text) - {f"/mta/{noun}/bulk"})} == {}
    assert [noun for noun, text in shown.items() if areas.needs(noun) not in html.unescape(text)] == []
    assert [noun for noun, text in shown.items() if f"/mta/{noun}/bulk" in text and noun != "policy-test"] == []


def test_a_row_of_another_area_is_shown_without_a_field_to_type_in(ann: httpx.Client, carl: httpx.Client) -> None:
    fill(ann)
    shown = {noun: content(carl, first_row(carl, noun)) for noun in OTHERS}
    forms = {noun: text[text.index('id="row-form"') : text.index("</form>")] for noun, text in shown.items()}
    typed = {
        noun: re.findall(r'<textarea|<select|<button|<input (?!type="hidden)', form) for noun, form in forms.items()
    }

    assert {noun: found for noun, text in shown.items() if (found := acts(text) - {f"/mta/{noun}/row"})} == {}
    assert {noun: found for noun, found in typed.items() if found} == {}
    assert [noun for noun, form in forms.items() if 'class="fixed"' not in form] == []
    assert [noun for noun, text in shown.items() if "You may look at this." not in text] == []


def test_the_text_of_a_list_of_another_area_can_be_read_only(carl: httpx.Client) -> None:
    shown = {noun: content(carl, f"/mta/{noun}/text") for noun in WITH_TEXT}

    assert [noun for noun, text in shown.items() if "<textarea" in text or "You may look at this." not in text] == []


def test_the_list_of_ones_own_area_has_its_buttons(carl: httpx.Client) -> None:
    add(carl, "black")
    text = content(carl, "/mta/black")

    assert acts(text) >= {"/mta/black/add", "/mta/black/import", "/mta/black/bulk"}
    assert acts(content(carl, first_row(carl, "black"))) >= {"/mta/black/row", "/mta/black/remove"}
    assert "You may look at this." not in text


@pytest.mark.parametrize("path", ["/mta/config", "/mta/tls", "/mta/default-forwarding"])
def test_settings_of_another_area_are_shown_and_not_editable(carl: httpx.Client, gateway: Gateway, path: str) -> None:
    settings.set_value(gateway, ANN, "my-hostname", "shown.example.com")
    text = content(carl, path)

    assert (acts(text) - {path}, settings_form(text), "You may look at this." in text) == (set(), {}, True)
    assert ("shown.example.com" in text) == (path == "/mta/config")


def test_own_lines_without_their_right_can_be_read_only(carl: httpx.Client) -> None:
    text = content(carl, "/mta/config-file")

    assert (acts(text), "<textarea" in text, "“raw”" in text) == (set(), False, True)


def test_forms_of_another_area_are_refused_before_anything_is_typed(carl: httpx.Client) -> None:
    found = {carl.get(f"/mta/rbl/{page}").status_code for page in ("add", "import")}

    assert (found, carl.get("/mta/black/add").status_code) == ({403}, 200)


def test_changes_of_other_areas_cannot_be_discarded_on_the_page(carl: httpx.Client) -> None:
    add(carl, "black")
    text = content(carl, "/changes")

    assert "/changes/discard-all" not in text
    assert set(re.findall(r'name="noun" value="([^"]*)"', text)) == {"black"}


def test_a_secret_is_not_asked_of_who_may_store_none(dora: httpx.Client, gateway: Gateway) -> None:
    text, listed = content(dora, "/mta/tls"), content(dora, "/mta/sasl")
    form = settings_form(text)

    assert ("tls-key" in form, "tls-certificate" in form, "/mta/sasl/add" in listed) == (False, True, False)
    assert "fields that have a box" in text
    assert dora.post("/mta/tls", data=form).status_code == 303
    assert [one.pending for one in settings.show(gateway, ANN, ["tls-key"])] == [False]


def test_a_flag_that_one_may_only_see_is_not_taken_for_unticked(carl: httpx.Client, gateway: Gateway) -> None:
    settings.set_value(gateway, ANN, "match-subdomains", value := True)

    answer = carl.post("/mta/config", data=settings_form(content(carl, "/mta/config")))

    assert (answer.status_code, settings.show(gateway, ANN, ["match-subdomains"])[0].value) == (303, value)


def test_a_setting_that_one_may_only_see_is_refused_where_it_is_sent_all_the_same(carl: httpx.Client) -> None:
    assert carl.post("/mta/config", data={"my-hostname": "mx.example.net"}).status_code == 403


def test_the_palette_leads_to_nothing_that_is_refused(carl: httpx.Client) -> None:
    found = carl.get("/search/hits", params={"q": ""}).json()

    assert 403 not in {carl.get(hit["path"]).status_code for hit in found["hits"]}
