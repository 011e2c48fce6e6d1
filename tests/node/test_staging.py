"""Releases: complete directories, links for what did not change, copies with changed rows, secrets for root only."""

from __future__ import annotations

import os
import re

import pytest
from tests.node.crashes import DirectTalk, Step, no_space
from tests.node.world import MemoryBundle, basic, bundle

from sealgate.link.bundle import release_name
from sealgate.model.names import HostName
from sealgate.node.mending import Mender
from sealgate.node.paths import NodePaths
from sealgate.node.receiving import Receiver
from sealgate.node.staging import Stager
from sealgate.node.stores import Stores
from sealgate.postfix.tables import TableType
from sealgate.render import NodeFacts, render

SECRETS = {"s1": "correct horse", "s2": "another"}


class Workshop:
    """Stores with a stager that opens secrets of the test."""

    def __init__(self, tmp_path, before=None):
        self.paths = NodePaths(tmp_path)
        self.stores = Stores.open(self.paths, before)
        self.receiver = Receiver(self.stores.rows, self.stores.objects, self.stores.secrets)
        self.stager = Stager(self.stores, lambda sealed: SECRETS[sealed.id])
        self.mender = Mender(self.stores, self.stager, self.receiver, lambda sealed: SECRETS[sealed.id])
        self.told: list[str] = []

    def facts(self, name):
        import datetime as dt

        return NodeFacts(
            machine_fqdn=HostName("gw.example.com"),
            config_dir=str(self.paths.conf),
            release_dir=str(self.paths.release(name)),
            spool_dir=str(self.paths.spool),
            data_dir=str(self.paths.data),
            log_file=str(self.paths.mail_log),
            today=dt.date(2026, 1, 1),
            map_types=frozenset(TableType),
        )

    def stage(self, made):
        made.secrets = dict.fromkeys(SECRETS, b"sealed")
        candidate = self.receiver.receive(made.header, DirectTalk(made))
        name = release_name(candidate.digest, "facts", "1")
        facts = self.facts(name)
        tree = render(candidate.desired, facts)
        return self.stager.stage(name, candidate, tree, facts, tell=self.told.append)

    def path(self, staged, name=""):
        return self.stores.releases.path(staged.release.id) / name

    def ask(self, staged, table, key):
        return self.stores.tables.query(self.path(staged, table), "lmdb", key)[0]


@pytest.fixture
def shop(tmp_path):
    return Workshop(tmp_path)


def with_transports(count, parent=None):
    made = MemoryBundle(parent)
    made.set("my-hostname", "gw.example.com")
    for number in range(count):
        made.add("transport", {"pattern": f"d{number:05}.example.com", "host": "192.0.2.1"})
    return made


def test_every_recorded_file_is_there_and_as_recorded(shop):
    staged = shop.stage(basic())
    look = shop.stores.releases.look(staged.release)

    assert look.clean
    assert look.added == ()
    assert {"main.cf", "master.cf", "policy.json", "maps/relay_domains.lmdb"} <= {
        record.path for record in staged.release.files
    }


def test_main_cf_names_tables_by_their_final_place(shop):
    staged = shop.stage(basic())

    assert f"lmdb:{shop.path(staged)}/maps/relay_domains" in shop.path(staged, "main.cf").read_text()


def test_main_cf_is_old_enough_for_postfix_not_to_wait(shop):
    staged = shop.stage(basic())
    now = shop.paths.records.stat().st_mtime

    assert shop.path(staged, "main.cf").stat().st_mtime < now - 5


def test_the_record_is_read_back_as_it_was_written(shop):
    staged = shop.stage(basic())

    assert shop.stores.releases.find(staged.release.id) == staged.release


def test_every_small_file_has_a_second_copy_with_an_inode_of_its_own(shop):
    staged = shop.stage(basic())
    for record in staged.release.files:
        assert shop.stores.objects.get(record.digest) == shop.path(staged, record.path).read_bytes()
        assert shop.stores.objects.path(record.digest).stat().st_nlink == 1


