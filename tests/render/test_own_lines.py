"""Own lines: nothing is ever defined twice, nothing typed is changed, and what they replace is said."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.release import facts
from tests.support.states import state

from sealgate.model.own_text import parse_main, parse_text
from sealgate.render import Endpoint, render

WITHOUT_HASH = frozenset({"cidr", "lmdb"})


def main_of(own: str, **changes) -> str:
    return render(state(main_cf=own), facts(**changes)).text("main.cf").shown


def master_of(own: str, **changes) -> str:
    return render(state(master_cf=own), facts(**changes)).text("master.cf").shown


def names_in(main: str) -> list[str]:
    return [one.name for one in parse_main(main)[0]]


generated = sorted(render(state(), facts()).generated)
names = st.one_of(st.sampled_from(generated), st.sampled_from(["smtpd_banner", "my_own", "smtp_bind_address"]))
own_texts = (
    st.lists(
        st.one_of(
            st.builds(
                lambda name, value: f"{name} = {value}\n", names, st.sampled_from(["x", "", "a,\n  b", "a\n# c\n\n\tb"])
            ),
            st.sampled_from(["# a comment\n", "\n", "   \n", "  # indented comment\n"]),
        ),
        max_size=6,
    )
    .map("".join)
    .filter(lambda text: not re.match(r"\s+\S", text) or re.match(r"\s*#", text))
)


@given(own_texts)
def test_every_parameter_stands_once_unless_the_own_lines_themselves_repeat_it(own):
    own_names = [one.name for one in parse_main(own)[0]]
    found = names_in(main_of(own))

    assert sorted(found) == sorted([*(name for name in generated if name not in own_names), *own_names])


@given(own_texts)
def test_own_lines_stand_last_exactly_as_typed(own):
    typed = parse_text(own)

    assert main_of(typed).endswith(typed if typed.strip() else "")


@given(own_texts)
def test_every_replaced_parameter_is_reported_with_its_line_and_what_it_was(own):
    tree = render(state(main_cf=own), facts())
    definitions = {one.name: one.line for one in parse_main(own)[0]}

    assert {(one.name, one.line) for one in tree.overrides} == {
        (name, line) for name, line in definitions.items() if name in generated
    }


def test_the_place_of_a_replaced_parameter_points_to_the_own_line():
    main = main_of("# one\n\nmessage_size_limit = 5\n")

    assert "# message_size_limit: see line 3 of the own lines below.\n" in main


def test_a_last_line_without_end_gets_one():
    assert main_of("smtpd_banner = x").endswith("smtpd_banner = x\n")


def test_without_own_lines_there_is_no_heading():
    assert "Own lines" not in main_of("") + master_of("")


def test_what_a_replaced_list_loses_is_said():
    desired = state(rows={"network": ["10.0.0.0/8"]}, main_cf="mynetworks = 192.0.2.0/24\n")
    (override,) = render(desired, facts()).overrides

    assert override.loses == "The rows of My networks are not in force."


def test_a_list_without_rows_loses_nothing():
    (override,) = render(state(main_cf="mynetworks = 192.0.2.0/24\n"), facts()).overrides

    assert override.loses == ""


# master.cf


def entries_of(master: str, name: str) -> list[str]:
    return [line for line in master.splitlines() if line.split()[:2] == name.split("/")]


def test_an_own_service_is_added():
    assert len(entries_of(master_of("smtps inet n - n - - smtpd\n"), "smtps/inet")) == 1


def test_an_own_entry_takes_the_place_of_the_generated_one():
    master = master_of("cleanup unix n - n - 5 cleanup\n")

    assert entries_of(master, "cleanup/unix") == ["cleanup unix n - n - 5 cleanup"]
    assert "# cleanup unix: see line 1 of the own lines below.\n" in master


def test_an_own_entry_keeps_the_options_that_it_does_not_name():
    master = master_of("2525 inet n - n - 5 smtpd\n  -o smtpd_banner=x\n\nother unix - - n - - smtp\n")

    assert master.endswith(
        "2525 inet n - n - 5 smtpd\n  -o smtpd_banner=x\n# Options that Sealgate gives this service:\n"
        "    -o message_size_limit=10485760\n\nother unix - - n - - smtp\n"
    )


def test_an_own_option_beats_the_generated_one():
    tree = render(state(master_cf="2525 inet n - n - - smtpd\n  -o message_size_limit=7\n"), facts())

    assert "10485760" not in tree.text("master.cf").shown
    (one,) = tree.overrides
    assert (one.name, one.line, one.generated) == ("2525/inet/message_size_limit", 2, "10485760")


def test_an_own_option_with_the_same_value_overrides_nothing():
    own = "2525 inet n - n - - smtpd -o message_size_limit=10485760\n"

    assert render(state(master_cf=own), facts()).overrides == ()


def test_an_entry_with_another_program_gets_no_options_and_says_what_is_lost():
    tree = render(state(master_cf="2525 inet n - n - 1 postscreen\n"), facts())

    assert tree.text("master.cf").shown.endswith("2525 inet n - n - 1 postscreen\n")
    assert "The options of smtpd" in tree.overrides[0].loses


LIMIT = "# Options that Sealgate gives this service:\n    -o message_size_limit=10485760\n"


@pytest.mark.parametrize("entry", ["smtps inet n - n - - smtpd", "smtpd pass - - n - - smtpd -o smtpd_banner=x"])
def test_an_own_listener_gets_the_before_filter_limit(entry):
    assert master_of(f"{entry}\n").endswith(f"{entry}\n{LIMIT}")


@pytest.mark.parametrize(
    "entry",
    [
        "smtps inet n - n - - smtpd -o message_size_limit=7",
        "127.0.0.1:10099 inet n - n - - smtpd -o content_filter=",
        "inner unix n - n - - smtpd",
        "qmqp inet n - n - - qmqpd",
    ],
)
def test_an_own_service_with_a_limit_a_filter_or_another_task_is_left_alone(entry):
    assert master_of(f"{entry}\n").endswith(f"{entry}\n")


def test_a_port_may_be_written_by_name():
    listeners = (Endpoint("", 25),)
    by_name, by_number = (
        master_of(f"{name} inet n - n - 5 smtpd\n", smtp_listeners=listeners) for name in ("smtp", "25")
    )

    assert entries_of(by_name, "smtp/inet") == ["smtp inet n - n - 5 smtpd"]
    assert entries_of(by_number, "smtp/inet") == []
    assert entries_of(by_number, "25/inet") == ["25 inet n - n - 5 smtpd"]


def test_an_address_in_brackets_is_the_same_address():
    master = master_of("[::1]:2525 inet n - n - 5 smtpd\n", smtp_listeners=(Endpoint("::1", 2525),))

    assert entries_of(master, "[::1]:2525/inet") == ["[::1]:2525 inet n - n - 5 smtpd"]


# tables that are built as lmdb


def test_named_tables_of_missing_types_are_written_as_lmdb():
    own = "a = hash:$maps_d_dir/hash-a.map, btree:${maps_d_dir}/btree-b.map\nb=hash:$(maps_d_dir)/hash-a.map\n"

    assert main_of(own, map_types=WITHOUT_HASH).endswith(
        "a = lmdb:$maps_d_dir/hash-a.map, lmdb:${maps_d_dir}/btree-b.map\nb=lmdb:$(maps_d_dir)/hash-a.map\n"
    )


def test_named_tables_by_absolute_path_are_written_as_lmdb():
    own = "a = hash:/gateway/postfix/conf/maps.d/hash-a.map\n"

    assert main_of(own, map_types=WITHOUT_HASH).endswith("a = lmdb:/gateway/postfix/conf/maps.d/hash-a.map\n")


def test_other_files_keep_their_type():
    own = "a = hash:/etc/aliases, xhash:$maps_d_dir/x, regexp:$maps_d_dir/hash-a.map\n"

    assert main_of(own, map_types=WITHOUT_HASH).endswith(own)


def test_where_the_types_are_there_nothing_is_rewritten():
    own = "a = hash:$maps_d_dir/hash-a.map\n"

    assert main_of(own).endswith(own)


def test_own_options_of_services_are_rewritten_too():
    own = "s unix - - n - - smtp -o smtp_tls_policy_maps=hash:$maps_d_dir/hash-a.map\n"

    assert "=lmdb:$maps_d_dir/hash-a.map" in master_of(own, map_types=WITHOUT_HASH)
