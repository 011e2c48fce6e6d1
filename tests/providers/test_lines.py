"""Lists as text."""

from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealgate.model.errors import NotFetched
from sealgate.model.providers import MOST_NETWORKS
from sealgate.providers.lines import networks_of_lines
from sealgate.providers.source import Clock

NETWORKS = st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)).map(str)


def read(body: bytes) -> list[str]:
    return [str(network) for network in networks_of_lines(body, "The list", Clock(60))]


def test_comments_blank_lines_and_marks_are_no_networks() -> None:
    body = b"\xef\xbb\xbf# Ours\r\n\r\n192.0.2.0/24\r\n \t 198.51.100.7 \t# the office\r\n#192.0.2.9\r\n2001:db8::/32"

    assert read(body) == ["192.0.2.0/24", "198.51.100.7/32", "2001:db8::/32"]


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_every_line_end_ends_a_line(end: bytes) -> None:
    assert read(end.join([b"192.0.2.1", b"192.0.2.2", b""])) == ["192.0.2.1/32", "192.0.2.2/32"]


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("mail.example.com", "no network of a list"),
        ("192.0.2.1/24", "no host bits"),
        ("192.0.2.1, 192.0.2.2", "no network of a list"),
        ("192.0.2.1#x", "no network of a list"),
        ("0.0.0.0/0", "wider than any provider's"),
        ("127.0.0.1", "no client on the Internet has"),
        ("!192.0.2.1", "only adds networks"),
        ("192.0.2.1\0", "no network of a list"),
        ("<b>" + "x" * 5000, "no network of a list"),
    ],
)
def test_a_line_that_is_no_network_refuses_the_list_with_its_number(line: str, why: str) -> None:
    with pytest.raises(NotFetched, match=r"The list, line 3: .*Nothing of the list was taken") as fault:
        read(f"# first\n192.0.2.1\n{line}\n192.0.2.2\n".encode())
    assert why in str(fault.value)
    assert line not in str(fault.value)


@pytest.mark.parametrize(
    "line", ["db_password=hunter2", "hunter2/24", "!hunter2", "10.0.0.1/hunter2", "fe80::1%hunter2"]
)
def test_nothing_of_a_line_is_quoted(line: str) -> None:
    with pytest.raises(NotFetched) as fault:
        read(line.encode())
    assert "hunter2" not in str(fault.value)


def test_what_is_not_utf_8_is_refused_with_its_line() -> None:
    with pytest.raises(NotFetched, match="line 2: this is not UTF-8"):
        read(b"192.0.2.1\n\xff\xfe")


def test_a_list_is_not_read_for_ever() -> None:
    with pytest.raises(NotFetched, match="more than 20,000 networks"):
        read(b"192.0.2.1\n" * (MOST_NETWORKS + 1))


def test_a_list_that_is_too_long_is_not_split_to_its_end() -> None:
    body = b"192.0.2.1\n" * 300_000
    tracemalloc.start()
    try:
        with pytest.raises(NotFetched):
            read(body)
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()


def test_lines_end_with_the_time_of_the_fetch() -> None:
    with pytest.raises(NotFetched, match="no whole answer in 0 seconds"):
        networks_of_lines(b"\n" * 2000, "The list", Clock(0))


@given(st.lists(NETWORKS, max_size=10), st.sampled_from(["\n", "\r\n", "\n# remark\n\n", " # x\n"]))
def test_all_networks_are_read_or_the_first_fault_is_named(networks: list[str], between: str) -> None:
    fault = ""
    try:
        found = read(between.join(networks).encode())
    except NotFetched as caught:
        fault = str(caught)
    assert "The list, line" in fault if fault else [one.split("/")[0] for one in found] == networks


@given(st.binary(max_size=60))
def test_any_bytes_are_a_list_or_refused(body: bytes) -> None:
    fault = ""
    try:
        networks_of_lines(body, "The list", Clock(60))
    except NotFetched as caught:
        fault = str(caught)
    assert fault.isprintable()
