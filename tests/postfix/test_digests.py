"""Digests: they change with anything that was written, and with nothing else."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest

from sealgate.postfix.digests import digest, tree_digest, walk
from sealgate.postfix.files import Files

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def top(tmp_path: Path) -> Path:
    place = tmp_path / "top"
    place.mkdir()
    (place / "file").write_bytes(b"old content")
    (place / "link").symlink_to("file")
    return place


def test_a_tree_is_walked_in_order_and_links_are_not_followed(top: Path) -> None:
    (top / "a").mkdir()
    (top / "a/inside").touch()
    (top / "back").symlink_to(top)

    assert [str(path.relative_to(top)) for path in walk(top)] == ["a", "a/inside", "back", "file", "link"]


def test_the_digest_of_a_file_is_sha256_of_its_content(top: Path) -> None:
    assert digest(top / "file") == hashlib.sha256(b"old content").hexdigest()


@pytest.mark.parametrize(
    "change",
    [
        lambda top: (top / "file").write_bytes(b"other"),
        lambda top: (top / "file").chmod(0o600),
        lambda top: (top / "file").rename(top / "renamed"),
        lambda top: Files().switch(top / "link", "other"),
        lambda top: (top / "more").mkdir(),
    ],
    ids=["content", "mode", "name", "link", "directory"],
)
def test_the_digest_of_a_tree_changes_with_anything_in_it(top: Path, change: Callable[[Path], object]) -> None:
    before = tree_digest(top)

    change(top)

    assert tree_digest(top) != before


def test_the_digest_of_a_tree_does_not_depend_on_place_or_time(top: Path, tmp_path: Path) -> None:
    Files().link_tree(top, tmp_path / "twin")
    Files().back_date(tmp_path / "twin/file", 1000)

    assert tree_digest(tmp_path / "twin") == tree_digest(top)
