"""The verbs of the draft, as a postmaster types them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sealgate.model.findings import Place, warning
from sealgate.model.mta import SETTINGS
from sealgate.model.nouns import NOUNS

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Run
    from tests.support.control_half import StandIn


@pytest.mark.parametrize(
    ("call", "key"),
    [
        (["add", "relay-domain", "example.com"], "example.com"),
        (["add", "network", "10.1.2.0/24"], "10.1.2.0/24"),
        (["add", "network", "!10.1.2.3"], "!10.1.2.3"),
        (["add", "network", "0.0.0.0/0", "--confirm", "0.0.0.0/0"], "0.0.0.0/0"),
        (["add", "transport", "example.com", "smtp.example.com", "--port", "2525"], "example.com"),
        (["add", "transport", "example.com", "--special", "error:no such domain"], "example.com"),
        (["add", "rbl", "zen.example.net=127.0.0.2"], "zen.example.net=127.0.0.2"),
        (["add", "black", "192.168.88", "--reason", "go away"], "192.168.88.0/24"),
        (["add", "white", "198.51.100.7", "--expires", "2030-12-31"], "198.51.100.7"),
        (["add", "header-check", "/^Subject: make money fast/", "REJECT", "spam detected"], "1"),
        (["add", "forwarding", "root", "admin@example.com", "ops@example.com"], "root"),
        (["add", "tls-policy", "example.com", "encrypt"], "example.com"),
        (["add", "provider", "cloud", "--networks", "192.0.2.0/24", "--networks", "198.51.100.0/24"], "cloud"),
    ],
    ids=" ".join,
)
def test_a_row_is_added_as_typed(run: Run, call: list[str], key: str) -> None:
    said = run(*call)

    assert (said.code, said.err) == (0, "")
    assert run("list", call[1], "--json").json["rows"][0]["key"] == key


def test_a_lookup_table_is_added_from_a_file(run: Run, tmp_path: Path) -> None:
    (tmp_path / "table").write_text("example.com encrypt\n")

    assert run("add", "lookup-table", "tls-policy", "--type", "hash", "--file", str(tmp_path / "table")).code == 0
    assert run("list", "lookup-table", "--json").json["rows"][0]["fields"]["lines"] == 1


def test_a_lookup_table_is_added_from_standard_input(run: Run) -> None:
    run("add", "lookup-table", "t", "--file", "-", typed="a 1\nb 2\n")

    assert run("list", "lookup-table", "--json").json["rows"][0]["fields"]["lines"] == 2


def test_a_login_is_added_with_its_password_from_a_file(run: Run, password: str) -> None:
    said = run("add", "sasl", "smtp.example.net", "--port", "2525", "--user", "u", "--password-file", password)

    assert said.code == 0
    assert run("list", "sasl", "--json").json["rows"][0]["fields"]["password"] == "stored"


def test_a_login_for_another_host_wants_its_password_again(run: Run, password: str) -> None:
    run("add", "sasl", "smtp.example.net", "--user", "u", "--password-file", password)
    refused = run("change", "sasl", "[smtp.example.net]", "--host", "evil.example.net")
    taken = run("change", "sasl", "[smtp.example.net]", "--host", "mx.example.net", "--password-file", password)

    assert (refused.code, "belongs to its host" in refused.err, taken.code) == (2, True, 0)


def test_a_password_comes_from_standard_input_where_there_is_no_terminal(run: Run) -> None:
    assert run("add", "sasl", "smtp.example.net", "--user", "u", typed="hunter two\n").code == 0


@pytest.mark.parametrize(
    ("call", "value"),
    [
        (["my-hostname", "gw.example.com"], "gw.example.com"),
        (["my_hostname", "gw.example.com"], "gw.example.com"),
        (["match-subdomains", "yes"], True),
        (["external-relay-host", "smtp.example.net"], {"host": "smtp.example.net", "port": 25, "mx": False}),
        (
            ["external-relay-host", "smtp.example.net", "--port", "2525", "--mx"],
            {"host": "smtp.example.net", "port": 2525, "mx": True},
        ),
        (["internal-relay-host", "smtp.example.net:26"], {"host": "smtp.example.net", "port": 26, "mx": False}),
        (["internal-relay-host", "2001:db8::1", "--port", "26"], {"host": "2001:db8::1", "port": 26, "mx": False}),
        (["internal-relay-host", "[2001:db8::1]:26", "--no-mx"], {"host": "2001:db8::1", "port": 26, "mx": False}),
        (["unverified-recipient-reject-code", "550"], 550),
        (["before-filter-size-limit", "20 MiB"], 20 * 1024 * 1024),
        (["queue-lifetime", "3d"], 3 * 86400),
        (["tls-outgoing", "dane"], "dane"),
        (["public-addresses", "192.0.2.1", "2001:db8::1"], ["192.0.2.1", "2001:db8::1"]),
        (["default-forwarding", "a@example.com,b@example.com"], ["a@example.com", "b@example.com"]),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_setting_is_set_as_typed(run: Run, call: list[str], value: object) -> None:
    assert run("set", *call).code == 0

    (shown,) = run("show", "settings", call[0], "--json").json
    assert shown["value"] == value


def test_every_setting_has_its_command_with_its_help(run: Run) -> None:
    for name, setting in SETTINGS.items():
        said = run("set", name, "--help")
        assert said.code == 0
        assert " ".join(setting.help.split()[:5]) in " ".join(said.out.split())


def test_every_kind_of_row_has_its_command_with_the_help_of_its_columns(run: Run) -> None:
    for name, noun in NOUNS.items():
        said = run("add", name, "--help")
        assert noun.title in said.out
        for column in noun.columns:
            if column.name not in {"lines", "size"}:
                word = column.name if not column.argument else column.name.upper()
                assert word.replace("_", "-") in said.out or "--file" in said.out


def test_unset_goes_back_to_the_default(run: Run) -> None:
    run("set", "my-hostname", "gw.example.com")

    assert run("unset", "my-hostname").code == 0
    assert run("show", "settings", "my-hostname", "--json").json[0]["set"] is False


def test_settings_are_shown_with_what_is_not_applied_yet(run: Run) -> None:
    run("set", "my-hostname", "gw.example.com")

    lines = {line.split()[0]: line for line in run("show", "settings").out.splitlines()}
    assert lines["my-hostname"].endswith("not applied yet")
    assert lines["match-subdomains"].endswith("default")


def test_a_row_is_shown_with_the_titles_of_its_columns(run: Run) -> None:
    run("add", "transport", "example.com", "mx.example.net", "--comment", "the customer")

    assert run("show", "transport", "example.com").out.splitlines() == [
        "SMTP transports: example.com",
        "  Domain or address: example.com",
        "  Relay host: mx.example.net",
        "  Port: 25",
        "  Use MX records: no",
        "  Comment: the customer",
        "  Enabled: yes",
    ]


def test_rows_are_changed_commented_switched_and_removed(run: Run) -> None:
    run("add", "transport", "example.com", "a.example.net")
    calls = (
        ["change", "transport", "example.com", "--host", "b.example.net", "--mx"],
        ["comment", "transport", "example.com", "why"],
        ["disable", "transport", "example.com"],
    )
    for call in calls:
        assert run(*call).code == 0

    (row,) = run("list", "transport", "--json").json["rows"]
    assert (row["fields"]["host"], row["fields"]["mx"], row["comment"], row["enabled"]) == (
        "b.example.net",
        True,
        "why",
        False,
    )
    run("enable", "transport", "example.com")
    assert run("list", "transport", "--json").json["rows"][0]["enabled"] is True
    run("remove", "transport", "example.com")
    assert run("list", "transport", "--json").json["rows"] == []


def test_a_row_is_moved(run: Run) -> None:
    for zone in ("a.example", "b.example", "c.example"):
        run("add", "rbl", zone)

    assert run("move", "rbl", "c.example", "--first").code == 0
    assert [row["key"][0] for row in run("list", "rbl", "--json").json["rows"]] == ["c", "a", "b"]


def test_many_rows_at_once_are_named_in_short(run: Run) -> None:
    names = [f"d{number}.example" for number in range(30)]
    run("import", "relay-domain", "-", typed="\n".join(names))

    said = run("remove", "relay-domain", *names)
    assert "10 more rows" in said.out


def test_lists_come_in_pages(run: Run) -> None:
    run("import", "relay-domain", "-", typed="".join(f"d{number:02}.example\n" for number in range(25)))

    first = run("list", "relay-domain", "--limit", "20", "--json").json
    second = run("list", "relay-domain", "--limit", "20", "--after", first["next"], "--json").json

    assert (first["total"], len(first["rows"]), len(second["rows"]), second["next"]) == (25, 20, 5, None)


def test_the_end_of_a_page_says_how_to_go_on(run: Run) -> None:
    run("import", "relay-domain", "-", typed="".join(f"d{number:02}.example\n" for number in range(25)))

    said = run("list", "relay-domain", "--limit", "20")
    assert "--after" in said.err
    assert "--after" not in said.out


def test_a_list_can_be_searched(run: Run) -> None:
    run("import", "relay-domain", "-", typed="a.example\nb.example\n")

    assert [row["key"] for row in run("list", "relay-domain", "--search", "b.ex", "--json").json["rows"]] == [
        "b.example"
    ]


def test_an_empty_list_says_so(run: Run) -> None:
    assert run("list", "transport").out == "SMTP transports: the list is empty.\n"


def test_hostile_text_from_the_database_is_shown_as_escapes(run: Run, directory: Path) -> None:
    from sealgate.store import Store

    with (
        Store.open(f"sqlite:///{directory}/control/sealgate.db") as store,
        store.writing("local:\x1b[31meve") as writer,
    ):
        fields = {"pattern": "a.example", "host": "\x1b]0;evil\x07", "port": 25, "mx": False, "special": "", "raw": ""}
        writer.save("transport", "a.example", fields, comment="\u202eevil", base=None)

    for call in (
        ["list", "transport"],
        ["show", "transport", "a.example"],
        ["diff"],
        ["audit"],
        ["list", "transport", "--json"],
    ):
        said = run(*call)
        assert "evil" in said.out
        assert not set(said.out + said.err) & {"\x1b", "\x07", "\u202e"}


def test_the_whole_rendered_file_is_shown(run: Run) -> None:
    run("set", "my-hostname", "gw.example.com")

    assert "\nmyhostname = gw.example.com\n" in run("show", "main-cf", "--whole").out
    assert "gw.example.com" not in run("show", "main-cf", "--whole", "--state", "live").out
    assert " smtpd\n" in run("show", "master-cf", "--whole").out


def test_a_lookup_tables_text_is_shown_with_its_uses(run: Run) -> None:
    run("add", "lookup-table", "t", "--file", "-", typed="a 1\n")
    run("edit", "main-cf", "--file", "-", typed="smtp_tls_policy_maps = hash:$maps_d_dir/hash-t.map\n")

    said = run("show", "lookup-table", "t", "--text")

    assert (said.out, "own-lines main-cf, smtp_tls_policy_maps, line 1" in said.err) == ("a 1\n", True)


def test_a_revision_is_shown_with_what_was_found(run: Run, agent: StandIn) -> None:
    agent.findings = (warning("only-sends", Place(), "Only sends.").to_json(),)
    run("apply", "-m", "the first")

    said = run("show", "revision", "1")

    assert said.out.startswith("Revision 1 (confirmed, in force) by local:")
    assert "  warning: Only sends." in said.out
    assert run("show", "revision", "1", "--json").json[0]["report"]["findings"][0]["code"] == "only-sends"


@pytest.mark.parametrize("names", [[], ["live"], ["x"], ["7"]])
def test_what_is_no_revision_is_wrong_usage(run: Run, names: list[str]) -> None:
    assert run("show", "revision", *names).code == 2
