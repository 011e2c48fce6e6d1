"""Records of releases: what a look at a file believes, and what it reads again."""

from __future__ import annotations

import hashlib
import os
from dataclasses import replace

import pytest

from sealgate.node.releases import Releases, record_file
from sealgate.postfix.files import Files


class TestRecords:
    """Whether a file is as it was made."""

    @pytest.fixture
    def is_as_recorded(self, tmp_path):
        return Releases(tmp_path / "records", tmp_path, Files()).is_as_recorded

    @pytest.fixture
    def made(self, tmp_path):
        (tmp_path / "main.cf").write_text("a = b\n")
        (tmp_path / "main.cf").chmod(0o644)
        digest = hashlib.sha256(b"a = b\n").hexdigest()
        return tmp_path / "main.cf", record_file(tmp_path, "main.cf", digest, text=True)

    def test_untouched_is_as_recorded_without_reading_it(self, is_as_recorded, made):
        path, record = made

        assert is_as_recorded(path, record)

    def test_written_anew_with_the_same_content_is_as_recorded(self, is_as_recorded, made):
        path, record = made
        path.unlink()
        path.write_text("a = b\n")
        path.chmod(0o644)

        assert is_as_recorded(path, record)

    def test_another_size_is_not(self, is_as_recorded, made):
        path, record = made
        path.write_text("a = bc\n")

        assert not is_as_recorded(path, record)

    def test_the_same_size_with_other_content_is_not(self, is_as_recorded, made):
        path, record = made
        path.write_text("a = c\n")

        assert not is_as_recorded(path, record)

    def test_other_permissions_are_not(self, is_as_recorded, made):
        path, record = made
        path.chmod(0o600)

        assert not is_as_recorded(path, record)

    def test_a_link_in_its_place_is_not(self, is_as_recorded, made, tmp_path):
        path, record = made
        path.rename(tmp_path / "elsewhere")
        path.symlink_to(tmp_path / "elsewhere")

        assert not is_as_recorded(path, record)

    def test_another_owner_is_not(self, is_as_recorded, made):
        path, record = made
        os.chown(path, 65534, 65534)

        assert not is_as_recorded(path, record)

    def test_a_missing_file_is_told_as_missing(self, is_as_recorded, made):
        path, record = made
        path.unlink()

        with pytest.raises(FileNotFoundError):
            is_as_recorded(path, record)

    def test_other_content_with_size_and_modification_time_put_back_is_not(self, is_as_recorded, made):
        path, record = made
        path.write_text("a = c\n")
        os.utime(path, ns=(record.time_ns, record.time_ns))

        assert not is_as_recorded(path, record)

    def test_it_stays_noticed_however_often_it_is_looked_at(self, is_as_recorded, made):
        path, record = made
        for text in ("a = b\n", "a = c\n", "a = b\n", "a = d\n"):
            path.write_text(text)
            os.utime(path, ns=(record.time_ns, record.time_ns))

            assert is_as_recorded(path, record) is (text == "a = b\n")

    def test_a_second_name_changes_nothing(self, is_as_recorded, made, tmp_path):
        path, record = made
        (tmp_path / "second").hardlink_to(path)

        assert is_as_recorded(path, record)

    def test_a_table_without_a_digest_may_get_a_second_name_too(self, is_as_recorded, made, tmp_path):
        path, record = made
        (tmp_path / "second").hardlink_to(path)

        assert is_as_recorded(path, replace(record, digest=""))

    def test_a_table_without_a_digest_that_was_written_again_is_not(self, is_as_recorded, made):
        path, record = made
        os.utime(path, ns=(record.time_ns + 1, record.time_ns + 1))

        assert not is_as_recorded(path, replace(record, digest=""))
