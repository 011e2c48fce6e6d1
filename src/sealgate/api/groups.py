"""All operations of the API, in the order in which they are described and tried. What is not here does not exist."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealgate.api import (
    account,
    audit,
    backups,
    bulk,
    changes,
    description,
    following,
    jobs,
    judging,
    live_testing,
    mail,
    nodes,
    people,
    providers,
    revisions,
    rows,
    settings,
    texts,
    trying,
)

if TYPE_CHECKING:
    from sealgate.api.operations import Group

GROUPS: tuple[Group, ...] = (
    settings.GROUP,
    rows.GROUP,
    bulk.GROUP,
    texts.GROUP,
    changes.GROUP,
    judging.GROUP,
    revisions.GROUP,
    trying.GROUP,
    live_testing.GROUP,
    providers.GROUP,
    jobs.GROUP,
    nodes.GROUP,
    mail.GROUP,
    following.GROUP,
    audit.GROUP,
    backups.GROUP,
    people.GROUP,
    account.GROUP,
    description.GROUP,
)