def test_secrets_are_opened_into_files_for_root_only(shop):
    made = basic()
    made.add("sasl", {"host": "smtp.example.net", "user": "u", "password": "s1"})
    staged = shop.stage(made)

    assert shop.ask(staged, "maps/sasl_passwd", "[smtp.example.net]") == "u:correct horse"
    assert shop.path(staged, "maps/sasl_passwd.lmdb").stat().st_mode & 0o777 == 0o600


def test_no_file_that_others_may_read_holds_a_secret(shop):
    made = basic()
    made.add("sasl", {"host": "smtp.example.net", "user": "u", "password": "s1"})
    shop.stage(made)

    for path in shop.paths.directory.rglob("*"):
        if path.is_file() and b"correct horse" in path.read_bytes():
            assert path.stat().st_mode & 0o077 == 0
            assert path.stat().st_uid == os.geteuid()


def test_a_table_that_did_not_change_is_a_link_to_the_earlier_file(shop):
    first = shop.stage(basic("one.example.com"))
    second = shop.stage(basic("two.example.com"))

    assert shop.path(first, "maps/relay_domains.lmdb").samefile(shop.path(second, "maps/relay_domains.lmdb"))
    assert not shop.path(first, "main.cf").samefile(shop.path(second, "main.cf"))


def test_an_edited_table_is_not_linked_again(shop):
    first = shop.stage(basic("one.example.com"))
    shop.path(first, "maps/relay_domains.lmdb").write_bytes(b"not a table")
    second = shop.stage(basic("two.example.com"))

    assert shop.ask(second, "maps/relay_domains", "example.com") == "OK"


def test_few_changed_rows_are_changed_in_a_copy(shop):
    first = with_transports(200)
    one = shop.stage(first)
    second = MemoryBundle(first)
    second.add("transport", {"pattern": "d00003.example.com", "host": "192.0.2.9"})
    second.add("transport", {"pattern": "new.example.com", "host": "192.0.2.9"})
    second.remove("transport", "d00004.example.com")
    shop.told.clear()
    two = shop.stage(second)

    assert "changing 3 entries of maps/transport" in shop.told
    assert shop.ask(two, "maps/transport", "d00003.example.com") == "smtp:[192.0.2.9]"
    assert shop.ask(two, "maps/transport", "new.example.com") == "smtp:[192.0.2.9]"
    assert shop.ask(two, "maps/transport", "d00004.example.com") is None
    assert shop.ask(two, "maps/transport", "d00005.example.com") == "smtp:[192.0.2.1]"
    assert shop.ask(one, "maps/transport", "d00003.example.com") == "smtp:[192.0.2.1]"


def test_a_revised_table_holds_exactly_what_a_built_one_holds(shop, tmp_path):
    first = with_transports(200)
    shop.stage(first)
    second = MemoryBundle(first)
    for number in range(0, 20, 2):
        second.remove("transport", f"d{number:05}.example.com")
        second.add("transport", {"pattern": f"n{number}.example.com", "host": "192.0.2.7"})
    revised = shop.stage(second)
    fresh = Workshop(tmp_path / "fresh")
    built = fresh.stage(second)

    assert any(line.startswith("changing") for line in shop.told)
    assert not any(line.startswith("changing") for line in fresh.told)
    assert dict(shop.stores.tables.contents(shop.path(revised, "maps/transport"), TableType.LMDB)) == dict(
        fresh.stores.tables.contents(fresh.path(built, "maps/transport"), TableType.LMDB)
    )


def test_many_changed_rows_are_built_anew(shop):
    first = with_transports(50)
    shop.stage(first)
    shop.told.clear()
    shop.stage(with_transports(90, first))

    assert "building maps/transport" in shop.told


