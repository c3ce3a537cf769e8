"""Messages that come in on a linked device of a personal WhatsApp account."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Any

from roomkit.errors import KitClosedError, ProviderError, locate_error
from roomkit.models.delivery import DeliveryStatus
from roomkit.providers.whatsapp.personal import WhatsAppPersonalProvider
from roomkit.sources.base import Emit, SourceProvider

logger = logging.getLogger("roomkit.sources")

type OnStatus = Callable[[DeliveryStatus], Awaitable[Any]]


class NeonizeSource(SourceProvider):
    """Keeps a provider's device connected and hands in what comes.

    ```python
    provider = WhatsAppPersonalProvider(on_qr=show)
    kit.register_channel(WhatsAppPersonalChannel("wa", provider=provider))
    source = NeonizeSource(provider, on_status=kit.process_delivery_status)
    await kit.attach_source("wa", source)
    ```

    neonize reconnects by itself; if it gives up, the source fails and is started again. It fails
    for good, with a `ProviderError` of the code ``logged_out``, ``replaced``, ``banned`` or
    ``outdated``, if the account's owner has unlinked the device, another program has taken it
    over, or WhatsApp does not let it in.

    Args:
        on_status: takes the reports about messages that were sent, usually
            `RoomKit.process_delivery_status`. None drops them.
    """

    def __init__(
        self, provider: WhatsAppPersonalProvider, *, on_status: OnStatus | None = None
    ) -> None:
        self._provider = provider
        self._on_status = on_status
        self._dropped = 0

    @property
    def name(self) -> str:
        return "neonize"

    @property
    def connected(self) -> bool:
        return self._provider.has_connected

    @property
    def dropped(self) -> int:
        return self._dropped

    async def start(self, emit: Emit) -> None:
        end = await self._provider.listen(emit, self._report)
        if end != "stopped":
            raise ProviderError(
                f"{self._provider.name}: the session is over: {end}",
                provider=self._provider.name,
                code="connection_lost" if end == "lost" else end,
                retryable=end == "lost",
            )

    async def _report(self, status: DeliveryStatus) -> None:
        if self._on_status is None:
            return
        try:
            await self._on_status(status)
        except KitClosedError:
            raise
        except Exception as error:  # one report's failure must not end the session
            self._dropped += 1
            logger.error("a WhatsApp report failed: %s", locate_error(error))
