"""The first five minutes on a real gateway: from the set-up link in the terminal to a message that was delivered."""

from __future__ import annotations

import pwd
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect
from tests.browser.conftest import CHROMIUM, FLAGS
from tests.support.trial import Trial
from tests.support.waiting import wait_until

from sealgate.web.certificate import fingerprint

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page, Playwright

PASSWORD = "a sentence that nobody guesses"


@pytest.fixture(scope="module")
def trial(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trial]:
    place = tmp_path_factory.mktemp("pages")
    place.chmod(0o755)
    running = Trial(place)
    running.said_at_start()
    yield running
    running.close()


@pytest.fixture
def page(play: Playwright, trial: Trial, tmp_path: Path) -> Iterator[Page]:
    """A browser inside the trial gateway's own network."""
    wrapper = tmp_path / "chromium"
    wrapper.write_text(f'#!/bin/sh\nexec {" ".join(trial.inside)} {CHROMIUM} "$@"\n')
    wrapper.chmod(0o755)
    browser = play.chromium.launch(executable_path=wrapper, args=FLAGS)
    context = browser.new_context(ignore_https_errors=True)
    context.set_default_timeout(60_000)
    yield context.new_page()
    browser.close()


def web_process(trial: Trial) -> int:
    running = trial.part("web")
    assert running is not None
    return running.pid


@pytest.mark.flow
def test_from_the_set_up_link_to_a_delivered_message(trial: Trial, page: Page, tmp_path: Path) -> None:
    said = trial.said_at_start()
    link = re.search(r"https://\S+/welcome/\S+", said)
    assert link, said
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    inbox.chmod(0o777)
    command = [*trial.inside, "smtp-sink", "-u", "nobody", "-d", f"{inbox}/%H%M%S.", "127.0.0.1:2600", "10"]
    sink = subprocess.Popen(command)
    try:
        page.goto(link[0].replace("//localhost", "//127.0.0.1"))
        page.get_by_label("Name to sign in with").fill("olga")
        page.get_by_label("Choose a password").fill(PASSWORD)
        page.get_by_label("The same password again").fill(PASSWORD)
        page.get_by_role("button", name="Save and sign in").click()
        page.goto("/mta/relay-domain/add" if page.url == "/" else page.url.rstrip("/") + "/mta/relay-domain/add")
        page.locator("#f-domain").fill("example.com")
        page.get_by_role("button", name="Add to the draft").click()
        page.get_by_role("link", name="Config", exact=True).click()
        page.locator("#f-my-hostname").fill("gw.example.com")
        page.locator("#f-internal-relay-host").fill("127.0.0.1")
        page.locator("#f-internal-relay-host-port").fill("2600")
        page.get_by_role("button", name="Save in the draft").click()
        page.get_by_role("link", name="Review and apply").click()
        page.locator("#apply-comment").fill("mail for example.com goes to our server")
        page.get_by_role("button", name="Rehearse and apply").click()
        expect(page.get_by_text("In force is now:")).to_be_visible(timeout=60_000)

        trial.shell("smtp-source -f alice@example.net -t bob@example.com -S hello 127.0.0.1:2525")

        wait_until(lambda: list(inbox.iterdir()), "the message arrives", 60)

        page.get_by_role("link", name="Overview").first.click()
        expect(page.get_by_text("1 accepted, 0 refused")).to_be_visible(timeout=60_000)
    finally:
        sink.terminate()
        sink.wait(10)


@pytest.mark.flow
def test_the_pages_are_served_by_a_user_without_rights_over_postfix(trial: Trial) -> None:
    status = Path(f"/proc/{web_process(trial)}/status").read_text()
    user = pwd.getpwnam("sealgate").pw_uid

    assert re.search(rf"^Uid:\t{user}\t{user}\t{user}\t{user}$", status, re.MULTILINE)
    assert re.search(r"^CapEff:\t0+$", status, re.MULTILINE)


@pytest.mark.flow
@pytest.mark.parametrize("place", ["node/group.key", "web/key.pem", "postfix/conf/main.cf", "postfix/conf/maps"])
def test_the_user_that_serves_the_pages_can_neither_write_postfix_files_nor_read_keys(trial: Trial, place: str) -> None:
    path = trial.directory / place
    assert path.exists()
    test = "-w" if place.startswith("postfix") else "-r"

    run = subprocess.run(["runuser", "-u", "sealgate", "--", "test", test, str(path)], check=False)

    assert run.returncode != 0


def as_the_user_of_the_pages(*command: object) -> str:
    run = subprocess.run(
        ["runuser", "-u", "sealgate", "--", *map(str, command)], capture_output=True, text=True, check=False
    )
    return run.stdout


@pytest.mark.flow
def test_a_password_that_was_stored_is_read_back_by_nobody_but_postfix(trial: Trial, tmp_path: Path) -> None:
    secret = "correct horse of a relay host"
    (tmp_path / "secret").write_text(f"{secret}\n")
    trial.sealgate("add", "sasl", "smtp.example.net", "--user", "u", "--password-file", tmp_path / "secret")
    trial.sealgate("apply", "-m", "a login")
    search = ["grep", "-rlF", secret, str(trial.directory)]

    kept = subprocess.run(search, capture_output=True, text=True, check=False).stdout.split()
    assert kept != []
    assert {Path(file).stat().st_mode & 0o077 for file in kept} == {0}
    assert as_the_user_of_the_pages(*search) == ""


@pytest.mark.flow
def test_the_user_that_serves_the_pages_writes_nothing_of_postfix_or_the_agent(trial: Trial) -> None:
    def writable(*names: str) -> str:
        places = [trial.directory / name for name in names]
        return as_the_user_of_the_pages("find", *places, "-writable", "(", "-type", "d", "-o", "-type", "f", ")")

    assert writable("control") != ""
    assert writable("postfix", "node", "web", "log") == ""


@pytest.mark.flow
def test_the_start_tells_the_address_of_the_pages_and_the_fingerprint_of_their_certificate(trial: Trial) -> None:
    said = trial.said_at_start()

    assert "https://" in said
    assert fingerprint(trial.directory / "web/certificate.pem") in said
    assert (trial.directory / "web/key.pem").stat().st_mode & 0o077 == 0
