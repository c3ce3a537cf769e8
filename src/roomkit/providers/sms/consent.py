"""Opt-outs on their way between a vendor's webhooks, a registry, and the messages to be sent."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Collection, Mapping
from typing import Any, ClassVar

from roomkit._tasks import TaskScope, is_failure
from roomkit.errors import ProviderError
from roomkit.models.address import canonical_phone
from roomkit.models.delivery import InboundMessage, WebhookMeta
from roomkit.providers.base import TransportProvider
from roomkit.providers.sms.opt_out import InMemoryOptOutRegistry, OptOutRegistry

logger = logging.getLogger("roomkit.providers")

ALL_SENDERS = ""
_MOST_NOTED = 1_000
type _Key = tuple[str, tuple[str, ...]]


class OptOutGate:
    """Passes opt-outs on to a registry, and asks it.

    Webhooks are parsed in plain functions while a registry may be a database, so what is to be
    written waits here, one entry for each person, and counts from the moment it was noted. What
    the registry fails to take is kept and tried again with the next message to anybody.
    """

    def __init__(self, registry: OptOutRegistry) -> None:
        self.registry = registry
        self._unwritten: dict[_Key, bool] = {}
        self._writing = False
        self._scope = TaskScope("opt-outs")

    def note(self, recipient: str, senders: Collection[str], opted_out: bool) -> None:
        """Remember what somebody asked for. Needs no event loop."""
        key = (recipient, tuple(senders))
        self._unwritten.pop(key, None)
        self._unwritten[key] = opted_out

    def start_writing(self) -> None:
        """Write in the background what has been noted. Needs a running loop."""
        if self._unwritten and not self._writing:
            self._scope.spawn(self.write(), name="opt-outs")

    async def write(self) -> None:
        """Write what has been noted, in order."""
        if self._writing:
            return
        self._writing = True
        try:
            while self._unwritten:
                key, opted_out = next(iter(self._unwritten.items()))
                await self.registry.set_opted_out(*key, opted_out)
                # Unless they have changed their mind meanwhile.
                if self._unwritten.get(key) is opted_out:
                    del self._unwritten[key]
        except BaseException as error:
            if not is_failure(error):
                raise
            logger.error(
                "%d opt-outs could not be written yet: %s",
                len(self._unwritten),
                type(error).__name__,
            )
        finally:
            self._writing = False

    async def is_closed_to(self, recipient: str, senders: Collection[str]) -> bool:
        """Whether a person must not be written to."""
        undecided = {*senders, ALL_SENDERS}
        for (person, named), opted_out in reversed(self._unwritten.items()):
            decided = undecided.intersection(named) if person == recipient else ()
            if decided and opted_out:
                return True
            undecided.difference_update(decided)
        self.start_writing()
        return bool(undecided) and await self.registry.is_opted_out(recipient, undecided)

    async def close(self) -> None:
        """Write what is left, and wait for what is being written."""
        await self._scope.close()
        await self.write()
        if self._unwritten:
            logger.error("%d opt-outs were never written", len(self._unwritten))


class OptOutAware(TransportProvider):
    """Base of providers that write to phones; comes before the vendor's own base.

    Attributes:
        opt_out_pool_key: under which key of a message's metadata the vendor names the pool of
            numbers that an opt-out covers, if it has such pools.
    """

    opt_out_pool_key: ClassVar[str | None] = None

    def __init__(self, opt_outs: OptOutRegistry | None = None) -> None:
        self._gate = OptOutGate(InMemoryOptOutRegistry() if opt_outs is None else opt_outs)
        self._noted: OrderedDict[str, None] = OrderedDict()

    @property
    def opt_outs(self) -> OptOutRegistry:
        """Who has opted out."""
        return self._gate.registry

    def parse_webhook(self, payload: Mapping[str, Any]) -> list[WebhookMeta]:
        items = super().parse_webhook(payload)
        noted = [self._note(item.message) for item in items if item.message is not None]
        if any(noted) and _has_loop():
            self._gate.start_writing()
        return items

    async def note_inbound(self, message: InboundMessage) -> None:
        """Remember the opt-out or opt-in in a message that did not come through `parse_webhook`.

        Does nothing for other messages, and for one that has been noted. It counts at once and is
        written in the background, like those of `parse_webhook`.
        """
        if self._note(message):
            self._gate.start_writing()

    async def close(self) -> None:
        await self._gate.close()
        await super().close()

    async def _check_consent(self, recipient: str, senders: Collection[str | None]) -> None:
        """Refuse to write to somebody who has opted out.

        Raises:
            ProviderError: with the code ``opted_out``, or with ``opt_out_unknown`` and retryable
                if the registry cannot tell.
        """
        known = {sender for sender in senders if sender}
        try:
            if not await self._gate.is_closed_to(recipient, known):
                return
        except Exception as error:  # a registry is somebody else's code
            logger.error("the registry of opt-outs failed: %s", type(error).__name__)
            failure = ProviderError(
                f"{self.name}: whether the recipient has opted out is not known now",
                provider=self.name,
                code="opt_out_unknown",
                retryable=True,
            )
        else:
            failure = ProviderError(
                f"{self.name}: the recipient has opted out", provider=self.name, code="opted_out"
            )
        raise failure

    def _note(self, message: InboundMessage) -> bool:
        facts = message.metadata
        action = facts.get("opt_out")
        if action not in ("stop", "start"):
            return False
        ours = [facts.get("recipient"), facts.get(self.opt_out_pool_key or "")]
        senders = [sender for sender in ours if isinstance(sender, str) and sender]
        key = message.idempotency_key or message.provider_message_id
        if key is not None and self._is_noted(f"{action}:{key}"):
            return False
        person = canonical_phone(message.sender_id)
        self._gate.note(person, senders or [ALL_SENDERS], action == "stop")
        return True

    def _is_noted(self, key: str) -> bool:
        """Whether a message was noted before: a STOP that comes once more, after a START, says
        nothing new."""
        if key in self._noted:
            return True
        self._noted[key] = None
        if len(self._noted) > _MOST_NOTED:
            self._noted.popitem(last=False)
        return False


def _has_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
