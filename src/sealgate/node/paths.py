"""Where the agent keeps what, for one gateway directory, and the few settings of the machine that it works with.

The live configuration is a symbolic link to one release; everything of the agent's own is below `node/`, which only
root may enter.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sealgate.postfix.master import InstancePaths

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class NodePaths:
    """The paths of one gateway directory, as the agent uses them."""

    directory: Path

    @property
    def node(self) -> Path:
        """The agent's own directory, root only."""
        return self.directory / "node"

    @property
    def key(self) -> Path:
        """The node group's private key."""
        return self.node / "group.key"

    @property
    def public_key(self) -> Path:
        """The node group's public key, where the control half finds it."""
        return self.directory / "control" / "group.pub"

    @property
    def journal(self) -> Path:
        """What is in force, and what is under way."""
        return self.node / "journal.json"

    @property
    def records(self) -> Path:
        """One description for each release."""
        return self.node / "releases"

    @property
    def reports(self) -> Path:
        """One report for each judged release and grade."""
        return self.node / "reports"

    @property
    def objects(self) -> Path:
        """Second copies of releases' files, and chunks of look-up tables, by digest."""
        return self.node / "objects"

    @property
    def secrets(self) -> Path:
        """Sealed secrets, by name."""
        return self.node / "secrets"

    @property
    def rows(self) -> Path:
        """Rows of the desired states that are kept, one directory for each noun."""
        return self.node / "rows"

    @property
    def aside(self) -> Path:
        """Hand edits that were overwritten or left behind, kept in case somebody misses them."""
        return self.node / "aside"

    @property
    def reserve(self) -> Path:
        """Disk space kept back for an undo."""
        return self.node / "reserve"

    @property
    def permits(self) -> Path:
        """What root allows for own lines."""
        return self.node / "permits.toml"

    @property
    def neutral(self) -> Path:
        """A configuration with nothing of any candidate in it, for building tables."""
        return self.node / "neutral"

    @property
    def postfix(self) -> Path:
        """The private Postfix instance."""
        return self.directory / "postfix"

    @property
    def conf(self) -> Path:
        """The symbolic link to the release in force: renaming it is the commit point of an apply."""
        return self.postfix / "conf"

    @property
    def releases(self) -> Path:
        """One directory for each release."""
        return self.postfix / "releases"

    @property
    def spool(self) -> Path:
        """Postfix's queue directory."""
        return self.postfix / "spool"

    @property
    def data(self) -> Path:
        """Postfix's data directory."""
        return self.postfix / "data"

    @property
    def mail_log(self) -> Path:
        """Postfix's log."""
        return self.directory / "log" / "mail.log"

    @property
    def events(self) -> Path:
        """The MPA's event log."""
        return self.directory / "log" / "events.log"

    @property
    def socket(self) -> Path:
        """Where the agent answers."""
        return self.directory / "run" / "agent.sock"

    @property
    def instance(self) -> InstancePaths:
        """The same for the Postfix adapter."""
        return InstancePaths(self.conf, self.spool, self.data, self.mail_log)

    def release(self, release: str) -> Path:
        """Return the directory of a release."""
        return self.releases / release
