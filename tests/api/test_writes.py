"""Every operation that changes something does it, answers as it is described, and is audited."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from tests.api.conftest import PREFIX, token_of, wait_for_jobs
from tests.api.test_access import OPERATIONS
from tests.support.accounts import person, signed_in
from tests.support.answering_agent import ANSWERS, RELEASE
from tests.support.control_half import make_directory, stand_in
from tests.support.published import ADDRESS, Published
from tests.support.web_site import served

from sealgate.link.messages import Outcome, State
from sealgate.services.gateway import Gateway
from sealgate.settings import Settings
from sealgate.web.sign_in import SESSION, identify

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.outside_sources import OutsideSources

ONLY_ASKS = {
    "start_check", "start_rehearsal", "start_policy_tests", "start_explain", "start_replay", "start_drill",
    "query_table", "resolve_address", "try_checks", "check_text",
}  # fmt: skip
"""Operations that change nothing; what they judge is kept as a report, and that is all."""

TEST = {"client": "192.0.2.1", "recipients": ["a@example.com"], "expect": "accept"}
LIST = {"name": "cloud", "source": "url", "address": ADDRESS}
ROWS = "/rows/relay-domain"
STORY: tuple[tuple[str, str, str, Any], ...] = (
    ("set_setting", "PUT", "/settings/my-hostname", {"value": "mx.example.com"}),
    ("change_settings", "PATCH", "/settings", {"values": {"match-subdomains": True}}),
    ("unset_setting", "DELETE", "/settings/match-subdomains", None),
    ("add_row", "POST", ROWS, {"fields": {"domain": "example.com"}}),
    ("add_row", "POST", ROWS, {"fields": {"domain": "example.net"}}),
    ("replace_row", "PUT", f"{ROWS}/example.com", {"fields": {}, "comment": "office"}),
    ("change_row", "PATCH", f"{ROWS}/example.com", {"comment": "head office"}),
    ("remove_row", "DELETE", f"{ROWS}/example.net", None),
    ("put_rows_back", "POST", "/row-undo/relay-domain", "the last removal"),
    ("act_on_rows", "POST", "/row-actions/relay-domain", {"action": "disable", "keys": ["example.net"]}),
    ("add_row", "POST", "/rows/network", {"fields": {"network": "10.0.0.0/8"}}),
    ("add_row", "POST", "/rows/network", {"fields": {"network": "!10.0.0.1"}}),
    ("move_row", "POST", "/row-moves/network/!10.0.0.1", {"first": True}),
    ("import_list", "POST", "/bulk/black", '{"fields": {"client": "192.0.2.1"}}\n'),
    ("replace_own_lines", "PUT", "/own-lines/main-cf", {"text": "# mine\n"}),
    ("add_row", "POST", "/rows/lookup-table", {"fields": {"name": "notes", "type": "hash"}}),
    ("replace_lookup_table_text", "PUT", "/lookup-tables/notes", {"text": "a b\n"}),
    ("start_check", "POST", "/checks", {}),
    ("start_rehearsal", "POST", "/rehearsals", {"grade": "full"}),
    ("start_apply", "POST", "/applications", {"comment": "first"}),
    ("confirm", "POST", "/confirmations", {}),
    ("start_rollback", "POST", "/rollbacks", {}),
    ("add_row", "POST", "/rows/policy-test", {"fields": TEST}),
    ("start_policy_tests", "POST", "/policy-test-runs", {}),
    ("add_row", "POST", "/rows/white", {"fields": {"client": "192.0.2.9"}}),
    ("discard_change", "DELETE", "/changes/white/192.0.2.9", None),
    ("remove_row", "DELETE", f"{ROWS}/example.com", None),
    ("restore_object", "POST", "/revisions/1/restore-object", {"noun": "relay-domain", "key": "example.com"}),
    ("remove_row", "DELETE", f"{ROWS}/example.com", None),
    ("discard_all_changes", "DELETE", "/changes", None),
    ("add_row", "POST", "/rows/white", {"fields": {"client": "192.0.2.9"}}),
    ("restore_revision", "POST", "/revisions/1/restore", None),
    ("query_table", "POST", "/queries", {"table": "transport", "key": "example.com"}),
    ("resolve_address", "POST", "/resolutions", {"address": "a@example.com"}),
    ("try_checks", "POST", "/check-trials", {"text": "Subject: hello\n"}),
    ("check_text", "POST", "/text-checks", {"of": "main-cf", "text": "no such line\n"}),
    ("start_explain", "POST", "/explanations", {"client": "192.0.2.1", "recipient": "a@example.com"}),
    ("start_replay", "POST", "/replays", {}),
    ("start_drill", "POST", "/drills", {}),
    ("set_setting", "PUT", "/settings/external-relay-host", {"value": "mx.example.net"}),
    ("test_relay_host", "POST", "/live-tests/relay-hosts", {"name": "external-relay-host"}),
    ("add_row", "POST", "/rows/transport", {"fields": {"pattern": "example.org", "host": "mx.example.org"}}),
    ("test_transport", "POST", "/live-tests/transports", {"key": "example.org"}),
    ("add_row", "POST", "/rows/sasl", {"fields": {"host": "mx.example.net", "port": 25, "user": "u", "password": "p"}}),
    ("test_login", "POST", "/live-tests/logins", {"key": "[mx.example.net]"}),
    ("add_row", "POST", "/rows/rbl", {"fields": {"zone": "zen.example"}}),
    ("test_dns_list", "POST", "/live-tests/dns-lists", {"key": "zen.example"}),
    ("look_at_dns", "POST", "/live-tests/dns", {}),
    ("add_row", "POST", "/rows/provider", {"fields": LIST}),
    ("fetch_provider", "POST", "/provider-fetches", {"name": "cloud"}),
    ("try_provider", "POST", "/provider-trials", {"fields": {"source": "url", "address": ADDRESS}}),
    ("overwrite_drift", "POST", "/drift/overwrite", {}),
    ("act_on_queue", "POST", "/queue-actions", {"action": "hold", "filter": {"ids": ["4ABC1234"]}}),
    ("make_backup", "POST", "/backups", {"passphrase": "several words nobody knows"}),
    ("clear_verified", "DELETE", "/verified-recipients", None),
    ("invite_person", "POST", "/people", {"name": "nina", "role": "viewer"}),
    ("change_person", "PATCH", "/people/nina", {"title": "Nina", "role": "operator"}),
    ("reset_person", "POST", "/people/nina/reset", {}),
    ("lock_person", "POST", "/people/nina/lock", None),
    ("unlock_person", "POST", "/people/nina/unlock", None),
    ("end_session_of", "DELETE", "/people/alice/sessions/the session", None),
    ("revoke_token_of", "DELETE", "/people/alice/tokens/the token", None),
    ("remove_person", "DELETE", "/people/nina", None),
    ("make_my_token", "POST", "/me/tokens", {"label": "nightly", "rights": ["view"], "days": 1}),
    ("revoke_my_token", "DELETE", "/me/tokens/the token", None),
    ("end_my_session", "DELETE", "/me/sessions/the session", None),
)  # fmt: skip
NOT_IN_THE_STORY = {"adopt_drift": "the stand-in has no live files to adopt; tests/services tells it"}


@dataclass
class Step:
    """What came of one step of the story."""

    status: int
    text: str
    audited: int
    job: str = "done"


@dataclass
class Teller:
    """Tells the story to a gateway that is served."""

    gateway: Gateway
    client: httpx.Client
    session: dict[str, str]
    removed: int = 0

    def tell(self, name: str, method: str, path: str, body: Any) -> Step:
        headers = {"if-match": "*"} | (self.session if "/me/" in path else {})
        before = self._audited()
        answer = self.client.request(method, PREFIX + self._filled(path), headers=headers, **self._sent(body))
        job = {}
        if answer.status_code == 202:
            job = next(job for job in wait_for_jobs(self.client) if job["id"] == answer.json()["id"])
        if name == "remove_row":
            self.removed = answer.json().get("version") or 0
        text = f"{answer.text} {job.get('problem', '')}"
        return Step(answer.status_code, text, self._audited() - before, job.get("state", "done"))

    def _sent(self, body: Any) -> dict[str, Any]:
        if body == "the last removal":
            return {"json": {"first": self.removed, "last": self.removed}}
        return {} if body is None else {"content": body.encode()} if isinstance(body, str) else {"json": body}

    def _filled(self, path: str) -> str:
        for what in ("session", "token"):
            if f"the {what}" in path:
                mine = self.session if "/me/" in path else {}
                listed = self.client.get(PREFIX + path.rpartition("/")[0], headers=mine).json()
                path = path.replace(f"the {what}", next(one["id"] for one in listed if not one.get("revoked")))
        return path

    def _audited(self) -> int:
        with self.gateway.store.reading() as reader:
            return sum(1 for _entry in reader.audit_trail())


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory, lists_outside: OutsideSources) -> Iterator[list[tuple[str, Step]]]:
    place = tmp_path_factory.mktemp("story")
    make_directory(place / "gw")
    lists_outside.forget()
    published = Published(lists_outside)
    published.says("192.0.2.0/24")
    (place / "gw" / "sealgate.toml").write_text(published.settings)
    gateway = Gateway.open(Settings.load(place / "gw"))
    person(gateway, "olga", "owner")
    person(gateway, "alice", "viewer")
    token_of(gateway, "alice")
    signed_in(gateway, "alice")
    session = {"cookie": f"{SESSION}={signed_in(gateway, 'olga').session}", "sec-fetch-site": "same-origin"}
    answers = ANSWERS | {"confirm": Outcome(State.CONFIRMED, 1, RELEASE, "Kept.")}
    with stand_in(place / "gw", **answers) as agent, served(gateway, place / "tls", identify) as site:
        agent.answers["rollback"] = Outcome(State.CONFIRMED, 1, RELEASE, "Back.")
        with httpx.Client(base_url=site.url, verify=_trust(site.certificate), timeout=60) as client:
            token = {"authorization": f"Bearer {token_of(gateway, 'olga')}"}
            client.headers.update(token)
            teller = Teller(gateway, client, session)
            steps = []
            for name, method, path, body in STORY:
                if "/me/" in path:
                    client.headers.pop("authorization", None)
                steps.append((name, teller.tell(name, method, path, body)))
                client.headers.update(token)
        yield steps
    gateway.close()


def _trust(certificate: Any) -> Any:
    import ssl

    return ssl.create_default_context(cafile=str(certificate))


def test_the_story_has_every_operation_that_changes_something() -> None:
    changing = {operation.function.__name__ for operation in OPERATIONS if operation.method != "GET"}

    assert changing == {name for name, *_rest in STORY} | NOT_IN_THE_STORY.keys()


@pytest.mark.parametrize("number", range(len(STORY)), ids=[name for name, *_rest in STORY])
def test_every_step_is_done_and_every_change_is_audited(told: list[tuple[str, Step]], number: int) -> None:
    name, step = told[number]

    assert step.status in {200, 201, 202}, step.text
    assert step.job == "done", step.text
    assert (step.audited > 0) == (name not in ONLY_ASKS)
