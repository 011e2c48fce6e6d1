"""What was typed stays in the form when something in it was wrong, and what was wrong stands beside it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sealgate.services import people
from sealgate.services.actor import Actor, Right

if TYPE_CHECKING:
    import httpx

    from sealgate.services.gateway import Gateway

OWNER = Actor("local:ann", rights=frozenset(Right))


def chosen(text: str) -> list[str]:
    return re.findall(r'<option value="([a-z]+)" selected>', text[text.index("<main") :])


def ticked(text: str, name: str) -> list[str]:
    return re.findall(rf'name="{name}" value="([a-z-]+)" checked', text)


def test_an_invitation_at_fault_keeps_what_was_typed(olga: httpx.Client) -> None:
    answer = olga.post("/people/invite", data={"name": "two words", "title": "Vera V.", "role": "operator"})

    assert (answer.status_code, 'value="Vera V."' in answer.text, 'value="two words"' in answer.text) == (
        422, True, True,
    )  # fmt: skip
    assert "operator" in chosen(answer.text)


def test_a_title_at_fault_is_said_beside_the_title(olga: httpx.Client) -> None:
    text = olga.post("/people/invite", data={"name": "wanda", "title": "a\x01b", "role": "viewer"}).text

    assert re.search(r'name="title"[^>]*><p class="problem"', text)


def test_a_change_of_a_person_at_fault_keeps_what_was_typed(gateway: Gateway, olga: httpx.Client) -> None:
    typed = {"title": "Vera V.", "email": "none", "role": "operator", "extra": ["audit"], "area": ["mta"]}
    base = str(people.show(gateway, OWNER, "vera").version)

    answer = olga.post("/people/person", params={"name": "vera"}, data=typed | {"base": base})

    assert (answer.status_code, 'value="Vera V."' in answer.text, 'value="none"' in answer.text) == (422, True, True)
    assert (chosen(answer.text), ticked(answer.text, "extra"), ticked(answer.text, "area")) == (
        ["operator"], ["audit"], ["mta"],
    )  # fmt: skip
    assert f'name="base" value="{base}"' in answer.text


def test_areas_and_rights_at_fault_are_said_beside_them(olga: httpx.Client) -> None:
    for name in ("extra", "area"):
        text = olga.post("/people/person", params={"name": "vera"}, data={"role": "viewer", name: "everything"}).text

        assert re.search(r'</label><p class="problem" role="alert">[^<]*everything', text)


def test_a_token_at_fault_keeps_what_was_typed(olga: httpx.Client) -> None:
    form = {"label": "nightly", "days": "999", "right": ["edit", "apply"]}

    answer = olga.post("/account/tokens", data=form)

    assert (answer.status_code, 'value="nightly"' in answer.text, 'value="999"' in answer.text) == (422, True, True)
    assert sorted(ticked(answer.text, "right")) == ["apply", "edit"]


def test_an_import_of_a_file_that_is_no_text_says_so_on_its_form(ann: httpx.Client) -> None:
    files = {"file": ("domains.txt", b"a\xe9.example\n", "text/plain")}

    answer = ann.post("/mta/relay-domain/import", data={"do": "import", "text": "b.example\n"}, files=files)

    assert (answer.status_code, "not UTF-8" in answer.text, "b.example" in answer.text) == (422, True, True)
