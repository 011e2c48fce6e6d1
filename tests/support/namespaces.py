"""Two network namespaces: the gateway's, and an artificial internet that answers for every address.

What the gateway connects to, any address and any port, ends at a server that the test opened in the internet namespace;
a socket there bound to any address reaches the gateway as a client from that address. Nothing leaves: there is no way
out of either namespace. Both end with the processes that hold them.

Sockets of a namespace are made by a thread that has entered it (setns(2) is per thread for networks); they stay there.
"""

from __future__ import annotations

import ctypes
import socket
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

T = TypeVar("T")
_CLONE_NEWNET = 0x40000000
GATEWAY_V4, GATEWAY_V6 = "192.0.2.1", "2001:db8:ffff::1"
RESOLVER = "192.0.2.53"

_GATEWAY_SETUP = f"""
ip link set lo up
ip link add gw0 type veth peer name inet0 netns $1
ip addr add {GATEWAY_V4}/32 dev gw0
ip link set gw0 up
ip -6 addr add {GATEWAY_V6}/128 dev gw0 nodad
ip -6 addr add fe80::1/64 dev gw0 nodad
ip route add default dev gw0
ip -6 route add default via fe80::2 dev gw0
echo 0 > /proc/sys/net/ipv4/conf/all/rp_filter
echo 0 > /proc/sys/net/ipv4/conf/gw0/rp_filter
"""
_INTERNET_SETUP = f"""
ip link set lo up
ip link set inet0 up
ip route add {GATEWAY_V4} dev inet0 table local
ip route add local 0.0.0.0/0 dev lo
ip -6 addr add fe80::2/64 dev inet0 nodad
ip -6 route add local ::/0 dev lo
ip -6 route add {GATEWAY_V6} via fe80::1 dev inet0 table local
echo 1 > /proc/sys/net/ipv6/ip_nonlocal_bind
echo 1 > /proc/sys/net/ipv4/conf/inet0/proxy_arp
for i in all inet0 lo; do echo 0 > /proc/sys/net/ipv4/conf/$i/rp_filter; done
"""


@dataclass
class Namespace:
    """A network (and mount) namespace, held by a sleeping process."""

    holder: subprocess.Popen[bytes]

    @property
    def pid(self) -> int:
        """The process that holds the namespace."""
        return self.holder.pid

    def command(self, *arguments: str) -> list[str]:
        """Return the argument list that runs a program inside."""
        return ["nsenter", "-t", str(self.pid), "-n", "-m", "--", *arguments]

    def shell(self, script: str, *arguments: str) -> None:
        """Run a shell script inside; a failing line is an error."""
        subprocess.run(self.command("sh", "-ec", script, "sh", *arguments), check=True, capture_output=True)

    def inside(self, make: Callable[[], T]) -> T:
        """Call `make` in a thread that has entered the network; for making sockets."""

        def enter_and_make() -> T:
            with Path(f"/proc/{self.pid}/ns/net").open("rb") as handle:
                if ctypes.CDLL(None, use_errno=True).setns(handle.fileno(), _CLONE_NEWNET) != 0:
                    raise OSError(ctypes.get_errno(), "setns")
            return make()

        with ThreadPoolExecutor(1) as thread:
            return thread.submit(enter_and_make).result()

    def close(self) -> None:
        """End the holder; the namespace goes with its last process."""
        self.holder.kill()
        self.holder.wait()


def _new_namespace(setup: str) -> Namespace:
    mine = Path("/proc/self/ns/net").readlink()
    script = f"mount --make-rprivate /; {setup} exec sleep infinity"
    holder = subprocess.Popen(
        ["setpriv", "--pdeathsig", "KILL", "unshare", "-n", "-m", "sh", "-ec", script], stdin=subprocess.DEVNULL
    )
    wait_until(lambda: Path(f"/proc/{holder.pid}/ns/net").readlink() != mine, "the namespace is there")
    wait_until(lambda: Path(f"/proc/{holder.pid}/comm").read_text() == "sleep\n", "the namespace is set up")
    return Namespace(holder)


class World:
    """The gateway's namespace and the internet around it."""

    def __init__(self, directory: Path) -> None:
        """Make both; the gateway's resolver is whatever listens on `RESOLVER` port 53 in the internet."""
        resolv_conf = directory / "resolv.conf"
        resolv_conf.write_text(f"nameserver {RESOLVER}\noptions timeout:1 attempts:1\n")
        self.internet = _new_namespace("")
        try:
            self.gateway = _new_namespace(f"mount --bind {resolv_conf} /etc/resolv.conf; ")
        except BaseException:
            self.internet.close()
            raise
        self.gateway.shell(_GATEWAY_SETUP, str(self.internet.pid))
        self.internet.shell(_INTERNET_SETUP)

    def add_gateway_address(self, address: str) -> None:
        """Give the gateway one more IPv4 address."""
        self.gateway.shell(f"ip addr add {address}/32 dev gw0")
        self.internet.shell(f"ip route add {address} dev inet0 table local")

    def listen(self, port: int, address: str = "") -> Sequence[socket.socket]:
        """Open servers in the internet on `port`: on one address, or on every address of both families."""

        def make() -> list[socket.socket]:
            if address:
                family = socket.AF_INET6 if ":" in address else socket.AF_INET
                return [_listener(family, address, port)]
            return [_listener(socket.AF_INET, "0.0.0.0", port), _listener(socket.AF_INET6, "::", port)]

        return self.internet.inside(make)

    def connect(self, client: str, port: int, server: str = "", timeout: float = 30.0) -> socket.socket:
        """Connect to the gateway from any address."""
        six = ":" in client
        server = server or (GATEWAY_V6 if six else GATEWAY_V4)

        def make() -> socket.socket:
            found = socket.socket(socket.AF_INET6 if six else socket.AF_INET)
            found.setsockopt(socket.SOL_IP, 15, 1)  # IP_FREEBIND
            found.settimeout(timeout)
            try:
                found.bind((client, 0))
                found.connect((server, port))
            except BaseException:
                found.close()
                raise
            return found

        return self.internet.inside(make)

    def close(self) -> None:
        """End both namespaces."""
        self.gateway.close()
        self.internet.close()


def _listener(family: socket.AddressFamily, address: str, port: int) -> socket.socket:
    found = socket.socket(family)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if family == socket.AF_INET6:
        found.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    found.bind((address, port))
    found.listen(64)
    return found
