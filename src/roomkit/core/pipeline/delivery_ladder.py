"""How far a message has got, from reports that come in any order."""

from __future__ import annotations

from collections import OrderedDict

from roomkit.models._frozen import freeze
from roomkit.models.delivery import DeliveryResult, DeliveryStatus

_MAX_EARLY = 1000
_MAX_EACH = 16
_LADDER = {"queued": 0, "accepted": 0, "sending": 1, "sent": 2, "delivered": 3, "read": 4}
_FAILED = frozenset({"failed", "undelivered", "rejected", "expired"})


def next_status(current: str | None, reported: str) -> str | None:
    """The status to keep when a report comes in, or None to leave things as they are.

    Reports arrive in any order. A message only ever gets further (queued, sent, delivered, read),
    and once it has failed it stays failed; so does one that was seen to arrive.
    """
    reported = reported.lower()
    if current in _FAILED:
        return None
    if reported in _FAILED:
        return None if current in ("delivered", "read") else "failed"
    if reported not in _LADDER:
        return None
    if current is None or _LADDER.get(current, -1) < _LADDER[reported]:
        return reported
    return None


def advanced(result: DeliveryResult, status: DeliveryStatus) -> DeliveryResult:
    """An outcome after a report; the same object if the report changes nothing.

    A message in parts has got as far as the part that is furthest behind, and has failed as soon
    as one of them has.
    """
    if len(result.message_ids) < 2:
        kept = next_status(result.status, status.status)
        return result if kept is None else _with_status(result, kept, status)
    parts = dict(result.metadata.get("part_status") or {})
    kept = next_status(parts.get(status.message_id, "sent"), status.status)
    if kept is None:
        return result
    parts[status.message_id] = kept
    result = result.evolve(metadata=freeze({**result.metadata, "part_status": parts}))
    overall = kept
    if kept != "failed" and result.status not in _FAILED:
        reached = [parts.get(message_id, "sent") for message_id in result.message_ids]
        overall = min(reached, key=lambda rung: _LADDER.get(rung, 0))
    elif result.status in _FAILED:
        return result
    return _with_status(result, overall, status)


def _with_status(result: DeliveryResult, kept: str, status: DeliveryStatus) -> DeliveryResult:
    if kept != "failed":
        return result.evolve(status=kept)
    return result.evolve(
        status=kept,
        success=False,
        error=status.error_message or "failed",
        error_code=status.error_code,
    )


class EarlyReports:
    """Reports about messages whose sending is not recorded yet.

    A vendor may report before it has answered the request to send. The newest thousand such
    messages are remembered; a report about a message that was never sent from here stays until it
    is pushed out.
    """

    def __init__(self) -> None:
        self._reports: OrderedDict[str, list[DeliveryStatus]] = OrderedDict()

    def note(self, status: DeliveryStatus) -> None:
        """Keep a report for the time when its message is known."""
        reports = self._reports.setdefault(status.message_id, [])
        if len(reports) < _MAX_EACH:
            reports.append(status)
        if len(self._reports) > _MAX_EARLY:
            self._reports.popitem(last=False)

    def applied(self, results: dict[str, DeliveryResult]) -> dict[str, DeliveryResult]:
        """The outcomes with what has been reported about them already."""
        if not self._reports:
            return results
        changed: dict[str, DeliveryResult] = {}
        for channel_id, result in results.items():
            for message_id in result.message_ids:
                for status in self._reports.pop(message_id, ()):
                    result = changed[channel_id] = advanced(result, status)
        return {**results, **changed} if changed else results
