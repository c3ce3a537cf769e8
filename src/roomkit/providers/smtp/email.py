"""Mail through any server that speaks SMTP."""

from __future__ import annotations

import asyncio
import logging
import ssl
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from roomkit._clock import SYSTEM_CLOCK, Clock
from roomkit._lazy import require
from roomkit.errors import ProviderError
from roomkit.models.delivery import ProviderResult
from roomkit.providers._http_failures import failed
from roomkit.providers.email.mime import build_message
from roomkit.providers.email.outgoing import OutgoingMail
from roomkit.providers.email.sending import MailSender
from roomkit.providers.smtp._failures import mapped
from roomkit.providers.smtp.config import SMTPConfig

if TYPE_CHECKING:
    import aiosmtplib

__all__ = ["SMTPConfig", "SMTPEmailProvider"]

logger = logging.getLogger("roomkit.providers")

VENDOR = "smtp"
_LARGE_BYTES = 250_000
_GOODBYE_SECONDS = 2.0
_PROBE_SECONDS = 5.0


@dataclass(slots=True)
class _Pool:
    """The connections of one event loop: those that wait for mail, and the places for all."""

    loop: asyncio.AbstractEventLoop
    places: asyncio.Semaphore
    idle: list[aiosmtplib.SMTP] = field(default_factory=list)


class SMTPEmailProvider(MailSender):
    """Hands mail to a server over SMTP (RFC 5321), with the package aiosmtplib.

    Connections are kept open for further mail, several side by side if many are sent at once. The
    ``provider_message_id`` is the mail's ``Message-ID``, by which bounces are matched: hand mail
    that comes in to `read_email`, and what that returns to `RoomKit.process_webhook`.

    Besides what `MailSender` refuses, a refusal has one of the codes ``invalid_recipient``,
    ``invalid_sender``, ``unauthorized``, ``rejected``, ``too_large``, ``insecure`` (the server's
    certificate is not good), ``not_supported`` (no STARTTLS, no way to sign in) and
    ``bad_answer``; ``unavailable``, ``rate_limited``, ``mailbox_busy``, ``timeout``,
    ``unreachable`` and ``connection_lost`` may pass. The server's reply is in
    ``metadata["status_code"]``, its enhanced code in ``metadata["vendor_code"]``.

    Args:
        tls_context: certificates to trust instead of the system's.
    """

    def __init__(
        self,
        config: SMTPConfig,
        *,
        tls_context: ssl.SSLContext | None = None,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self._smtp: Any = require("aiosmtplib", extra="smtp", feature=type(self).__name__)
        self._config: SMTPConfig = config
        self._clock = clock
        self._tls_context = tls_context
        self._pool: _Pool | None = None
        self._closed = False

    @property
    def name(self) -> str:
        return VENDOR

    async def close(self) -> None:
        """Close the connections; one that is in use is closed when its mail is through.

        Later sends fail with the code ``closed``.
        """
        self._closed = True
        pool, self._pool = self._pool, None
        # The connections of a loop that has ended cannot be closed any more.
        if pool is not None and pool.loop is asyncio.get_running_loop():
            await asyncio.gather(*(self._part(connection) for connection in pool.idle))

    async def _post(self, mail: OutgoingMail) -> ProviderResult:
        try:
            await self._deliver(mail, await _written(mail))
        except ProviderError as error:
            logger.warning(
                "%s failed: code=%s status=%s vendor_code=%s",
                VENDOR,
                error.code,
                error.status_code,
                error.vendor_code,
            )
            return failed(error)
        return ProviderResult(success=True, provider_message_id=mail.message_id)

    async def _deliver(self, mail: OutgoingMail, written: bytes) -> None:
        if self._closed:
            raise ProviderError("smtp: the provider is closed", provider=VENDOR, code="closed")
        pool = self._current_pool()
        failure: ProviderError
        async with pool.places:
            try:
                async with self._clock.timeout(self._config.timeout):
                    return await self._hand_over(pool, mail, written)
            except (self._smtp.SMTPException, OSError, ValueError, RuntimeError) as error:
                failure = mapped(error, VENDOR)
        # Outside of the handlers, so that no foreign exception hangs on to ours as its context.
        raise failure

    async def _hand_over(self, pool: _Pool, mail: OutgoingMail, written: bytes) -> None:
        connection = await self._connection(pool)
        try:
            await connection.sendmail(mail.sender.address, [mail.to], written)
        except (self._smtp.SMTPResponseException, self._smtp.SMTPRecipientsRefused) as error:
            # After a proper refusal the library has reset the transaction.
            if getattr(error, "code", 0) < 0:
                connection.close()
            await self._keep(pool, connection)
            raise
        except BaseException:
            connection.close()
            raise
        await self._keep(pool, connection)

    async def _connection(self, pool: _Pool) -> aiosmtplib.SMTP:
        """A connection that answers: one that waits, or else a new one."""
        while pool.idle:
            connection = pool.idle.pop()
            try:
                async with self._clock.timeout(_PROBE_SECONDS):
                    await connection.rset()
            except (self._smtp.SMTPException, OSError):
                connection.close()  # the server has hung up in the meantime
            except BaseException:
                connection.close()
                raise
            else:
                return connection
        config = self._config
        fresh: aiosmtplib.SMTP = self._smtp.SMTP(
            hostname=config.host,
            port=config.actual_port,
            username=config.username,
            password=None if config.password is None else config.password.get_secret_value(),
            use_tls=config.security == "tls",
            start_tls=config.security == "starttls",
            tls_context=self._tls_context,
            timeout=None,
        )
        await fresh.connect()
        return fresh

    async def _keep(self, pool: _Pool, connection: aiosmtplib.SMTP) -> None:
        """Put a connection aside for the next mail."""
        if self._pool is pool and connection.is_connected:
            pool.idle.append(connection)
        else:
            await self._part(connection)

    async def _part(self, connection: aiosmtplib.SMTP) -> None:
        """Take leave of the server, for no longer than is polite."""
        try:
            if connection.is_connected:
                async with asyncio.timeout(_GOODBYE_SECONDS):
                    await connection.quit()
        except (self._smtp.SMTPException, OSError, TimeoutError):
            logger.debug("smtp: a connection ended without a goodbye")
        finally:
            connection.close()

    def _current_pool(self) -> _Pool:
        """The connections of the running loop; new ones if the last were another loop's."""
        loop = asyncio.get_running_loop()
        pool = self._pool
        if pool is None or pool.loop is not loop:
            places = asyncio.Semaphore(self._config.max_connections)
            pool = self._pool = _Pool(loop=loop, places=places)
        return pool


async def _written(mail: OutgoingMail) -> bytes:
    """The mail as it travels. Large files take half a second, which other work goes on in."""
    if sum(len(file.content) for file in mail.files) < _LARGE_BYTES:
        return build_message(mail).as_bytes()
    return await asyncio.to_thread(lambda: build_message(mail).as_bytes())
