"""`sealgate explain`: what is asked of the agent, and what people read of its answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.control_half import stand_in

from sealgate.link.rehearsals import LARGEST_MAIL, Explained, Opinion, Stage

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Run

REFUSED = Explained(
    Opinion.REFUSED,
    "554 5.7.1 no\x1b[31m",
    (
        Stage("listener", Opinion.PASSED, "The client connected."),
        Stage(
            "client", Opinion.REFUSED, "check_client_access refused the mail.", "554 5.7.1 no\x1b[31m",
            "smtpd_client_restrictions", "check_client_access", "cidr:/r/maps/client_black.cidr", "192.0.2.1",
            "REJECT", 7, "black", "192.0.2.0/24",
        ),
        Stage("route", Opinion.NOT_REACHED, "The mail did not come to this."),
    ),
    "client",
    ("No block list lists the client.",),
)  # fmt: skip
PERMITTED = Explained(Opinion.PERMITTED, "250 2.0.0 Ok", (Stage("route", Opinion.PASSED, "It went to mx."),))


def test_a_refusal_names_list_restriction_table_line_and_row(run: Run, directory: Path) -> None:
    with stand_in(directory, explain=REFUSED):
        said = run("explain", "192.0.2.1", "a@example.com", "--live")

    assert said.code == 1
    assert said.out.splitlines() == [
        "· listener: The client connected.",
        "✗ client: check_client_access refused the mail.",
        "      reply: 554 5.7.1 no\\x1b[31m",
        "      decided by smtpd_client_restrictions check_client_access",
        "      in cidr:/r/maps/client_black.cidr, line 7",
        "      to change it: black 192.0.2.0/24",
        "  route: The mail did not come to this.",
        "",
        "The mail is refused (client).",
        "Assumed: No block list lists the client.",
    ]


def test_a_mail_that_is_delivered_ends_with_nought(run: Run, directory: Path) -> None:
    with stand_in(directory, explain=PERMITTED):
        said = run("explain", "192.0.2.1", "a@example.com", "--live")

    assert (said.code, said.out.splitlines()[-1]) == (0, "The mail is accepted and delivered.")


def test_every_option_reaches_the_agent(run: Run, directory: Path, tmp_path: Path) -> None:
    (tmp_path / "mail.eml").write_bytes(b"Subject: x\r\n\r\nbody\r\n")
    options = [
        "--sender", "", "--name", "mx.example.org", "--helo", "me.example.org", "--tls", "--listener", "2587",
        "--size", "77", "--message", str(tmp_path / "mail.eml"), "--listed", "zen.example",
        "--listed", "b.example=127.0.0.4",
    ]  # fmt: skip
    with stand_in(directory, explain=PERMITTED) as agent:
        run("explain", "2001:db8::7", "a@example.com", "--live", *options)

    mail = agent.asked[-1][1].mail
    assert (mail.client, mail.recipient, mail.sender) == ("2001:db8::7", "a@example.com", "")
    assert (mail.name, mail.helo, mail.tls, mail.listener) == ("mx.example.org", "me.example.org", True, "2587")
    assert (mail.size, mail.message) == (77, b"Subject: x\r\n\r\nbody\r\n")
    assert mail.listed == ("zen.example", "b.example=127.0.0.4")


def test_a_message_comes_from_standard_input(run: Run, directory: Path) -> None:
    with stand_in(directory, explain=PERMITTED) as agent:
        run("explain", "192.0.2.1", "a@example.com", "--live", "--message", "-", typed=b"Subject: y\n\n\xff\x00\n")

    assert agent.asked[-1][1].mail.message == b"Subject: y\n\n\xff\x00\n"


def test_a_message_that_is_too_large_is_refused_and_its_size_can_be_announced(
    run: Run, directory: Path, tmp_path: Path
) -> None:
    with (tmp_path / "large.eml").open("wb") as file:
        file.truncate(LARGEST_MAIL * 20)
    with stand_in(directory, explain=PERMITTED) as agent:
        said = run("explain", "192.0.2.1", "a@example.com", "--live", "--message", str(tmp_path / "large.eml"))

    assert (said.code, agent.asked) == (2, [])
    assert "larger than 2 MiB" in said.err
    assert "announce the size" in said.err


def test_a_draft_is_judged_before_it_is_explained(run: Run, directory: Path) -> None:
    with stand_in(directory, explain=PERMITTED) as agent:
        run("set", "my-hostname", "gw.example.com")
        run("explain", "192.0.2.1", "a@example.com")

    assert [verb for verb, _ in agent.asked if verb in {"judge", "explain"}] == ["judge", "explain"]
    assert len(agent.asked[-1][1].digest) == 64


def test_the_json_is_the_whole_explanation(run: Run, directory: Path) -> None:
    with stand_in(directory, explain=REFUSED):
        said = run("--json", "explain", "192.0.2.1", "a@example.com", "--live")

    assert said.json["decided"] == "client"
    assert [stage["name"] for stage in said.json["stages"]] == ["listener", "client", "route"]
    assert said.json["stages"][1]["row"] == "192.0.2.0/24"


def test_without_the_agent_it_says_how_to_start_it(run: Run) -> None:
    said = run("explain", "192.0.2.1", "a@example.com", "--live")

    assert said.code == 3
    assert "sealgate up" in said.err
