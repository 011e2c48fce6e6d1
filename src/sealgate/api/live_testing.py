"""Live tests: the node really connects, logs in, asks a DNS list, or looks at DNS. Each is audited before it begins.

Nothing is changed, and no message is sent. What is tested is what the draft, or what is live, says.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from sealgate.api.call import Asked
from sealgate.api.jobs import job_json
from sealgate.api.operations import Group
from sealgate.api.shapes import Given, Job
from sealgate.services import live_tests
from sealgate.services.actor import Right

if TYPE_CHECKING:
    from collections.abc import Callable

    from sealgate.services import jobs

GROUP = Group("live tests", "Tries on the real network, by the node: next hops, logins, DNS lists, DNS.")


class RelayHost(Given):
    """Which relay host; `recipient` is asked for with the null sender, empty: postmaster of the first relay domain."""

    name: Literal["external-relay-host", "internal-relay-host"] = Field(examples=["external-relay-host"])
    recipient: str = Field("", max_length=320)
    live: bool = False


class OneTransport(Given):
    """Which transport, by its key."""

    key: str = Field(min_length=1, max_length=500, examples=["example.com"])
    recipient: str = Field("", max_length=320)
    live: bool = False


class OneRow(Given):
    """Which row, by its key."""

    key: str = Field(min_length=1, max_length=500, examples=["zen.example"])
    live: bool = False


class Names(Given):
    """Which relay domains besides the names of the gateway: those with this text; empty: the first ones."""

    search: str = Field("", max_length=200)
    live: bool = False


@GROUP.post(
    "/live-tests/relay-hosts",
    Right.EDIT,
    response_model=Job,
    status_code=202,
    example={"kind": "test-relay-host", "detail": "external-relay-host"},
)
def test_relay_host(call: Asked, body: RelayHost) -> Any:
    """Test a relay host, as a job: connection, banner, EHLO, TLS, AUTH, and the answer to a recipient."""
    test = partial(live_tests.relay_host, name=body.name, recipient=body.recipient, live=body.live)
    return _started(call, "test-relay-host", test, body.name)


@GROUP.post(
    "/live-tests/transports",
    Right.EDIT,
    response_model=Job,
    status_code=202,
    example={"kind": "test-transport", "detail": "example.com"},
)
def test_transport(call: Asked, body: OneTransport) -> Any:
    """Test the next hop of a transport, as a job."""
    test = partial(live_tests.transport, key=body.key, recipient=body.recipient, live=body.live)
    return _started(call, "test-transport", test, body.key)


@GROUP.post(
    "/live-tests/logins",
    Right.SECRETS,
    response_model=Job,
    status_code=202,
    example={"kind": "test-sasl", "detail": "mail.example.com:587"},
)
def test_login(call: Asked, body: OneRow) -> Any:
    """Log in with a row of SASL passwords, as a job; only the node can open the password. Needs `edit` besides."""
    return _started(call, "test-sasl", partial(live_tests.login, key=body.key, live=body.live), body.key)


@GROUP.post(
    "/live-tests/dns-lists",
    Right.EDIT,
    response_model=Job,
    status_code=202,
    example={"kind": "test-rbl", "detail": "zen.example"},
)
def test_dns_list(call: Asked, body: OneRow) -> Any:
    """Ask a DNS list for its test entries, as a job."""
    return _started(call, "test-rbl", partial(live_tests.dns_list, key=body.key, live=body.live), body.key)


@GROUP.post(
    "/live-tests/dns", Right.VIEW, response_model=Job, status_code=202, example={"kind": "test-dns", "detail": ""}
)
def look_at_dns(call: Asked, body: Names) -> Any:
    """Look at what DNS says of the gateway's names and of relay domains, as a job."""
    return _started(call, "test-dns", partial(live_tests.dns_picture, search=body.search, live=body.live), body.search)


def _started(call: Asked, kind: str, test: Callable[..., Any], detail: str) -> dict[str, Any]:
    gateway, actor = call.gateway, call.actor

    def work(job: jobs.Job) -> Any:
        return test(gateway, actor, progress=job.progress)

    return job_json(call.job(kind, work, detail))
