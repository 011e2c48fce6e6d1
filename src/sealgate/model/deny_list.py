"""The deny-list: what the administrator's own lines may not say, because raw lines are as powerful as root.

Three classes. *Never*: paths and programs of Postfix itself, its owner, environment, debugger, log files, and commands
started by local(8); Postfix's own tools act on some of these while they validate, so this is asked before any of them
sees a file. *With proof*: XCLIENT and XFORWARD, the proxy protocol, tables on other machines; only for loopback, or a
peer on a list that root edits. *Free*: the rest, as long as every file it names lies where files may lie
(deny_paths.py) and every program is on root's list (deny_services.py).

The same holds for `-o` of services and for what a value says through own `$names`. Findings quote own lines only.
"""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING

from sealgate.model.deny_paths import (
    FILE_TYPES,
    NEVER_TYPES,
    REMOTE_TYPES,
    alias_tables_refused,
    refused_paths,
    tables_in,
)
from sealgate.model.findings import Finding, Place, error
from sealgate.model.network import LOOPBACK
from sealgate.model.own_text import expand, words
from sealgate.model.text import shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealgate.model.context import CheckContext

NEVER = frozenset(
    {
        "alternate_config_directories", "allow_mail_to_commands", "allow_mail_to_files", "command_expansion_filter",
        "cyrus_sasl_config_path", "debugger_command", "default_privs", "execution_directory_expansion_filter",
        "export_environment", "import_environment", "local_command_shell", "mail_owner", "mailbox_command",
        "mailbox_command_maps", "mailq_path", "maillog_file", "maillog_file_compressor", "maillog_file_permissions",
        "maillog_file_prefixes", "maillog_file_rotate_suffix", "multi_instance_directories", "multi_instance_enable",
        "multi_instance_group", "multi_instance_name", "multi_instance_wrapper", "newaliases_path", "openssl_path",
        "postlog_service_name", "postmulti_control_commands", "postmulti_start_commands", "postmulti_stop_commands",
        "sendmail_path", "setgid_group", "virtual_mailbox_base",
    }
)  # fmt: skip
"""Parameters of the class never; so is everything that ends in `_directory`."""

PEER_LISTS = frozenset({"smtpd_authorized_xclient_hosts", "smtpd_authorized_xforward_hosts"})
PROXY_PROTOCOL = frozenset({"smtpd_upstream_proxy_protocol", "postscreen_upstream_proxy_protocol"})
TEXTS = frozenset(
    {
        "default_rbl_reply", "mail_name", "milter_macro_daemon_name", "milter_macro_v", "postscreen_reject_footer",
        "smtpd_banner", "smtpd_reject_footer", "unverified_recipient_reject_reason", "unverified_sender_reject_reason",
    }
)  # fmt: skip
"""Parameters whose value is words for people, where a slash is no file."""


def is_never(name: str) -> bool:
    """Tell whether a parameter is of the class never."""
    return name in NEVER or name.endswith("_directory")


def judge_parameter(
    name: str, value: str, own: dict[str, str], place: Place, context: CheckContext, *, service: str = ""
) -> Iterator[Finding]:
    """Give what the deny-list says of one definition; `service` is the inet service (`host:port`) of an `-o`."""
    if is_never(name):
        yield error(
            "own-line-never",
            place,
            f"{name} cannot be set by own lines.",
            "It says where Postfix finds its own programs and files, as whom it runs, or what it starts.",
            "Remove the line; Sealgate sets it.",
        )
        return
    meant = expand(value, own | {"config_directory": context.config_dir, "maps_d_dir": f"{context.config_dir}/maps.d"})
    if meant is None:
        yield error(
            "own-line-too-long",
            place,
            f"The value of {name} grows too long when the names in it are filled in.",
            "So it cannot be judged.",
            "Write it without so many references.",
        )
        return
    if name in PEER_LISTS:
        yield from _peers(name, meant, place, context)
    if name in PROXY_PROTOCOL and meant.strip():
        yield from _proxy_protocol(name, place, context, service)
    yield from _tables(name, meant, place, context)
    if name not in TEXTS:
        for path in dict.fromkeys(refused_paths(name, meant, context)):
            yield error(
                "own-line-path",
                place,
                f"{name} names the file {shown(path)}.",
                "Own lines may only name files in the configuration directory, in /etc/ssl, and /etc/aliases.",
                "Make a look-up table of it, or ask root to put the path on the list of permitted files.",
            )
    if name in {"alias_maps", "alias_database"}:
        for table in alias_tables_refused(meant, context):
            yield error(
                "own-line-alias-table",
                place,
                f"{name} names {shown(table)}.",
                "An alias table can include any file of this machine in mail.",
                "Use /etc/aliases, or Email forwarding.",
            )


