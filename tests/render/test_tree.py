from __future__ import annotations

import itertools
import os
import random
import subprocess
import sys
from typing import Any

import pytest
from tests.support.certificates import certificate_for
from tests.support.release import facts
from tests.support.states import row_of, state

from sealgate.model.desired import DesiredState, MemoryRows
from sealgate.model.findings import Place
from sealgate.render import EntrySource, PerRow, SecretText, TextSource, render, settled

RICH: dict[str, Any] = {
    "relay-domain": ["b.example", "a.example", "bücher.example"],
    "network": ["!10.0.0.1", "10.0.0.0/8"],
    "forwarding": [
        {"account": "root", "addresses": ["a@b.example"]},
        {"account": "cron", "addresses": ["c@b.example"]},
    ],
    "rbl": [{"zone": "one.example", "reply": "x"}, {"zone": "two.example", "reply": "y"}],
    "sasl": [{"host": "smtp.example.net", "port": 587, "user": "u", "password": "id-1"}],
}


def tree_of(rows, settings=None, **changes):
    return render(state(settings or {}, rows), facts(**changes))


def row_table(desired, path: str) -> PerRow:
    source = render(desired, facts()).table(path).source
    assert isinstance(source, PerRow)
    return source


def test_rendering_does_not_depend_on_the_order_in_memory():
    rows = [row_of(noun, given, place) for noun, listed in RICH.items() for place, given in enumerate(listed)]
    trees = []
    for seed in range(5):
        random.Random(seed).shuffle(rows)
        kept = MemoryRows()
        for row in rows:
            kept.put(row)
        trees.append(render(DesiredState(rows=kept), facts()))

    assert len({tree.digest() for tree in trees}) == 1
    assert len({tree.text("main.cf").shown for tree in trees}) == 1


SHOW = """
from tests.render.test_tree import RICH, tree_of
print(tree_of(RICH).digest())
"""


