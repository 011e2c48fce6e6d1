"""Signing in at an OpenID provider: a real one that behaves, and one that lies."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest
from joserfc.jwk import RSAKey
from tests.support.accounts import ELSEWHERE, HERE, audit_text, person, signed_in, verbs
from tests.support.control_half import make_directory
from tests.support.openid_provider import Liar, authorized, knows, lying_provider, real_provider

from sealgate.model.errors import Conflict, NotFound, ProviderFailed, Refused
from sealgate.services import own_account, people, sessions, single_sign_on, throttling, tokens
from sealgate.services.actor import Actor, Right
from sealgate.services.gateway import Gateway
from sealgate.services.origins import Origin
from sealgate.services.roles import Role
from sealgate.services.signing_in import NotSignedIn, SignedIn
from sealgate.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SECRET = "client secret of the test"


@contextmanager
def gateway_for(directory: Path, issuer: str, secret: str = SECRET) -> Iterator[Gateway]:
    make_directory(directory)
    (directory / "sealgate.toml").write_text(
        f'web_name = "mail.example.com"\nopenid_issuer = "{issuer}"\nopenid_client = "sealgate"\n'
        f'openid_secret = "{secret}"\nopenid_roles = ["Mail Admins=administrator", "desk=operator"]\n'
    )
    opened = Gateway.open(Settings.load(directory))
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    with real_provider() as address:
        yield address


@pytest.fixture
def gateway(tmp_path: Path, issuer: str) -> Iterator[Gateway]:
    with gateway_for(tmp_path / "gw", issuer) as opened:
        yield opened


@pytest.fixture
def liar() -> Iterator[Liar]:
    with lying_provider() as running:
        yield running


@pytest.fixture
def deceived(tmp_path: Path, liar: Liar) -> Iterator[Gateway]:
    """A gateway whose provider says what the test tells it to."""
    with gateway_for(tmp_path / "gw", liar.issuer) as opened:
        yield opened


def sign_in(gateway: Gateway, subject: str, **claims: Any) -> Any:
    knows(gateway.settings.openid_issuer, subject, **claims)
    departure = single_sign_on.begin(gateway)
    return single_sign_on.finish(gateway, departure.ticket, authorized(departure.address, subject), HERE)


def test_a_person_of_a_group_that_counts_is_signed_in(gateway: Gateway) -> None:
    done = sign_in(gateway, "u-1", preferred_username="bob", name="Bob B.", email="bob@example.com", groups=["desk"])

    assert isinstance(done, SignedIn)
    assert (done.actor.name, done.actor.rights) == ("bob", frozenset({Right.VIEW, Right.OPERATE}))
    assert sessions.actor_of(gateway, done.session, HERE.origin) == done.actor


def test_the_account_is_made_as_the_provider_says(gateway: Gateway) -> None:
    sign_in(gateway, "u-1", preferred_username="bob", name="Bob B.", email="bob@example.com", groups=["desk"])
    bob = people.show(gateway, Actor.local("test"), "bob")

    assert (bob.title, bob.email, bob.role, bob.managed) == ("Bob B.", "bob@example.com", Role.OPERATOR, True)
    assert (bob.single_sign_on, bob.password) == (True, False)


def test_a_person_is_known_again_by_subject_whatever_the_name(gateway: Gateway) -> None:
    sign_in(gateway, "u-1", preferred_username="bob", groups=["desk"])
    done = sign_in(gateway, "u-1", preferred_username="robert", groups=["desk"])

    assert isinstance(done, SignedIn)
    assert done.actor.name == "bob"


def test_the_first_group_named_in_the_settings_decides(gateway: Gateway) -> None:
    done = sign_in(gateway, "u-1", preferred_username="bob", groups=["desk", "other", "Mail Admins"])

    assert isinstance(done, SignedIn)
    assert Right.EDIT in done.actor.rights


def test_the_role_follows_the_groups_at_each_sign_in(gateway: Gateway) -> None:
    sign_in(gateway, "u-1", preferred_username="bob", groups=["Mail Admins"])
    sign_in(gateway, "u-1", preferred_username="bob", groups=["desk"])

    assert people.show(gateway, Actor.local("test"), "bob").role is Role.OPERATOR


@pytest.mark.parametrize("groups", [[], ["visitors"], ["MAIL ADMINS"], None, 5, {"desk": 1}, ["owner"]])
def test_who_is_in_no_group_that_counts_is_not_signed_in(gateway: Gateway, groups: Any) -> None:
    assert sign_in(gateway, "u-9", preferred_username="eve", groups=groups) == NotSignedIn(single_sign_on.NO_ROLE)
    assert people.listing(gateway, Actor.local("test")) == []


def test_who_left_the_groups_loses_sessions_and_tokens(gateway: Gateway) -> None:
    done = sign_in(gateway, "u-1", preferred_username="bob", groups=["desk"])
    assert isinstance(done, SignedIn)
    token = tokens.create(gateway, done.actor, "t", ["view"], days=1)
    sign_in(gateway, "u-1", preferred_username="bob", groups=[])

    assert sessions.actor_of(gateway, done.session, HERE.origin) is None
    assert tokens.actor_of(gateway, token.text, Origin("api")) is None


def test_a_role_given_here_stays_whatever_the_groups(gateway: Gateway) -> None:
    sign_in(gateway, "u-1", preferred_username="bob", groups=["desk"])
    people.change(gateway, Actor.local("test"), "bob", role="owner")
    done = sign_in(gateway, "u-1", preferred_username="bob", groups=[])

    assert isinstance(done, SignedIn)
    assert people.show(gateway, Actor.local("test"), "bob").role is Role.OWNER


def test_a_name_that_is_taken_is_not_taken_over(gateway: Gateway) -> None:
    """Neither name nor mail address makes an outsider somebody here."""
    person(gateway, "olga", "owner")
    done = sign_in(gateway, "u-2", preferred_username="olga", email="olga@example.com", groups=["desk"])

    assert done == NotSignedIn(single_sign_on.NAME_TAKEN)
    assert people.show(gateway, Actor.local("test"), "olga").single_sign_on is False


def test_a_locked_person_stays_out(gateway: Gateway) -> None:
    sign_in(gateway, "u-1", preferred_username="bob", groups=["desk"])
    people.lock(gateway, Actor.local("test"), "bob")

    assert sign_in(gateway, "u-1", preferred_username="bob", groups=["desk"]) == NotSignedIn()


def test_ones_own_account_is_linked_by_oneself(gateway: Gateway, issuer: str) -> None:
    person(gateway, "olga", "owner")
    olga = signed_in(gateway, "olga").actor
    knows(issuer, "u-3", preferred_username="o.smith", groups=[])
    departure = single_sign_on.begin_linking(gateway, olga)
    single_sign_on.finish_linking(gateway, olga, departure.ticket, authorized(departure.address, "u-3"))
    done = sign_in(gateway, "u-3", preferred_username="o.smith", groups=[])

    assert isinstance(done, SignedIn)
    assert (done.actor.name, done.actor.rights) == ("olga", olga.rights)
    assert len(own_account.ways_in(gateway, olga)) == 2


def test_one_person_of_the_provider_is_one_person_here(gateway: Gateway, issuer: str) -> None:
    sign_in(gateway, "u-1", preferred_username="bob", groups=["desk"])
    person(gateway, "eve")
    eve = signed_in(gateway, "eve").actor
    departure = single_sign_on.begin_linking(gateway, eve)

    with pytest.raises(Conflict):
        single_sign_on.finish_linking(gateway, eve, departure.ticket, authorized(departure.address, "u-1"))


def test_the_ticket_of_a_link_signs_nobody_in(gateway: Gateway, issuer: str) -> None:
    person(gateway, "eve")
    knows(issuer, "u-1", preferred_username="bob", groups=["desk"])
    departure = single_sign_on.begin_linking(gateway, signed_in(gateway, "eve").actor)
    done = single_sign_on.finish(gateway, departure.ticket, authorized(departure.address, "u-1"), HERE)

    assert isinstance(done, NotSignedIn)


def test_a_sign_in_that_another_browser_began_is_worth_nothing_here(gateway: Gateway, issuer: str) -> None:
    """Somebody sends a victim the end of a sign-in of their own: without the ticket it ends there."""
    knows(issuer, "u-1", preferred_username="bob", groups=["desk"])
    begun, victim = single_sign_on.begin(gateway), single_sign_on.begin(gateway)
    answer = authorized(begun.address, "u-1")

    assert isinstance(single_sign_on.finish(gateway, victim.ticket, answer, ELSEWHERE), NotSignedIn)
    assert isinstance(single_sign_on.finish(gateway, "", answer, ELSEWHERE), NotSignedIn)


def test_an_answer_works_once(gateway: Gateway, issuer: str) -> None:
    knows(issuer, "u-1", preferred_username="bob", groups=["desk"])
    begun = single_sign_on.begin(gateway)
    answer = authorized(begun.address, "u-1")
    first, second = (single_sign_on.finish(gateway, begun.ticket, answer, HERE) for _ in range(2))

    assert (isinstance(first, SignedIn), isinstance(second, NotSignedIn)) == (True, True)


def test_the_way_there_has_state_nonce_and_a_challenge(gateway: Gateway) -> None:
    first, second = (parse_qs(urlsplit(single_sign_on.begin(gateway).address).query) for _ in range(2))

    assert first["redirect_uri"] == ["https://mail.example.com:8443/sign-in/openid"]
    assert (first["response_type"], first["code_challenge_method"]) == (["code"], ["S256"])
    for name in ("state", "nonce", "code_challenge"):
        assert len(first[name][0]) >= 43
        assert first[name] != second[name]


def test_without_a_provider_there_is_no_single_sign_on(tmp_path: Path) -> None:
    make_directory(tmp_path / "gw")
    opened = Gateway.open(Settings.load(tmp_path / "gw"))

    assert not single_sign_on.is_possible(opened.settings)
    with pytest.raises(Refused, match="No OpenID provider"):
        single_sign_on.begin(opened)
    opened.close()


def test_a_provider_that_is_down_is_told_in_a_sentence(tmp_path: Path) -> None:
    with gateway_for(tmp_path / "gw", "http://127.0.0.1:1") as opened, pytest.raises(ProviderFailed, match="reached"):
        single_sign_on.begin(opened)


def told(gateway: Gateway, liar: Liar, **changes: Any) -> Any:
    """Sign in with what the lying provider says: right claims, except those given (None: left out)."""
    departure = single_sign_on.begin(gateway)
    query = {name: values[0] for name, values in parse_qs(urlsplit(departure.address).query).items()}
    now = int(time.time())
    right = {
        "iss": liar.issuer, "aud": "sealgate", "sub": "u-1", "iat": now, "exp": now + 60, "nonce": query["nonce"],
        "preferred_username": "bob", "groups": ["desk"],
    }  # fmt: skip
    liar.claims = {name: value for name, value in (right | changes).items() if value is not None}
    return single_sign_on.finish(gateway, departure.ticket, {"code": "c", "state": query["state"]}, HERE)


def test_the_lying_provider_is_believed_when_it_says_the_truth(deceived: Gateway, liar: Liar) -> None:
    assert isinstance(told(deceived, liar), SignedIn)


@pytest.mark.parametrize(
    "lie",
    [
        {"iss": "https://other.example"},
        {"iss": None},
        {"aud": "another client"},
        {"aud": ["another client", "one more"]},
        {"aud": None},
        {"nonce": "another nonce"},
        {"nonce": None},
        {"exp": 1},
        {"exp": None},
        {"iat": None},
        {"sub": None},
        {"sub": ""},
        {"sub": 7},
        {"azp": "another client"},
    ],
    ids=str,
)
def test_an_identity_for_somebody_else_or_another_time_is_not_believed(
    deceived: Gateway, liar: Liar, lie: dict[str, Any]
) -> None:
    assert isinstance(told(deceived, liar, **lie), NotSignedIn)
    assert people.listing(deceived, Actor.local("test")) == []


@pytest.mark.parametrize(
    "signed",
    [
        lambda liar, claims: liar.sign(claims, RSAKey.generate_key(2048, {"kid": "one"})),
        lambda liar, claims: liar.sign_with_public_key(claims),
        lambda liar, claims: liar.unsigned(claims),
        lambda liar, claims: liar.sign(claims)[:-8] + "AAAAAAAA",
        lambda _liar, _claims: "",
        lambda _liar, _claims: "a.b.c",
    ],
    ids=["foreign-key", "mac-with-public-key", "none", "broken", "empty", "nonsense"],
)
def test_an_identity_without_the_providers_signature_is_not_believed(
    deceived: Gateway, liar: Liar, signed: Any
) -> None:
    liar.signed = signed

    assert isinstance(told(deceived, liar), NotSignedIn)


@pytest.mark.parametrize("state", ["", "another state", "é\ud800"])
def test_an_answer_with_another_state_is_not_even_asked_about(deceived: Gateway, liar: Liar, state: str) -> None:
    departure = single_sign_on.begin(deceived)
    before = len(liar.asked)
    done = single_sign_on.finish(deceived, departure.ticket, {"code": "c", "state": state}, HERE)

    assert (isinstance(done, NotSignedIn), len(liar.asked)) == (True, before)


def test_an_answer_in_the_name_of_another_issuer_is_not_believed(deceived: Gateway, liar: Liar) -> None:
    departure = single_sign_on.begin(deceived)
    state = parse_qs(urlsplit(departure.address).query)["state"][0]
    answer = {"code": "c", "state": state, "iss": "https://other.example"}

    assert isinstance(single_sign_on.finish(deceived, departure.ticket, answer, HERE), NotSignedIn)


@pytest.mark.parametrize("answer", [{}, {"error": "access_denied"}, {"code": ""}, {"error": "x", "code": "c"}])
def test_a_provider_that_says_no_is_told_in_a_sentence(deceived: Gateway, liar: Liar, answer: dict[str, str]) -> None:
    departure = single_sign_on.begin(deceived)
    state = parse_qs(urlsplit(departure.address).query)["state"][0]
    done = single_sign_on.finish(deceived, departure.ticket, {**answer, "state": state}, HERE)

    assert isinstance(done, NotSignedIn)
    assert "Nobody was signed in" in done.text


@pytest.mark.parametrize(
    "about",
    [
        {"issuer": "https://other.example"},
        {"token_endpoint": None},
        {"token_endpoint": "http://192.0.2.1/token"},
        {"jwks_uri": "file:///etc/passwd"},
        {"token_endpoint": "ftp://localhost/"},
    ],
    ids=str,
)
def test_a_description_that_leads_elsewhere_is_not_followed(
    deceived: Gateway, liar: Liar, about: dict[str, Any]
) -> None:
    liar.about = about
    try:
        done = told(deceived, liar)
    except ProviderFailed:
        return

    assert isinstance(done, NotSignedIn)


@pytest.mark.parametrize("answer", [b"", b"[]", b"not json", b"[" * 100_000, b" " * (1 << 21)])
def test_an_odd_description_is_told_in_a_sentence(deceived: Gateway, liar: Liar, answer: bytes) -> None:
    liar.raw = answer

    with pytest.raises(ProviderFailed, match="Nobody was signed in"):
        single_sign_on.begin(deceived)


def test_groups_are_asked_for_when_the_identity_has_none(deceived: Gateway, liar: Liar) -> None:
    liar.user = {"sub": "u-1", "groups": ["Mail Admins"]}
    done = told(deceived, liar, groups=None)

    assert isinstance(done, SignedIn)
    assert Right.EDIT in done.actor.rights


def test_groups_of_another_person_are_not_taken(deceived: Gateway, liar: Liar) -> None:
    liar.user = {"sub": "u-2", "groups": ["Mail Admins"]}

    assert isinstance(told(deceived, liar, groups=None), NotSignedIn)


def test_the_client_secret_goes_to_the_provider_only(deceived: Gateway, liar: Liar) -> None:
    done = told(deceived, liar)
    said = audit_text(deceived) + repr(done) + repr(deceived) + repr(single_sign_on.begin(deceived))

    assert SECRET not in said
    assert any("Authorization" in headers for path, headers in liar.asked if "code_verifier" in path)


def test_successes_and_failures_are_audited(deceived: Gateway, liar: Liar) -> None:
    told(deceived, liar)
    told(deceived, liar, nonce="other")

    assert verbs(deceived) == ["person-add", "sign-in", "sign-in-failed"]


def test_answers_that_were_not_asked_for_are_soon_not_looked_at_and_not_audited(deceived: Gateway) -> None:
    """Anybody can send them: they must not fill the audit, which is never shortened."""
    outcomes = [single_sign_on.finish(deceived, "sgk_x", {}, ELSEWHERE) for _ in range(100)]

    assert all(isinstance(outcome, NotSignedIn) for outcome in outcomes)
    assert throttling.FREE_OF_AN_ADDRESS <= verbs(deceived).count("sign-in-failed") < 50


def test_who_signs_in_at_the_provider_is_not_slowed_down_by_that(deceived: Gateway, liar: Liar) -> None:
    outcomes = [told(deceived, liar) for _ in range(throttling.FREE_OF_AN_ADDRESS + 2)]

    assert [outcome for outcome in outcomes if not isinstance(outcome, SignedIn)] == []


def test_linking_without_its_ticket_does_nothing(deceived: Gateway, liar: Liar) -> None:
    person(deceived, "eve")
    eve = signed_in(deceived, "eve").actor

    with pytest.raises(NotFound):
        single_sign_on.finish_linking(deceived, eve, "sgk_" + "a" * 43, {"code": "c", "state": "s"})


def test_the_audit_names_the_account_and_not_what_the_provider_calls_it(deceived: Gateway, liar: Liar) -> None:
    """The provider's word may be the name of somebody else here."""
    person(deceived, "olga", "owner")
    told(deceived, liar, preferred_username="bob")
    told(deceived, liar, preferred_username="olga")
    told(deceived, liar, preferred_username="olga", sub="u-2")
    with deceived.store.reading() as reader:
        trail = [(entry.verb, entry.actor) for entry in reader.audit_trail()]

    assert trail == [("person-add", "bob"), ("sign-in", "bob"), ("sign-in", "bob"), ("sign-in-failed", "nobody")]
