"""Serving pages and API over TLS, as a user who owns the desired state and nothing else.

Started as root, the certificate is read and the port is bound, then root is given up for good before the database is
opened and before the first byte of anybody is read. There is no way to serve without TLS.
"""

from __future__ import annotations

import os
import pwd
import socket
import ssl
from contextlib import ExitStack
from typing import TYPE_CHECKING

import uvicorn

from sealgate.log import logger
from sealgate.model.errors import InvalidValue, NotFound, Refused
from sealgate.services.gateway import Gateway
from sealgate.web.app import make_app
from sealgate.web.certificate import Files, names_of_this_machine, own
from sealgate.web.guard import LARGEST_UNFINISHED
from sealgate.web.patience import Door, Patience, with_patience
from sealgate.web.site import Site

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Sequence

    from starlette.types import ASGIApp

    from sealgate.settings import Endpoint, Settings
    from sealgate.web.site import Identify

_PATIENCE = 20
_BACKLOG = 128


def certificate_of(settings: Settings, today: dt.datetime) -> Files:
    """Return the certificate in use: the one that the settings name, or the gateway's own, made when it is missing."""
    if settings.given_certificate is not None and settings.given_key is not None:
        return Files(settings.given_certificate, settings.given_key)
    settings.web_directory.mkdir(mode=0o700, exist_ok=True)
    return own(settings.web_directory, names_of_this_machine(), today)


def serve(
    settings: Settings, identify: Identify, today: dt.datetime, api: Callable[[Site], ASGIApp] | None = None
) -> int:
    """Serve the pages, and the API that `api` makes, until SIGTERM or SIGINT. Refused when a port is in use."""
    context = tls(certificate_of(settings, today))
    with ExitStack() as stack:
        sockets = [stack.enter_context(_listen(endpoint)) for endpoint in settings.web_listeners]
        become(settings.control_user)
        gateway = Gateway.open(settings)
        stack.callback(gateway.close)
        serve_site(Site(gateway, identify, api=api), context, sockets)
    return 0


def serve_site(site: Site, context: ssl.SSLContext, sockets: Sequence[socket.socket]) -> None:
    """Serve a site on sockets that listen already."""
    server_of(site, context).run(sockets=[Door.of(one) for one in sockets])


def server_of(site: Site, context: ssl.SSLContext, patience: Patience | None = None) -> uvicorn.Server:
    """Return the web server for a site; it listens on sockets that are a `Door`."""
    config = uvicorn.Config(
        make_app(site),
        ssl_context_factory=lambda _config, _default: context,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        http=with_patience(patience or Patience()),  # type: ignore[arg-type]  # any maker of a protocol will do
        h11_max_incomplete_event_size=LARGEST_UNFINISHED,
        loop="sealgate.web.patience:Loop",
        timeout_keep_alive=_PATIENCE,
        timeout_graceful_shutdown=5,
        ws="none",
    )
    return uvicorn.Server(config)


def tls(files: Files) -> ssl.SSLContext:
    """Return what TLS needs; InvalidValue for a certificate or key that cannot be used."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(files.certificate, files.key)
    except (OSError, ssl.SSLError) as fault:
        raise InvalidValue.of(
            f"The certificate {files.certificate} with the key {files.key} cannot be used: {fault}.",
            "Name two files in PEM form that belong together.",
            "web_certificate",
        ) from None
    return context


def become(user: str) -> None:
    """Give up root for good, if this is root; files made from now on are for owner and group."""
    os.umask(0o007)
    if os.geteuid() != 0:
        return
    try:
        entry = pwd.getpwnam(user)
    except KeyError:
        raise NotFound(f"The user {user} does not exist. Nothing was started.") from None
    if entry.pw_uid == 0:
        return
    os.setgroups(os.getgrouplist(user, entry.pw_gid))
    os.setgid(entry.pw_gid)
    os.setuid(entry.pw_uid)
    logger("web").info("serving as", user=user)


def _listen(endpoint: Endpoint) -> socket.socket:
    everywhere = not endpoint.host
    six = ":" in endpoint.host or (everywhere and socket.has_dualstack_ipv6())
    try:
        return socket.create_server(
            (endpoint.host, endpoint.port),
            family=socket.AF_INET6 if six else socket.AF_INET,
            backlog=_BACKLOG,
            dualstack_ipv6=everywhere and six,
        )
    except OSError as fault:
        raise Refused(f"The pages cannot be served on {endpoint}: {fault.strerror}. Choose another web_port.") from None
