"""A linked device of a personal account, with neonize doing the talking.

neonize is a library in Go: its calls block, and it calls back from threads of its own. Everything
that crosses between those threads and the event loop does so here.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal

from roomkit._clock import Clock
from roomkit._tasks import TaskScope, as_coroutine
from roomkit.errors import ProviderError
from roomkit.providers.whatsapp.neonize_types import Neonize, neonize_failure

logger = logging.getLogger("roomkit.providers")

VENDOR = "whatsapp_personal"

type SessionEnd = Literal["lost", "stopped", "logged_out", "replaced", "banned", "outdated"]
"""Why a session is over. ``lost`` is worth another attempt, the others are not: the account's
owner has unlinked the device, another program uses it, WhatsApp has locked the account for a while
or does not accept this version of neonize any more."""
type SessionState = Literal["idle", "connecting", "connected"]
type OnQR = Callable[[str], Any | Awaitable[Any]]
"""Is given the text of each QR code that the account's owner may scan to link the device."""

_MOST_WAITING = 1000
_CLOSING_SECONDS = 5.0
_CLOSING_ATTEMPTS = 10
_WORKERS = 4
_FINAL: dict[str, SessionEnd] = {
    "LoggedOutEv": "logged_out",
    "StreamReplacedEv": "replaced",
    "TemporaryBanEv": "banned",
    "ClientOutdatedEv": "outdated",
}


@dataclass(kw_only=True)
class _Run:
    """One life of a client, from its connection to its end."""

    client: Any
    loop: asyncio.AbstractEventLoop
    pool: ThreadPoolExecutor
    events: asyncio.Queue[Any] = field(default_factory=asyncio.Queue)
    room: threading.BoundedSemaphore = field(
        default_factory=lambda: threading.BoundedSemaphore(_MOST_WAITING)
    )
    stopping: threading.Event = field(default_factory=threading.Event)
    connected: asyncio.Event = field(default_factory=asyncio.Event)
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    end: SessionEnd = "lost"
    thread: threading.Thread | None = None

    def tell(self, function: Callable[..., Any], *args: Any) -> None:
        """Call something in the event loop, from any thread."""
        try:
            self.loop.call_soon_threadsafe(function, *args)
        except RuntimeError:
            logger.debug("a WhatsApp session outlives its event loop")

    def offer(self, event: Any) -> None:
        """Queue an event, from neonize's thread, which waits while there is no room."""
        while not self.room.acquire(timeout=0.2):
            if self.stopping.is_set():
                return
        self.tell(self.events.put_nowait, event)

    def disconnect(self) -> None:
        """End the client, and wait for its thread. Blocks."""
        thread = self.thread
        if thread is None:
            return
        for _ in range(_CLOSING_ATTEMPTS):
            # It may be about to connect still, which then goes on.
            self.client.stop()
            thread.join(_CLOSING_SECONDS / _CLOSING_ATTEMPTS)
            if not thread.is_alive():
                return
        logger.error("a WhatsApp session did not end in time")

    def finish(self, end: SessionEnd) -> None:
        """It is over; the first reason counts."""
        if not self.ended.is_set():
            self.end = end
            self.connected.clear()
            self.ended.set()
            self.events.put_nowait(None)


