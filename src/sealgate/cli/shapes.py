"""The JSON shapes of what services return; documented in docs/terminal.md, and stable.

Names are never changed or removed here, only added. No shape holds a secret.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sealgate.services.wording import shown_fields

if TYPE_CHECKING:
    from sealgate.link.messages import Outcome
    from sealgate.services.changes import Pending
    from sealgate.services.judging import Judged
    from sealgate.services.rows import Page
    from sealgate.services.saved import Saved
    from sealgate.services.settings import ShownSetting
    from sealgate.services.wording import Difference
    from sealgate.store import Revision, Stored


def saved_json(saved: Saved) -> dict[str, Any]:
    """Return what a write left behind."""
    return {
        "noun": saved.noun,
        "key": saved.key,
        "version": saved.version,
        "findings": [finding.to_json() for finding in saved.findings],
    }


def stored_json(row: Stored) -> dict[str, Any]:
    """Return a row; a secret in it is only said to be stored."""
    return {
        "noun": row.noun,
        "key": row.key,
        "fields": shown_fields(row),
        "comment": row.comment,
        "enabled": row.enabled,
        "position": row.position,
        "version": row.version,
    }


def page_json(page: Page) -> dict[str, Any]:
    """Return a part of a list."""
    return {
        "noun": page.noun,
        "total": page.total,
        "next": page.next or None,
        "rows": [stored_json(row) for row in page.rows],
    }


def setting_json(item: ShownSetting) -> dict[str, Any]:
    """Return a setting."""
    return {
        "name": item.name,
        "title": item.title,
        "value": item.value,
        "shown": item.shown,
        "set": item.is_set,
        "live": item.live,
        "pending": item.pending,
        "version": item.version,
    }


def difference_json(item: Difference) -> dict[str, Any]:
    """Return one object that differs."""
    return {
        "noun": item.noun,
        "key": item.key,
        "what": item.what.value,
        "fields": {change.field: {"old": change.old, "new": change.new} for change in item.fields},
        "lines": list(item.lines),
        "widens": item.widens,
    }


def pending_json(item: Pending) -> dict[str, Any]:
    """Return one change of the draft."""
    return {**difference_json(item.difference), "actor": item.actor, "at": item.at.isoformat()}


def revision_json(item: Revision, in_force: int) -> dict[str, Any]:
    """Return a revision."""
    return {
        "revision": item.number,
        "parent": item.parent or None,
        "state": item.state,
        "in_force": item.number == in_force,
        "actor": item.actor,
        "at": item.at.isoformat(),
        "comment": item.comment,
        "detail": item.detail,
        "digest": item.digest,
    }


def judged_json(judged: Judged) -> dict[str, Any]:
    """Return what is known of a candidate."""
    report = judged.report
    return {
        "digest": judged.candidate.digest,
        "passed": judged.passed,
        "judged_by_postfix": report is not None,
        "grade": report.grade.value if report else None,
        "seconds": report.seconds if report else None,
        "judged": list(report.judged) if report else [],
        "not_judged": list(report.not_judged) if report else [],
        "findings": [finding.to_json() for finding in judged.findings],
    }


def outcome_json(outcome: Outcome) -> dict[str, Any]:
    """Return how an apply, confirm or rollback ended."""
    return {
        "state": outcome.state.value,
        "revision": outcome.revision,
        "release": outcome.release,
        "text": outcome.text,
        "evidence": list(outcome.evidence),
        "watch_until": outcome.watch_until,
        "seconds": outcome.seconds,
    }
