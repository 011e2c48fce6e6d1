"""Hand edits of live files: noticed, shown, adopted or overwritten, by choice."""

from __future__ import annotations

import subprocess

import pytest
from tests.node.world import applied, basic, judged

from sealgate.link.messages import Apply, State
from sealgate.link.upkeep import DriftKind
from sealgate.model.errors import NotFound, Refused
from sealgate.node.drift import LARGEST_DIFF, unified

TABLE = "maps.d/hash-tls-policy.map"


@pytest.fixture
def gateway(standing):
    return standing


def with_table(hostname="gw.example.com"):
    made = basic(hostname)
    made.table("hash", "tls-policy", "example.com encrypt\n")
    made.own("main-cf", "smtp_tls_policy_maps = hash:$maps_d_dir/hash-tls-policy.map\n")
    return made


@pytest.fixture
def node(gateway):
    with gateway.agent() as way:
        applied(way, with_table(), 1)
        yield way


def edit(gateway, name, add):
    path = gateway.paths.conf / name
    path.write_text(path.read_text() + add)
    return path


def test_untouched_files_are_no_drift(node):
    assert node.drift().items == ()
    assert node.drift().revision == 1


@pytest.mark.parametrize("name", ["main.cf", "master.cf", TABLE])
def test_an_edit_is_noticed_and_shown_as_a_diff(gateway, node, name):
    edit(gateway, name, "# by hand\n")
    (item,) = node.drift().items

    assert (item.file, item.kind, item.text) == (name, DriftKind.CHANGED, True)
    assert "+# by hand\n" in item.diff
    assert f"--- {name} (revision)" in item.diff


def test_status_names_the_edited_files(gateway, node):
    edit(gateway, "main.cf", "# by hand\n")

    assert node.status().drifted == ("main.cf",)


def test_a_file_that_was_only_touched_is_no_drift(gateway, node):
    (gateway.paths.conf / "main.cf").touch()

    assert node.drift().items == ()


def test_an_edit_that_was_taken_back_is_no_drift(gateway, node):
    path = edit(gateway, "main.cf", "# by hand\n")
    path.write_text(path.read_text().removesuffix("# by hand\n"))

    assert node.drift().items == ()


def test_an_edit_by_a_program_that_writes_a_new_file_is_noticed_too(gateway, node):
    other = gateway.paths.conf / "main.cf.new"
    other.write_text("# other\n")
    other.rename(gateway.paths.conf / "main.cf")

    assert [item.file for item in node.drift().items] == ["main.cf"]


def test_changed_permissions_are_drift(gateway, node):
    (gateway.paths.conf / "main.cf").chmod(0o666)

    assert [item.file for item in node.drift().items] == ["main.cf"]


def test_a_removed_file_is_drift(gateway, node):
    (gateway.paths.conf / TABLE).unlink()
    (item,) = node.drift().items

    assert (item.file, item.kind, item.live) == (TABLE, DriftKind.MISSING, "")


def test_a_table_that_was_edited_and_built_with_postmap_is_one_item(gateway, node):
    path = edit(gateway, TABLE, "example.net may\n")
    subprocess.run(["postmap", "-c", gateway.paths.neutral, f"hash:{path}"], check=True)

    assert [item.file for item in node.drift().items] == [TABLE]


def test_a_generated_table_that_was_changed_is_drift_without_a_text(gateway, node):
    path = gateway.paths.conf / "maps/relay_domains"
    subprocess.run(
        ["postmap", "-c", gateway.paths.neutral, "-i", f"lmdb:{path}"],
        input="evil.example\tOK\n",
        text=True,
        check=True,
    )
    (item,) = node.drift().items

    assert (item.file, item.text, item.diff) == ("maps/relay_domains.lmdb", False, "")


def test_an_added_file_is_shown_and_blocks_nothing(gateway, node):
    (gateway.paths.conf / "maps.d/hash-new.map").write_text("a b\n")
    (item,) = node.drift().items

    assert (item.file, item.kind, item.blocks) == ("maps.d/hash-new.map", DriftKind.ADDED, False)
    assert node.drift().unresolved == ()


def test_what_editors_leave_behind_is_no_drift(gateway, node):
    for name in ("main.cf~", ".main.cf.swp", "#main.cf#"):
        (gateway.paths.conf / name).write_text("x")

    assert node.drift().items == ()


def test_apply_waits_until_somebody_decides(gateway, node):
    edit(gateway, "main.cf", "# by hand\n")
    judged(node, basic("two.example.com"))

    with pytest.raises(Refused, match=r"Changed by hand on this machine: main\.cf") as refusal:
        node.apply(Apply(basic("two.example.com").digest, 2))
    assert refusal.value.findings[0].place.file == "main.cf"


