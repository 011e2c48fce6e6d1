"""The gateway itself: its names, its addresses, its directories, its log.

Mail for these names is for accounts of the machine (see `forwarding`); a relay domain must not be among them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealgate.model.findings import Place
from sealgate.render.part import Parameter, Part

if TYPE_CHECKING:
    from sealgate.model.desired import DesiredState
    from sealgate.model.names import HostName
    from sealgate.render.facts import NodeFacts

_NODE = Place("node")
_HOSTNAME = Place("setting", "my-hostname")


def my_hostname(desired: DesiredState, node: NodeFacts) -> HostName:
    """Return the name of the gateway that is in force."""
    return desired.settings.my_hostname or node.machine_fqdn


def my_domain(host: HostName) -> str:
    """Return the domain that a host is in; a name of two labels is a domain itself, its parent is not ours."""
    parent = host.ascii.partition(".")[2]
    return parent if "." in parent else host.ascii


def identity(desired: DesiredState, node: NodeFacts) -> Part:
    """Return directories, names and addresses."""
    host = my_hostname(desired, node)
    helo = desired.settings.smtp_helo_name
    parameters = (
        Parameter("compatibility_level", "3.6", _NODE),
        Parameter("queue_directory", node.spool_dir, _NODE),
        Parameter("data_directory", node.data_dir, _NODE),
        Parameter("maillog_file", node.log_file, _NODE),
        Parameter("maillog_file_prefixes", node.log_file.rpartition("/")[0], _NODE),
        Parameter("syslog_name", node.syslog_name, _NODE),
        Parameter("service_throttle_time", "2s", _NODE, "After a fault a service may stay dead for a minute."),
        Parameter("default_database_type", "lmdb", _NODE),
        Parameter("biff", "no", _NODE),
        Parameter("myhostname", str(host), _HOSTNAME, "“My hostname” is not in force."),
        Parameter("mydomain", my_domain(host), _HOSTNAME),
        Parameter("myorigin", "$myhostname", _HOSTNAME),
        Parameter("mydestination", ("$myhostname", "localhost.$mydomain", "localhost"), _HOSTNAME),
        Parameter("recipient_delimiter", "", _HOSTNAME),
        Parameter("append_dot_mydomain", "no", _HOSTNAME),
        Parameter("smtp_helo_name", str(helo) if helo else "$myhostname", Place("setting", "smtp-helo-name")),
        Parameter("inet_interfaces", "all", Place("setting", "listen-on")),
        Parameter("inet_protocols", "all", Place("setting", "listen-on")),
        Parameter(
            "proxy_interfaces",
            tuple(map(str, desired.settings.public_addresses)),
            Place("setting", "public-addresses"),
        ),
    )
    return Part("The gateway itself", parameters)
