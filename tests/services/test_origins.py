"""Where a request comes from, as it is kept."""

from __future__ import annotations

import pytest

from sealgate.services.origins import Origin


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8::7", "2001:db8::7"),
        ("fe80::1%eth0", "fe80::1%eth0"),
        ("", ""),
        ("no\x1b address", "no address"),
    ],
)
def test_an_address_is_kept_as_people_know_it(given: str, kept: str) -> None:
    assert Origin("api", given).address == kept
