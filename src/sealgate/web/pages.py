"""All routes of the pages, in the order in which they are tried.

What names a list by its kind comes last: pages of their own below `/mta/` are found before it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealgate.web import (
    account,
    backups,
    config_file,
    configuration,
    drift,
    editing,
    explaining,
    history,
    lists,
    live_tests,
    mail,
    overview,
    persons,
    policy_tests,
    providers,
    queue,
    review,
    rows,
    styleguide,
    tester,
    transfers,
    what_if,
)

if TYPE_CHECKING:
    from sealgate.web.routing import Page

ROUTES: tuple[Page, ...] = (
    *overview.ROUTES,
    *review.ROUTES,
    *history.ROUTES,
    *drift.ROUTES,
    *queue.ROUTES,
    *mail.ROUTES,
    *backups.ROUTES,
    *account.ROUTES,
    *persons.ROUTES,
    *styleguide.ROUTES,
    *live_tests.ROUTES,
    *configuration.ROUTES,
    *config_file.ROUTES,
    *editing.ROUTES,
    *tester.ROUTES,
    *explaining.ROUTES,
    *policy_tests.ROUTES,
    *what_if.ROUTES,
    *providers.ROUTES,
    *transfers.ROUTES,
    *rows.ROUTES,
    *lists.ROUTES,
)