class NeonizeSession:
    """Runs a client of neonize's, one at a time.

    Args:
        make_client: makes a ``neonize.client.NewClient`` that is not connected yet.
        on_qr: see `OnQR`; None lets neonize print the codes to the terminal.
        connect_timeout: seconds that a call waits for the connection.
        call_timeout: seconds for one call. One that takes longer goes on unseen.
    """

    def __init__(
        self,
        neonize: Neonize,
        make_client: Callable[[], Any],
        *,
        on_qr: OnQR | None,
        connect_timeout: float,
        call_timeout: float,
        clock: Clock,
    ) -> None:
        self._neonize = neonize
        self._make_client = make_client
        self._on_qr = on_qr
        self._connect_timeout = connect_timeout
        self._call_timeout = call_timeout
        self._clock = clock
        self._run: _Run | None = None
        self._has_connected = False
        self._listening = False
        self._scope = TaskScope("whatsapp session")

    @property
    def state(self) -> SessionState:
        """How the session is doing. It is idle before the first call and after its end."""
        run = self._run
        if run is None or run.ended.is_set():
            return "idle"
        return "connected" if run.connected.is_set() else "connecting"

    @property
    def has_connected(self) -> bool:
        """Whether the present or last life of the client got as far as a connection."""
        return self._has_connected

    @property
    def own_jid(self) -> Any:
        """The account's own address, once the client knows it."""
        device = None if self._run is None else self._run.client.me
        return None if device is None else device.JID

    async def listen(self, handle: Callable[[Any], Awaitable[None]]) -> SessionEnd:
        """Connect, and hand over neonize's messages and receipts, until the session is over.

        They come one at a time and in their order. What `handle` raises ends the session.

        Raises:
            RuntimeError: somebody is listening already.
        """
        if self._listening:
            raise RuntimeError("this session is being listened to already")
        self._listening = True
        try:
            run = self._begin()
            while (event := await run.events.get()) is not None:
                try:
                    await handle(event)
                finally:
                    run.room.release()
            return run.end
        finally:
            self._listening = False
            await self.stop()

    async def call(self, method: str, *args: Any, **kwargs: Any) -> Any:
        """Call a method of the client's, connecting first if need be.

        Raises:
            ProviderError: ``not_connected``, ``timeout``, or what neonize's exception means.
        """
        run = await self._connected()
        work = partial(getattr(run.client, method), *args, **kwargs)
        try:
            async with self._clock.timeout(self._call_timeout):
                return await run.loop.run_in_executor(run.pool, work)
        except TimeoutError:
            failure = self._error("no answer in time", "timeout", retryable=True)
        except Exception as error:  # neonize's, and those of the libraries below it
            code, retryable = neonize_failure(error)
            failure = self._error(f"{code} ({type(error).__name__})", code, retryable=retryable)
        raise failure

    async def stop(self) -> None:
        """Disconnect, and wait a few seconds for the client's threads to end."""
        run, self._run = self._run, None
        if run is None:
            return
        run.stopping.set()
        run.finish("stopped")
        ending = asyncio.ensure_future(run.loop.run_in_executor(run.pool, run.disconnect))
        ending.add_done_callback(_observe)
        await asyncio.wait([ending], timeout=_CLOSING_SECONDS)
        run.pool.shutdown(wait=False, cancel_futures=True)
        await self._scope.close()

    def _begin(self) -> _Run:
        """The current life of the client; a new one if it has none."""
        run = self._run
        if run is not None and not run.ended.is_set():
            return run
        run = self._run = _Run(
            client=self._make_client(),
            loop=asyncio.get_running_loop(),
            pool=ThreadPoolExecutor(_WORKERS, thread_name_prefix="roomkit-whatsapp"),
        )
        self._has_connected = False
        self._register(run)
        run.thread = threading.Thread(
            target=self._connect, args=(run,), name="roomkit-whatsapp", daemon=True
        )
        run.thread.start()
        return run

    async def _connected(self) -> _Run:
        run = self._begin()
        if not run.connected.is_set() and not run.ended.is_set():
            waits = [asyncio.ensure_future(it.wait()) for it in (run.connected, run.ended)]
            try:
                async with self._clock.timeout(self._connect_timeout):
                    await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            except TimeoutError:
                logger.warning("WhatsApp is not connected after %s s", self._connect_timeout)
            finally:
                for wait in waits:
                    wait.cancel()
        if run.connected.is_set():
            return run
        raise self._error("there is no connection", "not_connected", retryable=True)

    def _connect(self, run: _Run) -> None:
        """Runs in a thread of its own for as long as the session lasts."""
        try:
            run.client.connect()
        except Exception as error:  # neonize's, and those of the libraries below it
            logger.warning("a WhatsApp session failed: %s", type(error).__name__)
        run.tell(run.finish, "lost")

    def _register(self, run: _Run) -> None:
        """Tell the client whom to call back."""
        on, kinds = run.client.event, self._neonize.events
        for name in ("MessageEv", "ReceiptEv"):
            on(getattr(kinds, name))(lambda _client, event: self._offer(run, event))
        for name, end in _FINAL.items():
            on(getattr(kinds, name))(lambda _client, _event, end=end: run.tell(run.finish, end))
        on(kinds.ConnectedEv)(lambda _client, _event: run.tell(self._note_connected, run))
        on(kinds.DisconnectedEv)(lambda _client, _event: run.tell(run.connected.clear))
        on_qr = self._on_qr
        if on_qr is not None:
            on.qr(lambda _client, code: run.tell(self._show, on_qr, bytes(code).decode()))

    def _note_connected(self, run: _Run) -> None:
        run.connected.set()
        self._has_connected = True

    def _offer(self, run: _Run, event: Any) -> None:
        if self._listening:
            run.offer(event)
        else:
            logger.warning("a WhatsApp message came in and nobody is listening")

    def _show(self, on_qr: OnQR, code: str) -> None:
        async def show() -> None:
            shown = on_qr(code)
            if shown is not None and hasattr(shown, "__await__"):
                await as_coroutine(shown)

        self._scope.spawn(show(), name="qr code")

    def _error(self, message: str, code: str, *, retryable: bool) -> ProviderError:
        logger.warning("%s failed: code=%s", VENDOR, code)
        return ProviderError(
            f"{VENDOR}: {message}", provider=VENDOR, code=code, retryable=retryable
        )


def _observe(future: asyncio.Future[Any]) -> None:
    """Take note of what a call has raised that nobody waits for."""
    if not future.cancelled() and future.exception() is not None:
        logger.warning("ending a WhatsApp session failed: %s", type(future.exception()).__name__)
