"""The register of all kinds of rows, in the order in which the pages show them.

Store, link, services and terminal know rows by this register only: a kind that is not here does not exist.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sealgate.model.access import NETWORK
from sealgate.model.checks import BODY_CHECK, HEADER_CHECK, MIME_HEADER_CHECK, NESTED_HEADER_CHECK
from sealgate.model.forwarding import FORWARDING
from sealgate.model.policy_tests import POLICY_TEST
from sealgate.model.providers import PROVIDER
from sealgate.model.rbl import RBL
from sealgate.model.relay_domains import RELAY_DOMAIN
from sealgate.model.sasl import SASL
from sealgate.model.static_lists import BLACK, WHITE
from sealgate.model.tables import LOOKUP_TABLE
from sealgate.model.tls import TLS_POLICY
from sealgate.model.transports import TRANSPORT

if TYPE_CHECKING:
    from sealgate.model.objects import Noun

NOUNS: dict[str, Noun[Any]] = {
    noun.name: noun
    for noun in (
        RELAY_DOMAIN,
        NETWORK,
        SASL,
        PROVIDER,
        FORWARDING,
        HEADER_CHECK,
        MIME_HEADER_CHECK,
        NESTED_HEADER_CHECK,
        BODY_CHECK,
        RBL,
        BLACK,
        WHITE,
        LOOKUP_TABLE,
        TRANSPORT,
        TLS_POLICY,
        POLICY_TEST,
    )
}