def test_rendering_does_not_depend_on_the_hash_seed_of_the_process():
    shown = {
        subprocess.run(
            [sys.executable, "-c", SHOW],
            env=dict(os.environ, PYTHONHASHSEED=seed, PYTHONPATH=os.pathsep.join([*sys.path, "."])),
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }

    assert len(shown) == 1


CHANGES = {
    "a setting": lambda: tree_of(RICH, {"my-hostname": "other.example.com"}),
    "a row of a text table": lambda: tree_of({**RICH, "network": ["10.0.0.0/8"]}),
    "an entry of a small table": lambda: tree_of({**RICH, "forwarding": []}),
    "the shape of a row table": lambda: tree_of(RICH, {"match-subdomains": True}),
    "the release directory": lambda: tree_of(RICH, release_dir="/gateway/postfix/releases/other"),
}


@pytest.mark.parametrize("changed", CHANGES.values(), ids=CHANGES)
def test_the_digest_changes_with(changed):
    assert changed().digest() != tree_of(RICH).digest()


def test_no_secret_is_in_the_tree_but_its_name():
    table = tree_of(RICH).table("maps/sasl_passwd")

    assert [value for _, value in table.source.entries()] == [
        SecretText("u:", row_of("sasl", RICH["sasl"][0]).value.password)
    ]
    assert table.mode == 0o600


def test_a_secret_is_filled_in_by_name():
    ((_, value),) = row_table(state(rows=RICH), "maps/sasl_passwd").entries()

    assert isinstance(value, SecretText)
    assert value.filled(lambda sealed: f"<{sealed.id}>") == "u:<id-1>"


def test_the_shape_of_a_row_table_changes_when_a_setting_changes_all_entries():
    states = (state({"match-subdomains": on}, RICH) for on in (True, False))
    shapes = {row_table(desired, "maps/relay_domains").shape for desired in states}

    assert len(shapes) == 2


@pytest.mark.parametrize("subdomains", [True, False])
def test_a_copied_row_table_with_the_changed_rows_is_the_new_table(subdomains):
    settings = {"match-subdomains": subdomains}
    old = state(settings, {"relay-domain": ["a.example", "b.example", {"domain": "c.example", "_enabled": False}]})
    new = state(settings, {"relay-domain": ["b.example", "c.example", "bücher.example"]})
    before, after = (row_table(one, "maps/relay_domains") for one in (old, new))
    table = dict(before.entries())
    keys = [row.key for one in (old, new) for row in one.rows.rows("relay-domain")]
    changed = [key for key in keys if old.rows.row("relay-domain", key) != new.rows.row("relay-domain", key)]
    for key in changed:
        if row := old.rows.row("relay-domain", key):
            for gone, _ in before.entries_of(row):
                table.pop(gone, None)
    for key in changed:
        if row := new.rows.row("relay-domain", key):
            table.update(after.entries_of(row))

    assert table == dict(after.entries())


def test_every_table_s_path_and_every_text_s_path_is_its_own():
    tree = tree_of(RICH)
    paths = [file.path for file in itertools.chain(tree.texts, tree.tables)]

    assert len(paths) == len(set(paths))


def test_main_cf_names_every_generated_table_by_its_absolute_path():
    tree = tree_of(RICH)
    main = tree.text("main.cf").shown

    for table in tree.tables:
        assert f"{table.type}:{facts().release_dir}/{table.path}" in main


def test_asking_for_a_file_that_is_not_there_is_a_key_error():
    with pytest.raises(KeyError):
        tree_of({}).text("none")


def test_a_parameter_s_origin_is_its_page_or_the_own_line_that_sets_it():
    tree = render(state(main_cf="# mine\nmessage_size_limit = 5\n"), facts())

    assert tree.origin_of("mynetworks") == Place("network")
    assert tree.origin_of("myhostname") == Place("setting", "my-hostname")
    assert tree.origin_of("message_size_limit") == Place("own-lines", "main-cf", line=2)
    assert tree.origin_of("no_such_parameter") is None


def test_what_is_generated_is_told_also_where_own_lines_replace_it():
    tree = render(state(main_cf="message_size_limit = 5\n", master_cf="mpa unix - - n - 2 lmtp\n"), facts())

    assert "message_size_limit" in tree.generated
    assert {"mpa/unix", "2525/inet", "127.0.0.1:10026/inet"} <= tree.services


def test_secrets_are_shown_by_name():
    tree = tree_of({}, {"tls-key": "id-2", "tls-certificate": certificate_for("gw.example.test")[1]})

    assert tree.text("tls/smtpd-chain.pem").shown.startswith("[secret id-2]\n-----BEGIN CERTIFICATE-----\n")


def test_a_text_source_gives_its_text_and_an_equal_identity_for_equal_text():
    one, other = TextSource.of("a b\n"), TextSource.of("a b\n")

    assert one.text() == "a b\n"
    assert one.identity() == other.identity()
    assert one.identity() != TextSource.of("a c\n").identity()


def test_the_identity_of_entries_names_secrets_but_does_not_open_them():
    (entry,) = row_table(state(rows=RICH), "maps/sasl_passwd").entries()

    assert EntrySource((entry,)).identity() == [["[smtp.example.net]:587", ["u:", "id-1", ""]]]


EXPIRING = {
    "black": [
        {"client": "192.0.2.1", "expires": "2026-06-01"},
        {"client": "192.0.2.2", "expires": "2026-06-10"},
        {"client": "192.0.2.3", "expires": "2026-08-01"},
        {"client": "192.0.2.4"},
    ]
}


def test_settled_facts_have_the_day_on_which_the_last_row_expired():
    assert settled(state(rows=EXPIRING), facts()).today.isoformat() == "2026-06-11"


def test_settled_facts_render_the_same_bytes():
    desired = state(rows=EXPIRING)

    assert render(desired, settled(desired, facts())).digest() == render(desired, facts()).digest()


def test_without_expired_rows_settled_facts_are_the_same_every_day():
    desired = state(rows={"black": ["192.0.2.4"]})
    days = {settled(desired, facts(today=day)).today for day in (facts().today, facts().today.replace(year=2030))}

    assert len(days) == 1
