"""What own services of master.cf may start: the third part of the deny-list.

Commands are Postfix's own daemons. Those that start other programs, pipe(8) and spawn(8), need a user that is not root
and a program on root's list. No service runs as root or in a chroot of its own making, and nothing takes the place of
the services between Postfix and the mail processing agent.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sealgate.model.deny_list import judge_parameter
from sealgate.model.findings import Finding, Place, error
from sealgate.model.text import shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealgate.model.context import CheckContext
    from sealgate.model.master_lines import OwnService

DAEMONS = frozenset(
    {
        "anvil", "bounce", "cleanup", "discard", "dnsblog", "error", "flush", "lmtp", "local", "nqmgr", "oqmgr",
        "pickup", "pipe", "postlogd", "postscreen", "proxymap", "qmgr", "qmqpd", "scache", "showq", "smtp", "smtpd",
        "spawn", "tlsmgr", "tlsproxy", "trivial-rewrite", "verify", "virtual",
    }
)  # fmt: skip
STARTERS = frozenset({"pipe", "spawn"})
PRIVILEGED = frozenset({"local", "pipe", "spawn", "virtual"})
_PIPE_ATTRIBUTES = frozenset({"flags", "user", "eol", "null_sender", "size"})
_REFUSED_USERS = re.compile(r"(?:|root|toor|postfix|postdrop|0+|sealgate.*)", re.ASCII)


def judge_service(service: OwnService, own: dict[str, str], context: CheckContext) -> Iterator[Finding]:
    """Give what the deny-list says of one own service and its options."""
    place = Place("own-lines", "master-cf", service.key, service.line)
    if _is_inner(service, context):
        yield error(
            "own-service-inner",
            place,
            f"{service.name} {service.type} passes mail between Postfix and the mail processing agent.",
            "Another entry in its place would lose or loop mail.",
            "Give the own service another name or port.",
        )
    if service.command not in DAEMONS:
        yield error(
            "own-service-program",
            place,
            f"{shown(service.command)} is no daemon of Postfix.",
            "",
            "Name one of Postfix's own; other programs are started by pipe or spawn.",
        )
    yield from _columns(service, place)
    if service.command in STARTERS:
        yield from _started(service, place, context)
    else:
        for argument in service.arguments:
            if argument != "-v":
                yield error(
                    "own-service-argument",
                    place,
                    f"The argument {shown(argument)} is not possible for {shown(service.command)}.",
                    "",
                    "Only -o name=value and -v are.",
                )
    options = {option.name: option.value for option in service.options}
    for option in service.options:
        where = Place("own-lines", "master-cf", f"{service.key}/{option.name}", option.line)
        name = service.name if service.type == "inet" else ""
        yield from judge_parameter(option.name, option.value, own | options, where, context, service=name)


def _is_inner(service: OwnService, context: CheckContext) -> bool:
    for key in context.inner_services:
        name, _, kind = key.rpartition("/")
        if kind != service.type:
            continue
        host, _, port = name.rpartition(":")
        if service.key == key or (
            kind == "inet" and service.port == port and service.host in {"", host.strip("[]"), "localhost"}
        ):
            return True
    return False


def _columns(service: OwnService, place: Place) -> Iterator[Finding]:
    if service.unprivileged == "n" and service.command not in PRIVILEGED:
        yield error(
            "own-service-privileged",
            place,
            f"{service.name} would run {shown(service.command)} as root.",
            "Only local, pipe, spawn and virtual need that (master(5)).",
            "Write - in the column unprivileged.",
        )
    if service.chroot == "y":
        yield error(
            "own-service-chroot",
            place,
            f"{service.name} would run in a chroot.",
            "The queue directory of this gateway is not prepared as one, so it would find no DNS and no certificates.",
            "Write n in the column chroot.",
        )


def _started(service: OwnService, place: Place, context: CheckContext) -> Iterator[Finding]:
    given: dict[str, str] = {}
    for position, argument in enumerate(service.arguments):
        name, equals, value = argument.partition("=")
        if name == "argv" and equals:
            given["argv"] = value
            break
        if not equals or name not in _PIPE_ATTRIBUTES or position > 50:
            yield error(
                "own-service-argument",
                place,
                f"The argument {shown(argument)} is not possible for {service.command}.",
                "A directory or chroot of its own would let it act outside of what root has permitted.",
                "Possible are flags, user, eol, null_sender, size, and argv last.",
            )
        given[name] = value
    user = given.get("user", "")
    if not user or _REFUSED_USERS.fullmatch(user.partition(":")[0]) or user.partition(":")[2] in {"root", "0"}:
        yield error(
            "own-service-user",
            place,
            f"{service.name} starts a program {'as ' + shown(user) if user else 'without saying as which user'}.",
            "Programs run as a user of their own, never as root or as a user of Postfix or Sealgate.",
            "Write user=NAME before argv=.",
        )
    program = given.get("argv", "")
    if program not in context.permits.programs:
        yield error(
            "own-service-program",
            place,
            f"{service.name} starts {shown(program) if program else 'no program'}.",
            "Only programs that root has put on the list of permitted programs can be started.",
            "Ask root to add it.",
        )
