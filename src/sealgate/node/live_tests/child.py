"""What runs in the unprivileged process of a live test: one server, one list, one look at DNS.

Everything is imported first; then root is given up for good, memory, processor time and files are bounded, and only
then is anybody spoken to. An error of the program says its kind and nothing else, since its text could hold a password.
"""

from __future__ import annotations

import os
import resource
import signal
from typing import TYPE_CHECKING, Any

from sealgate.link.codec import from_json, to_json
from sealgate.link.live_tests import DnsPicture, ListTest, Way
from sealgate.node.live_tests import lists, login, picture, routes, server
from sealgate.node.live_tests.smtp import Limits

if TYPE_CHECKING:
    from collections.abc import Callable

    from sealgate.node.live_tests.names import Names

MODULE = "sealgate.node.live_tests.child"
_MEMORY = 2 << 30
_PROCESSOR_SECONDS = 30
_LIFE = 180
_FILES = 256


def perform(task: dict[str, Any]) -> dict[str, Any]:
    """Do the work that a task names and return what came of it."""
    try:
        names = _names(task) if task["work"] in _ASKING else None
        give_up(task.get("account"))
        return {"done": _WORKS[task["work"]](task, names)}
    except Exception as fault:  # noqa: BLE001 - its text could hold a secret
        return {"fault": type(fault).__name__}


def give_up(account: list[int] | None) -> None:
    """Become another user for good (None: stay, where there is no root to give up), and bound what may be used."""
    for kind, most in (
        (resource.RLIMIT_AS, _MEMORY),
        (resource.RLIMIT_CPU, _PROCESSOR_SECONDS),
        (resource.RLIMIT_NOFILE, _FILES),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(kind, (most, most))
    signal.alarm(_LIFE)  # becoming another user makes the kernel forget that this process ends with its parent
    if account is not None and os.geteuid() == 0:
        user, group = account
        os.setgroups([])
        os.setresgid(group, group, group)
        os.setresuid(user, user, user)


def _names(task: dict[str, Any]) -> Names:
    from sealgate.node.live_tests.names import Names

    return Names(tuple(task["resolvers"]), **task.get("patience", {}))


def _resolve(task: dict[str, Any], names: Any) -> Any:
    """Return the servers of a next hop, as pairs of name and address in the order in which Postfix tries them."""
    return routes.servers_of(names, task["host"], mx=task["mx"], versions=tuple(task["versions"])).to_json()


def _server(task: dict[str, Any]) -> server.Server:
    way = from_json(Way, task["way"], "way")
    return server.Server(way, task["name"], task["address"], Limits(**task.get("limits", {})))


def _look(task: dict[str, Any], _names: Any) -> Any:
    return to_json(server.look(_server(task), task["recipient"]))


def _log_in(task: dict[str, Any], _names: Any) -> Any:
    return to_json(login.log_in(_server(task), task["user"], task["password"]))


def _list(task: dict[str, Any], names: Any) -> Any:
    asked = from_json(ListTest, task["question"], "question")
    section = lists.look(names, asked.zone, asked.answers, domains=asked.domains)
    return {"sections": [to_json(section)], "findings": [], "servers": list(names.servers)}


def _picture(task: dict[str, Any], names: Any) -> Any:
    sections, findings = picture.look(names, from_json(DnsPicture, task["question"], "question"))
    return {
        "sections": [to_json(one) for one in sections],
        "findings": [one.to_json() for one in findings],
        "servers": list(names.servers),
    }


_ASKING = frozenset({"resolve", "list", "picture"})
_WORKS: dict[str, Callable[[dict[str, Any], Any], Any]] = {
    "resolve": _resolve,
    "look": _look,
    "log-in": _log_in,
    "list": _list,
    "picture": _picture,
}
