"""All settings of a gateway as one frozen value, each with the default that is in force until it is set.

The values are valid by their types; how they are read and shown is in the register (mta.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sealgate.model.names import Address, HostName, MailAddress, NextHop
    from sealgate.model.secrets import Sealed
    from sealgate.model.setting import Listener

MEBIBYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings; the attribute `my_hostname` is the setting `my-hostname`.

    Sizes are bytes, times are seconds. None means "not set": the machine's FQDN for `my_hostname`, `my_hostname` for
    `smtp_helo_name`, MX of the recipient for the relay hosts, three times the before filter limit for
    `after_filter_size_limit`, all addresses on the gateway's SMTP port for an empty `listen_on`.
    """

    match_subdomains: bool = False
    my_hostname: HostName | None = None
    smtp_helo_name: HostName | None = None
    reject_unverified_recipient: bool = False
    unverified_recipient_reject_code: int = 450
    verify_positive_expire: int = 31 * 86400
    verify_positive_refresh: int = 7 * 86400
    verify_negative_expire: int = 3 * 86400
    verify_negative_refresh: int = 3 * 3600
    external_relay_host: NextHop | None = None
    internal_relay_host: NextHop | None = None
    before_filter_size_limit: int = 10 * MEBIBYTE
    after_filter_size_limit: int | None = None
    listen_on: tuple[Listener, ...] = ()
    public_addresses: tuple[Address, ...] = ()
    delay_warning: int = 0
    queue_lifetime: int = 5 * 86400
    bounce_queue_lifetime: int = 5 * 86400
    bare_newline: str = "normalize"
    default_forwarding: tuple[MailAddress, ...] = ()
    tls_incoming: str = "may"
    tls_outgoing: str = "may"
    tls_certificate: str = ""
    tls_key: Sealed | None = None

    @property
    def effective_after_filter_size_limit(self) -> int:
        """The largest message accepted back from the MPA, in bytes."""
        return self.after_filter_size_limit or 3 * self.before_filter_size_limit
