"""The few Linux system calls that seal a world and that Python 3.11 does not offer: mounts, pivot_root, capabilities.

Thin: one function a call, an OSError with the path when the kernel refuses. Only a process in mount, network and PID
namespaces of its own calls these. Sources: mount(2), mount_setattr(2), pivot_root(2), prctl(2), capabilities(7).
"""

from __future__ import annotations

import ctypes
import os
from pathlib import Path

MS_BIND = 0x1000
MS_REC = 0x4000
MS_PRIVATE = 1 << 18
MS_NOSUID = 2
MS_NODEV = 4
MS_NOEXEC = 8

KEPT_CAPABILITIES = frozenset({0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 18})
"""chown, dac_override, dac_read_search, fowner, fsetid, kill, setgid, setuid, setpcap, net_bind_service, sys_chroot:
what master(8) and its daemons use. Nothing that mounts, configures networks, loads modules or traces processes."""

_SYS_MOUNT_SETATTR = 442
_SYS_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41, "riscv64": 41, "ppc64le": 203, "s390x": 217}
_CLONE_NEWNET = 0x40000000
_AT_FDCWD = -100
_AT_RECURSIVE = 0x8000
_MOUNT_ATTR_RDONLY = 1
_MNT_DETACH = 2
_PR_CAPBSET_DROP = 24
_CAP_VERSION_3 = 0x20080522
_LAST_CAPABILITY = 63

_libc = ctypes.CDLL(None, use_errno=True)


class _MountAttr(ctypes.Structure):
    _fields_ = (
        ("attr_set", ctypes.c_uint64),
        ("attr_clr", ctypes.c_uint64),
        ("propagation", ctypes.c_uint64),
        ("userns_fd", ctypes.c_uint64),
    )


class _CapHeader(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _CapData(ctypes.Structure):
    _fields_ = (
        ("effective", ctypes.c_uint32),
        ("permitted", ctypes.c_uint32),
        ("inheritable", ctypes.c_uint32),
    )


def mount(source: str, target: Path, kind: str = "", flags: int = 0, options: str = "") -> None:
    """Mount something at `target`."""
    _check(
        _libc.mount(
            source.encode(),
            os.fsencode(target),
            kind.encode() or None,
            ctypes.c_ulong(flags),
            options.encode() or None,
        ),
        target,
    )


def bind(source: Path, target: Path) -> None:
    """Make `source`, with what is mounted below it, visible at `target`, which exists."""
    mount(str(source), target, flags=MS_BIND | MS_REC)


def make_read_only(top: Path) -> None:
    """Make the mount at `top` and all below it read-only. Needs Linux 5.12."""
    attributes = _MountAttr(attr_set=_MOUNT_ATTR_RDONLY)
    _check(
        _libc.syscall(
            _SYS_MOUNT_SETATTR,
            _AT_FDCWD,
            os.fsencode(top),
            _AT_RECURSIVE,
            ctypes.byref(attributes),
            ctypes.sizeof(attributes),
        ),
        top,
    )


def change_root(top: Path) -> None:
    """Make `top`, a mount, the root of this mount namespace and let go of the old root."""
    os.chdir(top)
    _check(_libc.syscall(_SYS_PIVOT_ROOT[os.uname().machine], b".", b"."), top)
    _check(_libc.umount2(b".", _MNT_DETACH), top)
    os.chdir("/")


def leave_network() -> None:
    """Move the calling thread into a new, empty network namespace; the other threads stay."""
    _check(_libc.unshare(_CLONE_NEWNET), Path("network namespace"))


def drop_capabilities() -> None:
    """Give up, for this thread and all it starts, every capability that could open the seal."""
    for number in range(_LAST_CAPABILITY + 1):
        if number not in KEPT_CAPABILITIES:
            _libc.prctl(_PR_CAPBSET_DROP, number, 0, 0, 0)
    kept = sum(1 << number for number in KEPT_CAPABILITIES)
    low, high = kept & 0xFFFFFFFF, kept >> 32
    data = (_CapData * 2)(_CapData(low, low, 0), _CapData(high, high, 0))
    header = _CapHeader(_CAP_VERSION_3, 0)
    _check(_libc.capset(ctypes.byref(header), ctypes.byref(data)), Path("capset"))


def _check(answer: int, path: Path) -> None:
    if answer != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), str(path))
