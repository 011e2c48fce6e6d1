"""One story with every secret in it, and then everything that was written down: none of them is there."""

from __future__ import annotations

import logging
from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, Any

import pyotp
import pytest
from tests.support.accounts import HERE, OTHER_PASSWORD, PASSWORD, Device, audit_text

from sealgate import log
from sealgate.model.errors import SealgateError
from sealgate.services import (
    auditing,
    invitations,
    own_account,
    passkeys,
    people,
    second_factors,
    sessions,
    signing_in,
    tokens,
)
from sealgate.services.actor import Actor
from sealgate.services.gateway import Gateway
from sealgate.services.origins import Origin
from sealgate.services.signing_in import Browser, SecondStep, SignedIn
from sealgate.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

WRONG = "a wrong password, typed once"


@pytest.fixture
def gateway(directory: Path) -> Iterator[Gateway]:
    (directory / "sealgate.toml").write_text('web_name = "mail.example.com"\n')
    log.open_log(directory / "log" / "sealgate.log", level=logging.DEBUG)
    opened = Gateway.open(Settings.load(directory))
    yield opened
    opened.close()
    log.open_log()


class Story:
    """What happened, what was answered, and which texts must be nowhere."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway, self.secrets = gateway, [PASSWORD, OTHER_PASSWORD, WRONG]
        self.answers: list[Any] = []
        self._log = log.logger("story")

    def note(self, answer: Any, *secrets: str) -> Any:
        """Keep an answer, log it as a careless programmer would, and remember what is secret in it."""
        self.answers.append(answer)
        self._log.info("answered", answer=answer, text=f"{answer}")
        self.secrets += [text for text in secrets if text]
        return answer

    def tell(self) -> None:
        link = self.note(invitations.set_up_link(self.gateway, Actor.local("root")))
        self.secrets.append(link.text)
        done = self.note(invitations.redeem(self.gateway, link.text, PASSWORD, HERE, name="olga"))
        assert isinstance(done, SignedIn)
        self.secrets += [done.session, done.browser]
        self._second_step(done.actor)
        self._device(done.actor)
        token = self.note(tokens.create(self.gateway, done.actor, "cron", ["view"], days=1))
        self.secrets.append(token.text)
        self.note(tokens.actor_of(self.gateway, token.text, Origin("api", "203.0.113.1")))
        self.secrets.append(self.note(own_account.prove(self.gateway, done.actor, PASSWORD)).session)
        changed = own_account.change_password(self.gateway, done.actor, PASSWORD, OTHER_PASSWORD)
        self.secrets.append(self.note(changed).session)
        self._failures(done.actor)
        for link in (people.invite(self.gateway, done.actor, "bob", "viewer"),
                     people.reset(self.gateway, done.actor, "bob")):  # fmt: skip
            self.note(link, link.text)
        self.note(people.listing(self.gateway, done.actor))
        self.note(own_account.ways_in(self.gateway, done.actor))

    def _second_step(self, actor: Actor) -> None:
        begun = self.note(second_factors.begin(self.gateway, actor))
        code = pyotp.TOTP(begun.secret).now()
        codes = second_factors.confirm(self.gateway, actor, begun.ticket, code)
        self.secrets += [begun.secret, begun.ticket, *codes]
        step = self.note(signing_in.with_password(self.gateway, "olga", PASSWORD, HERE))
        assert isinstance(step, SecondStep)
        again = self.note(signing_in.with_code(self.gateway, step.ticket, codes[0], Browser(HERE.origin)))
        assert isinstance(again, SignedIn)
        self.secrets += [step.ticket, again.session, again.browser]
        self.note(sessions.listing(self.gateway, again.actor))

    def _device(self, actor: Actor) -> None:
        device = Device("https://mail.example.com:8443", "mail.example.com")
        begun = self.note(passkeys.begin_adding(self.gateway, actor))
        passkeys.finish_adding(self.gateway, actor, begun.ticket, device.make(begun.options), "key")
        using = self.note(passkeys.begin_sign_in(self.gateway))
        done = self.note(passkeys.finish_sign_in(self.gateway, using.ticket, device.use(using.options), HERE))
        assert isinstance(done, SignedIn)
        self.secrets += [begun.ticket, using.ticket, done.session, done.browser]

    def _failures(self, actor: Actor) -> None:
        self.note(signing_in.with_password(self.gateway, "olga", WRONG, HERE))
        self.note(signing_in.with_password(self.gateway, WRONG, WRONG, HERE))
        for act in (
            lambda: own_account.prove(self.gateway, actor, WRONG),
            lambda: own_account.change_password(self.gateway, actor, OTHER_PASSWORD, "olga olga olga olga"),
            lambda: invitations.redeem(self.gateway, "sgl_" + "x" * 43, WRONG, HERE),
        ):
            try:
                act()
            except SealgateError as fault:
                self.note(fault)
                log.logger("story").exception("failed")


@pytest.fixture
def story(gateway: Gateway) -> Story:
    told = Story(gateway)
    told.tell()
    assert len(told.secrets) > 25
    return told


def found(secrets: list[str], text: str) -> list[str]:
    return [secret for secret in secrets if secret in text]


def test_no_secret_is_in_the_log(story: Story, gateway: Gateway) -> None:
    said = gateway.settings.log_file.read_text("utf-8")

    assert "answered" in said
    assert found(story.secrets, said) == []


def test_no_secret_is_in_the_audit_or_its_export(story: Story, gateway: Gateway) -> None:
    exported = b"".join(auditing.export(gateway, Actor.local("root"))).decode()

    assert found(story.secrets, audit_text(gateway) + exported) == []


def test_no_secret_is_in_what_answers_say_of_themselves(story: Story) -> None:
    assert found(story.secrets, "\n".join(map(repr, story.answers)) + "\n".join(map(str, story.answers))) == []


def test_in_the_database_stands_in_clear_only_what_codes_are_computed_from(story: Story, gateway: Gateway) -> None:
    kept = b"".join(file.read_bytes() for file in gateway.settings.control_directory.iterdir()).decode("latin-1")
    in_clear = found(story.secrets, kept)
    with gateway.store.reading() as reader:
        olga = reader.people.named("olga")
        assert olga is not None
        needed = [one.data for one in reader.people.credentials(olga.id) if one.kind == "totp"]

    assert in_clear == needed


def test_every_answer_that_holds_a_bearer_text_hides_it(story: Story) -> None:
    """Whatever has a field for one keeps it out of its repr, also where the story left it empty."""
    shown = [
        (type(answer).__name__, item.name)
        for answer in story.answers
        if is_dataclass(answer) and not isinstance(answer, type)
        for item in fields(answer)
        if item.name in {"session", "browser", "ticket", "secret", "link", "picture", "address"}
        and item.repr
        and not isinstance(answer, Actor)
    ]

    assert shown == []