def test_judging_what_is_live_leaves_a_hand_edit_alone(gateway, node):
    edit(gateway, "main.cf", "# by hand\n")
    judged(node, with_table())

    assert [item.file for item in node.drift().items] == ["main.cf"]


def test_a_new_start_of_the_agent_leaves_a_hand_edit_alone(gateway):
    with gateway.agent() as node:
        applied(node, with_table(), 1)
    edit(gateway, "main.cf", "# by hand\n")
    with gateway.agent() as node:
        assert [item.file for item in node.drift().items] == ["main.cf"]


def test_overwrite_makes_every_file_again(gateway, node):
    before = (gateway.paths.conf / "main.cf").read_bytes()
    edit(gateway, "main.cf", "# by hand\n")
    (gateway.paths.conf / TABLE).unlink()
    drift = node.overwrite()

    assert drift.items == ()
    assert (gateway.paths.conf / "main.cf").read_bytes() == before
    assert node.status().state is State.CONFIRMED


def test_overwrite_of_one_file_leaves_the_others(gateway, node):
    edit(gateway, "main.cf", "# by hand\n")
    edit(gateway, "master.cf", "# by hand\n")
    drift = node.overwrite(("main.cf",))

    assert [item.file for item in drift.items] == ["master.cf"]


def test_overwrite_rebuilds_the_database_of_a_table(gateway, node):
    path = edit(gateway, TABLE, "example.net may\n")
    subprocess.run(["postmap", "-c", gateway.paths.neutral, f"hash:{path}"], check=True)
    node.overwrite((TABLE,))

    assert node.query("tls-policy", "example.net").value is None
    assert node.query("tls-policy", "example.com").value == "encrypt"


def test_what_was_overwritten_is_kept_aside(gateway, node):
    edit(gateway, "main.cf", "# by hand\n")
    node.overwrite()
    (kept,) = gateway.paths.aside.rglob("main.cf")

    assert kept.read_text().endswith("# by hand\n")


def test_overwrite_of_an_unknown_file_is_not_found(node):
    with pytest.raises(NotFound, match=r"has no file 'other\.cf'"):
        node.overwrite(("other.cf",))


def test_without_a_revision_there_is_nothing_to_overwrite(gateway):
    with gateway.agent() as node, pytest.raises(Refused, match="nothing to overwrite"):
        node.overwrite()


def test_an_adopted_edit_does_not_block_the_apply_that_contains_it(gateway, node):
    edit(gateway, "main.cf", "# by hand\n")
    drift = node.adopt({item.file: item.live for item in node.drift().items})
    judged(node, basic("two.example.com"))
    outcome = node.apply(Apply(basic("two.example.com").digest, 2))

    assert [item.adopted for item in drift.items] == [True]
    assert outcome.state is State.CONFIRMED
    assert node.drift().items == ()


def test_a_further_edit_after_adopting_blocks_again(gateway, node):
    edit(gateway, "main.cf", "# by hand\n")
    node.adopt({item.file: item.live for item in node.drift().items})
    edit(gateway, "main.cf", "# once more\n")

    assert [item.file for item in node.drift().unresolved] == ["main.cf"]


def test_a_removed_table_can_be_adopted(gateway, node):
    (gateway.paths.conf / TABLE).unlink()
    drift = node.adopt({TABLE: ""})

    assert drift.unresolved == ()


def test_a_live_file_is_given_as_it_is_and_as_it_was_made(gateway, node):
    edit(gateway, "main.cf", "# by hand\n")
    live, made = node.live_file("main.cf"), node.live_file("main.cf", expected=True)

    assert live == made + b"# by hand\n"


def test_an_added_file_can_be_read(gateway, node):
    (gateway.paths.conf / "maps.d/hash-new.map").write_text("a b\n")

    assert node.live_file("maps.d/hash-new.map") == b"a b\n"


@pytest.mark.parametrize("name", ["../../../../etc/shadow", "/etc/shadow", "nothing", "", "maps.d/../../../conf"])
def test_no_file_outside_the_configuration_is_given(node, name):
    with pytest.raises(NotFound, match="has no file"):
        node.live_file(name)


def test_a_release_that_is_rolled_back_to_keeps_the_edit_aside(gateway, node):
    """A rollback must work with drift too: mail may suffer from that very edit."""
    applied(node, basic("two.example.com"), 2)
    edit(gateway, "main.cf", "# by hand\n")
    node.rollback(1)
    node.rollback(2)

    assert [path.read_text().endswith("# by hand\n") for path in gateway.paths.aside.rglob("main.cf")] == [True]


def test_a_very_long_diff_is_cut():
    text = unified("", "x\n" * LARGEST_DIFF, "main.cf")

    assert len(text) < LARGEST_DIFF + 100
    assert "cut" in text.splitlines()[-1]
