"""The MPA listens and speaks on loopback or a Unix socket only."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealgate.mpa.endpoint import Endpoint


@pytest.mark.parametrize("text", ["127.0.0.1:10025", "127.7.7.7:1", "[::1]:65535", "unix:/run/mpa.sock"])
def test_an_endpoint_reads_back_as_it_was_written(text):
    assert str(Endpoint.parse(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "10025",
        "127.0.0.1",
        "127.0.0.1:0",
        "127.0.0.1:65536",
        "127.0.0.1:10025 ",
        "::1:10025",
        "localhost:10025",
        "unix:relative",
        "unix:/" + "x" * 120,
        "unix:/a\nb",
        "127.0.0.1.5:25",
    ],
)
def test_what_is_no_endpoint_is_refused(text):
    with pytest.raises(ValueError, match=r"endpoint|address|Octet|appear"):
        Endpoint.parse(text)


@pytest.mark.parametrize("text", ["0.0.0.0:10025", "192.0.2.1:10025", "[::]:10025", "[2001:db8::1]:10025"])
def test_an_address_that_others_can_reach_is_refused(text):
    with pytest.raises(ValueError, match="other machines"):
        Endpoint.parse(text)


@given(st.text(max_size=60))
def test_any_text_is_an_endpoint_or_a_value_error(text):
    try:
        endpoint = Endpoint.parse(text)
    except ValueError:
        return

    assert Endpoint.parse(str(endpoint)) == endpoint
