"""A copy of a release that can be run without a seal: nothing listens on the network, and no mail can leave.

`lay_out` makes it in a directory of its own: links to all that the release holds, and main.cf and master.cf written
anew from what Postfix reads in the release. master.cf has the daemons that take mail and nothing else: no queue
manager, no pickup, no program that delivers, verifies or starts others. Each smtpd on the network becomes one on a Unix
socket, where whoever connects may say who the client is (XCLIENT); the address is private to root and Postfix. Queue,
data and log are in the directory. What would ask DNS is taken out of restrictions, for names cannot be faked without a
seal; services outside are replaced by `standins` on sockets of the directory, tables that ask others by empty ones.

`Copy.missed` says in words what therefore is not judged. Sources: postfix.md §1, §3 and §8, master(5), XCLIENT_README.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from sealgate.postfix.files import HOT_SECONDS, Files
from sealgate.postfix.listeners import listeners
from sealgate.postfix.master import InstancePaths
from sealgate.rehearsal.outside import PROGRAMS, Kind, Outsider, Where, outsiders

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from sealgate.postfix.listeners import Listener
    from sealgate.postfix.parameters import ReadBack, Service

KEPT = frozenset({"anvil", "cleanup", "postlogd", "proxymap", "tlsmgr", "trivial-rewrite"})
"""The daemons that smtpd needs to answer MAIL and RCPT. None of them sends anything anywhere."""
EMPTY_TABLE = "cidr:/dev/null"
_ASKING_TABLE = re.compile(
    rf"(?:(?<=^)|(?<=[\s,{{=:]))(?:socketmap|tcp|{'|'.join(PROGRAMS)}):[^\s,{{}}]+", re.MULTILINE
)
_WITH_ARGUMENT = (
    r"(?:reject_rbl_client|reject_rhsbl_[a-z]+|permit_dnswl_client|permit_rhswl_client"
    r"|check_[a-z_]+_(?:mx|ns|a)_access)"
)
_ALONE = (
    r"(?:reject_unknown_(?:sender_domain|recipient_domain|helo_hostname|hostname|address)"
    r"|reject_unverified_(?:sender|recipient|address)|permit_mx_backup)"
)
_ASKING_DNS = re.compile(
    rf"(?:^|(?<=[\s,]))(?:warn_if_reject[\s,]+)?({_WITH_ARGUMENT}[\s,]+[^\s,]+|{_ALONE})(?=[\s,]|$),?", re.MULTILINE
)
_STAND_IN_KINDS = frozenset({Kind.MILTER, Kind.POLICY, Kind.LOGIN})
_FORCED_OPTIONS = {"smtpd_tls_wrappermode": "no", "smtpd_upstream_proxy_protocol": "", "smtpd_proxy_filter": ""}


@dataclass(frozen=True, slots=True)
class Copy:
    """The copy. `sockets` maps each listener of the release to the Unix socket that answers for it."""

    paths: InstancePaths
    sockets: Mapping[Listener, Path]
    stand_ins: tuple[Outsider, ...]
    missed: tuple[str, ...]


@dataclass
class _Texts:
    """How values are changed on their way into the copy, and what that takes away."""

    places: tuple[tuple[str, str], ...]
    replaced: Mapping[str, str]
    taken_out: dict[str, None] = field(default_factory=dict)

    def changed(self, value: str, expanded: str) -> str:
        """Return the value for the copy; what is changed is written out, the rest keeps its $names."""
        found = self._outside(expanded)
        result = self._without_dns(found)
        return self._moved(value if result == expanded else result.replace("$", "$$"))

    def _outside(self, value: str) -> str:
        for named, own in self.replaced.items():
            value = re.sub(rf"(?:^|(?<=[\s,{{])){re.escape(named)}(?=[\s,}}]|$)", own, value)
        return _ASKING_TABLE.sub(EMPTY_TABLE, value)

    def _without_dns(self, value: str) -> str:
        self.taken_out.update(
            dict.fromkeys(" ".join(word.replace(",", " ").split()) for word in _ASKING_DNS.findall(value))
        )
        return _ASKING_DNS.sub("", value)

    def _moved(self, value: str) -> str:
        """Lead absolute paths of the live instance and of the release into the copy."""
        for there, here in self.places:
            value = re.sub(rf"(?<![\w./-]){re.escape(there)}(?=/|[\s,]|$)", here, value)
        return value


def lay_out(top: Path, release: Path, live: InstancePaths, raw: ReadBack, read: ReadBack) -> Copy:
    """Make the copy of a release in the directory `top`; `raw` is the release as read, `read` with values expanded."""
    paths = InstancePaths(top / "c", top / "q", top / "d", top / "l/mail.log")
    found = outsiders(read)
    stand_ins = tuple(_moved_in(found, top))
    replaced = {
        old.named: new.named
        for old, new in zip(_replaceable(found), stand_ins, strict=True)
        if old.kind is not Kind.LOGIN
    }
    places = ((release, paths.config_dir), (live.config_dir, paths.config_dir), (live.queue_dir, paths.queue_dir),
              (live.data_dir, paths.data_dir), (live.log_file.parent, paths.log_file.parent))  # fmt: skip
    texts = _Texts(tuple((str(there), str(here)) for there, here in places), replaced)
    files = Files(durable=False)
    paths.config_dir.mkdir()
    for entry in release.iterdir():
        if entry.name not in {"main.cf", "master.cf"}:
            (paths.config_dir / entry.name).symlink_to(entry)
    login = next((one.where.path for one in stand_ins if one.kind is Kind.LOGIN), "")
    main = {name: texts.changed(value, read.main.get(name, value)) for name, value in raw.main.items()}
    files.write(paths.config_dir / "main.cf", _main_cf(main | _own(paths, top, login)), age=HOT_SECONDS)
    names = {one.key: f"l{number}" for number, one in enumerate(raw.services) if _takes_mail(one)}
    files.write(paths.config_dir / "master.cf", "".join(_master_cf(read, names, texts, login)))
    sockets = {
        one: paths.queue_dir / "public" / names[one.service]
        for one in listeners(read, read.main)
        if one.service in names
    }
    return Copy(paths, sockets, stand_ins, tuple(_missed(read, names, texts.taken_out)))


def _takes_mail(service: Service) -> bool:
    return service.command == "smtpd" and service.kind in {"inet", "pass"}


def _replaceable(found: Iterable[Outsider]) -> Iterator[Outsider]:
    return (one for one in found if one.kind in _STAND_IN_KINDS)


def _moved_in(found: Iterable[Outsider], top: Path) -> Iterator[Outsider]:
    """Give the services that speak a protocol, each at a socket in the copy."""
    for number, one in enumerate(_replaceable(found)):
        where = Where(path=str(top / f"s{number}"))
        yield replace(one, named=str(where), where=where)


# -- texts


def _own(paths: InstancePaths, top: Path, login: str) -> dict[str, str]:
    """Return what the copy sets itself."""
    own = {
        "queue_directory": str(paths.queue_dir),
        "data_directory": str(paths.data_dir),
        "maillog_file": str(paths.log_file),
        "maillog_file_prefixes": str(top),
        "notify_classes": "",
        "in_flow_delay": "0s",  # cleanup(8) would wait a second for the queue manager, which is not there
        "smtpd_proxy_filter": "",
        "smtpd_upstream_proxy_protocol": "",
    }
    return own | ({"smtpd_sasl_path": login} if login else {})


def _main_cf(parameters: Mapping[str, str]) -> str:
    return "".join(f"{name} = {value}\n" for name, value in parameters.items())


def _master_cf(read: ReadBack, names: Mapping[str, str], texts: _Texts, login: str) -> Iterator[str]:
    for service in read.services:
        name = names.get(service.key)
        if name is None and (service.command not in KEPT or service.kind not in {"unix", "unix-dgram"}):
            continue
        options = {
            parameter: texts.changed(value.replace("$", "$$"), value)
            for parameter, value in read.overrides.get(service.key, {}).items()
        }
        columns = [service.name, service.kind, service.private]
        if name is not None:
            allowed = read.value(service.key, "smtpd_authorized_xclient_hosts") or ""
            options |= {**_FORCED_OPTIONS, "smtpd_authorized_xclient_hosts": f"{allowed} 127.0.0.1".strip()}
            options |= {"smtpd_sasl_path": login} if login else {}
            columns = [name, "unix", "n"]
        columns += [service.unprivileged, service.chroot, service.wakeup, service.processes, service.command]
        yield " ".join(columns) + "\n"
        yield from (f"    -o {{ {parameter} = {value} }}\n" for parameter, value in options.items())


# -- what is not judged


def _missed(read: ReadBack, names: Mapping[str, str], taken_out: Iterable[str]) -> Iterator[str]:
    yield "the listeners on their own addresses and ports: each smtpd was asked over a Unix socket"
    asking = ", ".join(taken_out)
    yield "what depends on DNS" + (f": {asking}, which were taken out" if asking else "")
    idle = dict.fromkeys(
        service.command if service.kind != "inet" else service.key
        for service in read.services
        if service.key not in names and service.command not in KEPT
    )
    if idle:
        yield f"the services {', '.join(idle)}, which were not started: they could send mail, or listen"
    yield "clients that name another address by the PROXY protocol"
