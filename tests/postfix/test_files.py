"""Writing files: what is promised when all goes well, when a step fails, and when the writer is killed."""

from __future__ import annotations

import errno
import os
import stat
import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.faults import FailingAfter, KilledAfter, Recording

from sealgate.postfix.files import Files, free_space, require_space

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def write_file(files: Files, top: Path) -> None:
    files.write(top / "file", b"new content", mode=0o640, owner=(0, 0), age=10)


def copy_file(files: Files, top: Path) -> None:
    files.copy(top / "other", top / "file", mode=0o600)


def switch_link(files: Files, top: Path) -> None:
    files.switch(top / "link", "other")


WORKS = [write_file, copy_file, switch_link]


@pytest.fixture
def top(tmp_path: Path) -> Path:
    place = tmp_path / "top"
    place.mkdir()
    (place / "file").write_bytes(b"old content")
    (place / "other").write_bytes(b"other content")
    (place / "link").symlink_to("file")
    return place


def state(top: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in top.iterdir()}


def steps_of(work: Callable[[Files, Path], None], top: Path) -> int:
    recording = Recording()
    work(Files(recording), top)
    return len(recording.steps)


def restored(top: Path) -> None:
    (top / "file").write_bytes(b"old content")
    Files().switch(top / "link", "file")


# -- when all goes well


def test_a_written_file_has_its_content_mode_owner_and_age(top: Path) -> None:
    write_file(Files(), top)

    found = (top / "file").stat()
    assert (top / "file").read_bytes() == b"new content"
    assert stat.S_IMODE(found.st_mode) == 0o640
    assert (found.st_uid, found.st_gid) == (0, 0)
    assert time.time() - found.st_mtime > 9


def test_content_may_come_in_pieces(top: Path) -> None:
    Files().write(top / "file", (f"{n}\n".encode() for n in range(3)))

    assert (top / "file").read_text() == "0\n1\n2\n"


def test_a_file_is_never_readable_by_others_before_it_has_its_mode(top: Path) -> None:
    modes = []

    def watch(step: str, path: Path) -> None:
        if step == "write":
            modes.append(stat.S_IMODE(path.stat().st_mode))

    Files(watch).write(top / "secret", b"password", mode=0o600)

    assert modes == [0o600]


def test_writing_replaces_a_symbolic_link_and_leaves_its_target_alone(top: Path) -> None:
    Files().write(top / "link", b"new")

    assert not (top / "link").is_symlink()
    assert (top / "file").read_bytes() == b"old content"


def test_a_copy_is_a_file_of_its_own(top: Path) -> None:
    copy_file(Files(), top)
    (top / "file").write_bytes(b"changed")

    assert (top / "other").read_bytes() == b"other content"


def test_a_switched_link_leads_to_its_new_target(top: Path) -> None:
    switch_link(Files(), top)

    assert (top / "link").readlink().name == "other"


def test_a_linked_tree_shares_its_files_and_leaves_out_what_it_is_told(top: Path, tmp_path: Path) -> None:
    (top / "below").mkdir()
    (top / "below/deep").write_bytes(b"deep")

    Files().link_tree(top, tmp_path / "twin", leave_out=["other"])

    twin = tmp_path / "twin"
    assert (twin / "below/deep").stat().st_ino == (top / "below/deep").stat().st_ino
    assert (twin / "link").readlink().name == "file"
    assert not (twin / "other").exists()


def test_directories_get_their_mode_and_parents_are_made(tmp_path: Path) -> None:
    Files().make_directory(tmp_path / "a/b/c", mode=0o2710, owner=(0, 0))

    assert stat.S_IMODE((tmp_path / "a/b/c").stat().st_mode) == 0o2710


