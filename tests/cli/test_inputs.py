"""What a command reads and writes besides its arguments."""

from __future__ import annotations

import errno
import os
import stat
from typing import TYPE_CHECKING

import pytest

from sealgate.cli import failures, inputs
from sealgate.cli.identity import Identity
from sealgate.model.errors import (
    Conflict,
    InvalidValue,
    NodeFailed,
    NodeUnreachable,
    NotFound,
    NotPermitted,
    Refused,
    SealgateError,
    StoreFailed,
)
from sealgate.model.findings import Place, error

if TYPE_CHECKING:
    from pathlib import Path

ME = Identity()


def test_a_written_file_has_its_name_only_when_it_is_complete(tmp_path: Path) -> None:
    with inputs.created(ME, str(tmp_path / "target")) as stream:
        stream.write(b"half")
        stream.flush()
        assert not (tmp_path / "target").exists()
        stream.write(b" and half")

    assert (tmp_path / "target").read_bytes() == b"half and half"


def test_a_file_that_could_not_be_finished_leaves_what_was_there(tmp_path: Path) -> None:
    (tmp_path / "target").write_text("old")

    def write_half() -> None:
        with inputs.created(ME, str(tmp_path / "target")) as stream:
            stream.write(b"new")
            raise ValueError("in the middle")

    with pytest.raises(ValueError, match="in the middle"):
        write_half()

    assert [path.name for path in tmp_path.iterdir()] == ["target"]
    assert (tmp_path / "target").read_text() == "old"


@pytest.mark.parametrize("mode", [0o600, 0o644])
def test_a_written_file_has_its_mode_within_the_umask(tmp_path: Path, mode: int) -> None:
    before = os.umask(0o027)
    try:
        with inputs.created(ME, str(tmp_path / "target"), mode) as stream:
            stream.write(b"x")
    finally:
        os.umask(before)

    assert stat.S_IMODE((tmp_path / "target").stat().st_mode) == mode & ~0o027


def test_a_pipe_is_written_to_as_it_is(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    with inputs.created(ME, str(pipe)) as stream:
        stream.write(b"through")

    assert (os.read(reader, 100), stat.S_ISFIFO(pipe.stat().st_mode)) == (b"through", True)
    os.close(reader)


def test_a_kept_text_is_for_the_caller_alone() -> None:
    file = inputs.kept("text", ".cf")
    found = (file.read_text(), stat.S_IMODE(file.stat().st_mode))
    file.unlink()

    assert found == ("text", 0o600)


@pytest.mark.parametrize(
    ("data", "secret"),
    [
        (b"word", "word"),
        (b"word\n", "word"),
        (b"word\r\n", "word"),
        (b"two\nlines\n", "two\nlines"),
        (b" word ", " word "),
    ],
)
def test_a_secret_is_what_the_file_says_without_its_line_end(tmp_path: Path, data: bytes, secret: str) -> None:
    (tmp_path / "secret").write_bytes(data)

    assert inputs.secret(ME, "Password", str(tmp_path / "secret")) == secret


@pytest.mark.parametrize("data", [b"\xff\xfe", b"x" * (inputs.LONGEST_SECRET + 1)], ids=["binary", "long"])
def test_what_cannot_be_a_secret_is_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "secret").write_bytes(data)

    with pytest.raises(InvalidValue):
        inputs.secret(ME, "Password", str(tmp_path / "secret"))


def test_a_text_that_is_no_utf_8_names_line_and_byte(tmp_path: Path) -> None:
    (tmp_path / "text").write_bytes(b"one\ntwo \x80\n")

    with pytest.raises(InvalidValue, match="line 2 has the byte 0x80"):
        inputs.text_of(ME, str(tmp_path / "text"))


@pytest.mark.parametrize(
    ("fault", "kind", "code"),
    [
        (InvalidValue.of("x"), "invalid-value", 2),
        (NotFound("x"), "not-found", 2),
        (Conflict("x"), "conflict", 1),
        (NotPermitted("x"), "not-permitted", 1),
        (Refused("x"), "refused", 1),
        (StoreFailed("x"), "store-failed", 3),
        (NodeFailed("x"), "node-failed", 3),
        (NodeUnreachable("x"), "node-unreachable", 3),
        (SealgateError("x"), "refused", 1),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_every_error_has_its_kind_and_its_exit_code(fault: SealgateError, kind: str, code: int) -> None:
    answer = failures.as_json(fault)["error"]

    assert (answer["kind"], answer["text"], failures.exit_code(fault)) == (kind, "x", code)


def test_a_refusal_as_json_has_its_findings() -> None:
    finding = error("code", Place("setting", "x"), "What.")

    assert failures.as_json(Refused("x", [finding]))["error"]["findings"] == [finding.to_json()]


@pytest.mark.parametrize(
    ("number", "kind", "words"),
    [
        (errno.ENOSPC, StoreFailed, "disk is full"),
        (errno.EDQUOT, StoreFailed, "disk is full"),
        (errno.EACCES, NotPermitted, "may not be opened"),
        (errno.EROFS, NotPermitted, "may not be opened"),
        (errno.ENOENT, NotFound, "cannot be used"),
        (errno.EISDIR, NotFound, "cannot be used"),
        (errno.EIO, StoreFailed, "refused"),
    ],
    ids=lambda value: errno.errorcode.get(value, "") if isinstance(value, int) else "",
)
def test_what_the_system_refuses_is_said_in_one_sentence(number: int, kind: type[SealgateError], words: str) -> None:
    said = failures.of_the_system(OSError(number, os.strerror(number), "/some/file"))

    assert type(said) is kind
    assert words in str(said)
    assert "/some/file" in str(said)
    assert "\n" not in str(said)


def test_a_full_disk_is_one_sentence_and_three() -> None:
    """/dev/full says that the disk is full whatever is written to it."""
    with pytest.raises(OSError, match="No space left") as fault, inputs.created(ME, "/dev/full") as stream:
        stream.write(b"x" * 100_000)

    assert failures.exit_code(failures.of_the_system(fault.value)) == 3
