"""Email forwarding: whether mail for the machine's own accounts reaches a person."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealgate.model.checking.routes import host_name
from sealgate.model.findings import Finding, Place, error, warning

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealgate.model.context import CheckContext
    from sealgate.model.desired import DesiredState
    from sealgate.model.names import MailAddress

IMPORTANT = ("root", "postmaster")


def check_forwarding(desired: DesiredState, context: CheckContext) -> Iterator[Finding]:
    """Give the findings about forwardings: circles, ends in nothing, and system mail that nobody gets."""
    targets: dict[str, tuple[MailAddress, ...]] = {
        row.value.account: row.value.addresses for row in desired.rows.rows("forwarding") if row.enabled
    }
    name = host_name(desired, context)
    own = {str(name), "localhost"} if name else set()
    default = desired.settings.default_forwarding
    for account, addresses in targets.items():
        if _circle(account, targets, own):
            yield error(
                "forwarding-circle",
                Place("forwarding", account),
                f"Mail for {account} is forwarded to {account} again.",
                "It would never be delivered.",
                "Forward it to an address outside of this machine.",
            )
            continue
        for address in addresses:
            if str(address.domain) in own and address.local.lower() not in targets and not default:
                yield warning(
                    "forwarding-into-nothing",
                    Place("forwarding", account),
                    f"{address} is an account of this machine without a forwarding of its own.",
                    "Mail for it is refused.",
                    "Forward to an address outside of this machine.",
                )
    for address in default:
        if str(address.domain) in own and address.local.lower() not in targets:
            yield error(
                "forwarding-circle",
                Place("setting", "default-forwarding"),
                f"{address} is an account of this machine, which is forwarded to {address} again.",
                "It would never be delivered.",
                "Forward to an address outside of this machine.",
            )
    missing = [account for account in IMPORTANT if account not in targets]
    if missing and not default:
        yield warning(
            "system-mail-lost",
            Place("forwarding"),
            f"Mail for {' and '.join(missing)} of this machine goes nowhere.",
            "Notices of the system and of other postmasters are refused.",
            "Add a forwarding for root, or one for all accounts.",
        )


def _circle(account: str, targets: dict[str, tuple[MailAddress, ...]], own: set[str]) -> bool:
    """Tell whether an account is reached again from itself, following accounts of this machine."""
    seen: set[str] = set()
    waiting = [account]
    while waiting:
        for address in targets.get(waiting.pop(), ()):
            local = address.local.lower()
            if str(address.domain) not in own:
                continue
            if local == account:
                return True
            if local not in seen:
                seen.add(local)
                waiting.append(local)
    return False
