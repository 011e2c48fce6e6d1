"""A release that differs in nothing but its name is the same to Postfix; anything else is not."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from tests.node.world import Gateway, MemoryBundle, applied, bundle

from sealgate.node.sameness import same_to_postfix

if TYPE_CHECKING:
    from pathlib import Path

OLD, NEW = "0123456789abcdef", "fedcba9876543210"


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, Path]:
    """Two releases with the same content; the table is one file."""
    old, new = tmp_path / OLD, tmp_path / NEW
    for top in (old, new):
        (top / "maps").mkdir(parents=True)
        (top / "main.cf").write_text(f"relay_domains = lmdb:/x/{top.name}/maps/t\n")
    (old / "maps/t.lmdb").write_bytes(b"\0table")
    os.link(old / "maps/t.lmdb", new / "maps/t.lmdb")
    return old, new


def test_releases_that_differ_in_their_names_only_are_the_same(pair: tuple[Path, Path]) -> None:
    assert same_to_postfix(*pair)


def test_a_changed_text_is_a_difference(pair: tuple[Path, Path]) -> None:
    (pair[1] / "main.cf").write_text(f"relay_domains = lmdb:/y/{NEW}/maps/t\n")

    assert not same_to_postfix(*pair)


def test_a_table_that_was_built_anew_counts_as_a_difference(pair: tuple[Path, Path]) -> None:
    (pair[1] / "maps/t.lmdb").unlink()
    (pair[1] / "maps/t.lmdb").write_bytes(b"\1table")

    assert not same_to_postfix(*pair)


@pytest.mark.parametrize("which", [0, 1])
def test_one_more_file_is_a_difference(pair: tuple[Path, Path], which: int) -> None:
    (pair[which] / "more").write_text("")

    assert not same_to_postfix(*pair)


def test_another_mode_is_a_difference(pair: tuple[Path, Path]) -> None:
    (pair[1] / "main.cf").chmod(0o600)

    assert not same_to_postfix(*pair)


def test_what_cannot_be_read_counts_as_a_difference(pair: tuple[Path, Path]) -> None:
    assert not same_to_postfix(pair[0], pair[1] / "gone")


def with_tests(*names: str) -> MemoryBundle:
    tests = [
        {"name": name, "client": "203.0.113.5", "recipients": ["a@b.example"], "expect": "reject"} for name in names
    ]
    settings = {"my-hostname": "gw.example.com", "internal-relay-host": "192.0.2.25"}
    return bundle(settings, {"relay-domain": ["example.com"], "policy-test": tests})


def reloads(gateway: Gateway) -> int:
    return gateway.paths.mail_log.read_text("utf-8").count("reload -- version")


def test_a_change_of_policy_tests_alone_goes_live_without_a_reload() -> None:
    with Gateway() as gateway, gateway.agent() as node:
        applied(node, with_tests("one"), 1)
        before = (reloads(gateway), node.status().postfix_pid)
        applied(node, with_tests("one", "two"), 2)

        assert (reloads(gateway), node.status().postfix_pid) == before
        assert (node.status().revision, node.drift().unresolved) == (2, ())


def test_any_other_change_is_reloaded() -> None:
    with Gateway() as gateway, gateway.agent() as node:
        made = with_tests("one")
        applied(node, made, 1)
        before = reloads(gateway)
        made.add("relay-domain", "example.net")
        applied(node, made, 2)

        assert reloads(gateway) == before + 1