def test_a_row_of_another_shape_is_built_anew(shop):
    first = basic()
    shop.stage(first)
    second = MemoryBundle(first)
    second.set("match-subdomains", True)
    staged = shop.stage(second)

    assert shop.ask(staged, "maps/relay_domains", ".example.com") == "OK"


def test_a_look_up_table_is_its_text_and_its_database(shop):
    made = basic()
    made.table("hash", "tls-policy", "example.com encrypt\n# kept as typed\n")
    staged = shop.stage(made)

    assert shop.path(staged, "maps.d/hash-tls-policy.map").read_text() == "example.com encrypt\n# kept as typed\n"
    assert shop.path(staged, "maps.d/hash-tls-policy.map.db").is_file()


def test_what_postmap_says_about_a_table_comes_with_its_place(shop):
    made = basic()
    made.table("hash", "broken", "key-without-value\n")
    staged = shop.stage(made)

    assert [(place.noun, place.key) for place, _ in staged.complaints] == [("lookup-table", "broken")]
    assert staged.complaints[0][1].line == 1


def test_a_release_that_cannot_be_written_leaves_nothing(tmp_path):
    refusals = 0
    for number in range(1000):
        step = Step(number, no_space)
        shop = Workshop(tmp_path / str(number), step)
        step.armed = True
        try:
            shop.stage(basic())
        except OSError:
            refusals += 1
        else:
            break
        step.armed = False
        assert all(shop.stores.releases.look(release).clean for release in shop.stores.releases.all())
        left = [path.name for path in shop.paths.releases.iterdir()]
        assert all(re.fullmatch(r"[0-9a-f]{16}", name) for name in left), left

    assert refusals > 20


def test_a_damaged_release_is_mended_file_by_file(shop):
    staged = shop.stage(basic())
    shop.path(staged, "main.cf").write_text("edited\n")
    shop.path(staged, "maps/relay_domains.lmdb").unlink()
    untouched = shop.path(staged, "master.cf").stat().st_ino
    mended = shop.mender.mend(staged.release)

    assert shop.stores.releases.look(mended).clean
    assert shop.path(staged, "master.cf").stat().st_ino == untouched
    assert shop.ask(staged, "maps/relay_domains", "example.com") == "OK"


def test_a_release_that_is_right_is_not_touched_by_mending(shop):
    staged = shop.stage(basic())

    assert shop.mender.mend(staged.release) is staged.release


def test_a_table_too_large_for_a_second_copy_is_made_again_from_its_rows(shop):
    made = MemoryBundle()
    for number in range(20_000):
        made.add("transport", {"pattern": f"d{number:05}.example.com", "special": f"error:5.1.2 {'moved ' * 40}away"})
    staged = shop.stage(made)
    record = staged.release.file("maps/transport.lmdb")
    assert record.digest == ""
    shop.path(staged, "maps/transport.lmdb").unlink()
    mended = shop.mender.mend(staged.release)

    assert shop.stores.releases.look(mended).clean
    assert shop.ask(staged, "maps/transport", "d05999.example.com").startswith("error:5.1.2 moved")


def test_sweeping_keeps_what_kept_releases_need(shop):
    made = basic("one.example.com")
    made.table("hash", "t", "a b\n")
    kept, gone = shop.stage(made), shop.stage(basic("two.example.com", domain="example.net"))
    shop.stores.sweep([kept.release.id])

    assert not shop.path(gone).exists()
    assert shop.stores.releases.all() == (kept.release,)
    assert shop.receiver.reopen(kept.release.digest, kept.release.tables).digest == kept.release.digest
    shop.path(kept, "main.cf").unlink()
    assert shop.stores.releases.look(shop.mender.mend(kept.release)).clean


def test_the_same_candidate_makes_the_same_bytes(shop, tmp_path):
    first = shop.stage(basic())
    texts = {record.path: record.digest for record in first.release.files if record.text}
    again = shop.stage(bundle(parent=basic()))

    assert texts == {record.path: record.digest for record in again.release.files if record.text}