def _peers(name: str, value: str, place: Place, context: CheckContext) -> Iterator[Finding]:
    for word in words(value):
        if not peer_allowed(word, context):
            yield error(
                "own-line-needs-proof",
                place,
                f"{name} trusts {shown(word)} to say who the client is.",
                "Such a client can claim any address, and so relay anywhere.",
                "Name loopback only (127.0.0.0/8, [::1]), or ask root to put the peer on the list of permitted peers.",
            )


def peer_allowed(word: str, context: CheckContext) -> bool:
    """Tell whether a peer is loopback or on root's list."""
    if word == "localhost":
        return True
    bare = word.replace("[", "").replace("]", "")
    try:
        wanted = ipaddress.ip_network(bare)
    except ValueError:
        return word in context.permits.peers
    return any(
        wanted.version == known.version and wanted.subnet_of(known)  # type: ignore[arg-type]
        for known in (*LOOPBACK, *_peer_networks(context))
    )


def _peer_networks(context: CheckContext) -> Iterator[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    for text in context.permits.peers:
        try:
            yield ipaddress.ip_network(text)
        except ValueError:
            continue


def _proxy_protocol(name: str, place: Place, context: CheckContext, service: str) -> Iterator[Finding]:
    host = service.rpartition(":")[0]
    if service not in context.permits.peers and not (host and peer_allowed(host, context)):
        yield error(
            "own-line-needs-proof",
            place,
            f"{name} lets whoever connects say who the client is.",
            "On a listener that others than loopback reach, that is an open relay.",
            "Set it with -o for a service on 127.0.0.1, or ask root to put the service on the list of permitted peers.",
        )


def _tables(name: str, value: str, place: Place, context: CheckContext) -> Iterator[Finding]:
    for kind, table in dict.fromkeys(tables_in(value)):
        if kind in NEVER_TYPES:
            yield error(
                "own-line-map-never",
                place,
                f"{name} names a table of type {kind}.",
                "Its answers come from the environment or network information service of the machine.",
                "Use a look-up table.",
            )
        elif kind in REMOTE_TYPES and not _remote_allowed(table, context):
            yield error(
                "own-line-needs-proof",
                place,
                f"{name} asks {kind}:{shown(table)}.",
                "A table on another machine decides what this gateway does.",
                "Use loopback or a socket, or ask root to put the peer on the list of permitted peers.",
            )
        elif kind in FILE_TYPES and table and table[0] not in "/${":
            yield error(
                "own-line-map-relative",
                place,
                f"{name} names {kind}:{shown(table)} without a directory.",
                "Postfix would look for it in the mail queue.",
                f"Write {kind}:$maps_d_dir/{kind}-NAME.map for a look-up table.",
            )


_ENDPOINT = re.compile(r"(?:inet:)?(\[[^\]]*\]|[^:\[\]]+):[0-9A-Za-z-]+(?::.*)?", re.ASCII)


def _remote_allowed(table: str, context: CheckContext) -> bool:
    if table.startswith("unix:") or table in context.permits.peers:
        return True
    found = _ENDPOINT.fullmatch(table)
    return bool(found) and peer_allowed(found[1], context)  # type: ignore[index]
