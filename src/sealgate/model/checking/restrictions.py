"""Lists of access restrictions in own lines (postconf(5), smtpd_recipient_restrictions and its kin).

A misspelt restriction answers 451 to whoever reaches it and says nothing before; one after an unconditional permit or
reject is never reached; a list that decides about relaying and never refuses an unauthorised destination is a relay for
everybody.
"""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from sealgate.model.own_text import words
from sealgate.model.text import shown

if TYPE_CHECKING:
    from collections.abc import Iterator

WITH_ARGUMENT = frozenset(
    {
        "check_address_map", "check_ccert_access", "check_client_a_access", "check_client_access",
        "check_client_mx_access", "check_client_ns_access", "check_etrn_access", "check_helo_a_access",
        "check_helo_access",
        "check_helo_mx_access", "check_helo_ns_access", "check_policy_service", "check_recipient_a_access",
        "check_recipient_access", "check_recipient_mx_access", "check_recipient_ns_access",
        "check_reverse_client_hostname_a_access", "check_reverse_client_hostname_access",
        "check_reverse_client_hostname_mx_access", "check_reverse_client_hostname_ns_access", "check_sasl_access",
        "check_sender_a_access", "check_sender_access", "check_sender_mx_access", "check_sender_ns_access",
        "permit_dnswl_client", "permit_rhswl_client", "reject_maps_rbl", "reject_rbl", "reject_rbl_client",
        "reject_rhsbl_client", "reject_rhsbl_helo", "reject_rhsbl_recipient",
        "reject_rhsbl_reverse_client", "reject_rhsbl_sender", "sleep",
    }
)  # fmt: skip
PLAIN = frozenset(
    {
        "defer", "defer_if_permit", "defer_if_reject", "defer_unauth_destination", "permit", "permit_auth_destination",
        "permit_inet_interfaces", "permit_mx_backup", "permit_mynetworks", "permit_naked_ip_address",
        "permit_sasl_authenticated", "permit_tls_all_clientcerts", "permit_tls_clientcerts", "reject",
        "reject_authenticated_sender_login_mismatch", "reject_invalid_helo_hostname", "reject_invalid_hostname",
        "reject_known_sender_login_mismatch", "reject_multi_recipient_bounce", "reject_non_fqdn_helo_hostname",
        "reject_non_fqdn_hostname", "reject_non_fqdn_recipient", "reject_non_fqdn_sender", "reject_plaintext_session",
        "reject_sender_login_mismatch", "reject_unauth_destination", "reject_unauth_pipelining",
        "reject_unauthenticated_sender_login_mismatch", "reject_unknown_address", "reject_unknown_client",
        "reject_unknown_client_hostname", "reject_unknown_forward_client_hostname", "reject_unknown_helo_hostname",
        "reject_unknown_hostname", "reject_unknown_recipient_domain", "reject_unknown_reverse_client_hostname",
        "reject_unknown_sender_domain", "reject_unlisted_recipient", "reject_unlisted_sender",
        "reject_unverified_recipient", "reject_unverified_sender", "warn_if_reject",
    }
)  # fmt: skip
FINAL = frozenset({"permit", "reject", "defer"})
PROTECTS = frozenset({"reject_unauth_destination", "defer_unauth_destination", "reject", "defer", "defer_if_permit"})
RELAY_LIST = "smtpd_relay_restrictions"


def restriction_faults(name: str, value: str, classes: frozenset[str]) -> Iterator[tuple[str, str, str]]:
    """Give the faults of a list of restrictions as (code, what, remedy)."""
    known = PLAIN | WITH_ARGUMENT | classes
    takes_argument = False
    final = ""
    protected = False
    for word in words(value):
        if takes_argument:
            takes_argument = False
            continue
        if "$" in word:
            protected = True  # the list of another parameter, which is judged by itself
            continue
        if final:
            yield "own-line-unreachable", f"{name}: {shown(word)} after {final} is never reached.", f"Put {final} last."
            break
        takes_argument = word in WITH_ARGUMENT
        if word not in known and not _is_table(word):
            close = difflib.get_close_matches(word, known, 1)
            remedy = f"Did you mean {close[0]}?" if close else "See postconf(5) for the names."
            yield "own-line-restriction", f"{name}: {shown(word)} is no restriction.", remedy
        protected = protected or word in PROTECTS
        final = word if word in FINAL else ""
    if takes_argument:
        yield "own-line-restriction", f"{name}: the last restriction has no argument.", "Add the table or list it asks."
    if name == RELAY_LIST and not protected and value:
        yield (
            "own-line-opens-relay",
            f"{name} never refuses a destination that is not ours.",
            "Add reject_unauth_destination at its end.",
        )


def _is_table(word: str) -> bool:
    """Tell whether a word is a table without a restriction name, which stands for the default check of the list."""
    return ":" in word or word.startswith("{")