def test_making_a_directory_again_repairs_its_mode(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir(mode=0o777)

    Files().make_directory(tmp_path / "a", mode=0o700)

    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o700


def test_a_removed_tree_is_gone_and_what_its_links_lead_to_is_not(top: Path, tmp_path: Path) -> None:
    (tmp_path / "tree/below").mkdir(parents=True)
    (tmp_path / "tree/below/link").symlink_to(top)

    Files().remove_tree(tmp_path / "tree")

    assert not (tmp_path / "tree").exists()
    assert (top / "file").exists()


@pytest.mark.parametrize("name", ["nothing", "file", "link"])
def test_removing_a_tree_that_is_none_removes_what_is_there(top: Path, name: str) -> None:
    Files().remove_tree(top / name)

    assert not os.path.lexists(top / name)


def test_removing_what_is_not_there_is_no_fault(top: Path) -> None:
    Files().remove(top / "nothing")


def test_a_file_made_by_a_program_is_given_mode_and_owner(top: Path) -> None:
    Files().adopt(top / "file", mode=0o600, owner=(0, 0))

    assert stat.S_IMODE((top / "file").stat().st_mode) == 0o600


def test_files_that_may_be_lost_are_not_synced(top: Path) -> None:
    recording = Recording()

    write_file(Files(recording, durable=False), top)

    assert not [step for step, _ in recording.steps if step.startswith("sync")]


def test_a_file_is_synced_before_it_gets_its_name_and_its_directory_after(top: Path) -> None:
    recording = Recording()

    write_file(Files(recording), top)

    steps = [step for step, _ in recording.steps]
    assert steps.index("sync") < steps.index("rename") < steps.index("sync-directory")


def test_a_whole_tree_can_be_made_durable_files_first(top: Path) -> None:
    recording = Recording()

    Files(recording, durable=False).sync_tree(top)

    steps = [step for step, _ in recording.steps]
    assert steps == ["sync", "sync", "sync-directory", "sync-directory"]


# -- when a step fails


@pytest.mark.parametrize("work", WORKS)
def test_whatever_step_fails_the_old_state_or_the_new_one_stands(
    work: Callable[[Files, Path], None], top: Path
) -> None:
    old = state(top)
    steps = steps_of(work, top)
    new = state(top)
    for done in range(steps):
        restored(top)

        with pytest.raises(OSError, match=os.strerror(errno.ENOSPC)):
            work(Files(FailingAfter(steps_done=done)), top)

        assert state(top) in (old, new), done


@pytest.mark.parametrize("work", WORKS)
def test_whatever_step_kills_the_writer_the_old_state_or_the_new_one_stands(
    work: Callable[[Files, Path], None], top: Path
) -> None:
    old = state(top)
    steps = steps_of(work, top)
    new = state(top)
    for done in range(steps):
        restored(top)
        child = os.fork()
        if child == 0:
            work(Files(KilledAfter(steps_done=done)), top)
            os._exit(1)
        assert os.WTERMSIG(os.waitpid(child, 0)[1]) == 9

        left = Files().sweep(top)

        assert state(top) in (old, new), done
        assert all(path.name.endswith(".sealgate-new") for path in left)


def test_writing_again_clears_away_what_a_killed_writer_left(top: Path) -> None:
    (top / ".file.sealgate-new").write_bytes(b"half")

    write_file(Files(), top)

    assert sorted(path.name for path in top.iterdir()) == ["file", "link", "other"]


def test_a_generator_that_fails_leaves_the_old_file(top: Path) -> None:
    def broken() -> object:
        yield b"some"
        raise RuntimeError("no more")

    with pytest.raises(RuntimeError):
        Files().write(top / "file", broken())  # type: ignore[arg-type]

    assert state(top)["file"] == b"old content"
    assert len(state(top)) == 3


# -- space and content


def test_missing_space_is_said_before_anything_is_written(top: Path) -> None:
    require_space(top, 1)

    with pytest.raises(OSError, match=os.strerror(errno.ENOSPC)):
        require_space(top, free_space(top) + (1 << 40))


@given(content=st.binary(max_size=300_000))
def test_any_content_is_written_as_it_is(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any-content"

    Files(durable=False).write(path, content)

    assert path.read_bytes() == content
