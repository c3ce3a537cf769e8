"""A mail server on this machine that answers from a script and remembers what it was given.

    async with SMTPServer() as server:
        server.answer("RCPT", "550 5.1.1 no such user")
        ...                                     # something that connects to server.port
        assert server.mails[0].recipients == ["ada@example.com"]

It speaks just enough of RFC 5321 for a client: EHLO, STARTTLS, AUTH, MAIL, RCPT, DATA, RSET, QUIT.
"""

from __future__ import annotations

import asyncio
import base64
import ssl
from collections import defaultdict, deque
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from types import TracebackType
from typing import Self

HANG = "(say nothing)"
DROP = "(hang up)"

_LIMIT = 30_000_000


@dataclass(kw_only=True)
class ReceivedMail:
    """A mail that was taken, and how."""

    sender: str
    recipients: list[str] = field(default_factory=list)
    raw: bytes = b""
    encrypted: bool = False
    credentials: tuple[str, str] | None = None

    @property
    def message(self) -> EmailMessage:
        parsed = message_from_bytes(self.raw, policy=default)
        assert isinstance(parsed, EmailMessage)
        return parsed


@dataclass
class _Session:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    encrypted: bool
    credentials: tuple[str, str] | None = None
    mail: ReceivedMail | None = None


class SMTPServer:
    """Takes all mail, unless its script says otherwise.

    Args:
        tls: certificates; needed for STARTTLS and for `implicit_tls`.
        password: what AUTH has to give; without one, AUTH is not offered.

    Attributes:
        mails: what was taken, the oldest first.
        commands: every command, the first word of it in capitals.
        connections: how many connections were made.
        most_at_once: the largest number of connections at the same time.
    """

    def __init__(
        self,
        *,
        tls: ssl.SSLContext | None = None,
        implicit_tls: bool = False,
        password: str | None = None,
    ) -> None:
        self.port = 0
        self.mails: list[ReceivedMail] = []
        self.commands: list[str] = []
        self.connections = 0
        self.most_at_once = 0
        self._tls = tls
        self._implicit = implicit_tls
        self._password = password
        self._script: defaultdict[str, deque[str]] = defaultdict(deque)
        self._open: dict[asyncio.Task[None], asyncio.StreamWriter] = {}
        self._server: asyncio.Server | None = None
        self._arrived = asyncio.Condition()

    def answer(self, command: str, reply: str) -> None:
        """What to answer to the next such command, or `HANG`, or `DROP`.

        ``CONNECT`` is a new connection, ``.`` the end of a mail.
        """
        self._script[command].append(reply)

    async def wait_for(self, command: str, count: int = 1) -> None:
        """Wait until a command has come so often."""
        async with self._arrived:
            await self._arrived.wait_for(lambda: self.commands.count(command) >= count)

    async def hang_up(self) -> None:
        """Close all connections, as servers do with those that have been idle for long."""
        tasks = list(self._open)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(
            self._serve, "127.0.0.1", 0, ssl=self._tls if self._implicit else None, limit=_LIMIT
        )
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        assert self._server is not None
        self._server.close()
        await self.hang_up()
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open[task] = writer
        self.connections += 1
        self.most_at_once = max(self.most_at_once, len(self._open))
        try:
            await self._talk(_Session(reader, writer, self._implicit))
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            del self._open[task]
            writer.close()

    async def _talk(self, session: _Session) -> None:
        await self._reply(session, "CONNECT", "220 mail.test ready")
        while line := await session.reader.readline():
            words = line.decode("latin-1").strip()
            command, _, rest = words.partition(" ")
            command = command.upper()
            reply = await self._reply(session, command, self._usual(session, command, rest))
            if command == "QUIT":
                return
            if command == "STARTTLS" and reply.startswith("2"):
                assert self._tls is not None
                await session.writer.start_tls(self._tls)
                session.encrypted = True
            elif command == "DATA" and reply.startswith("3"):
                await self._take(session)

    def _usual(self, session: _Session, command: str, rest: str) -> str:
        """The usual answer to a command."""
        if command == "EHLO":
            return "\r\n".join([*(f"250-{it}" for it in self._extensions(session)), "250 SIZE"])
        if command == "AUTH":
            return self._authenticate(session, rest)
        if command == "MAIL":
            session.mail = ReceivedMail(
                sender=rest.partition("<")[2].partition(">")[0],
                encrypted=session.encrypted,
                credentials=session.credentials,
            )
        elif command == "RCPT" and session.mail is not None:
            session.mail.recipients.append(rest.partition("<")[2].partition(">")[0])
        elif command in ("STARTTLS", "QUIT", "DATA"):
            return {"STARTTLS": "220 go on", "QUIT": "221 bye", "DATA": "354 go on"}[command]
        return "250 2.0.0 ok"

    def _extensions(self, session: _Session) -> list[str]:
        offered = ["mail.test"]
        if self._tls is not None and not session.encrypted:
            offered.append("STARTTLS")
        if self._password is not None:
            offered.append("AUTH PLAIN")
        return offered

    def _authenticate(self, session: _Session, rest: str) -> str:
        _, user, password = base64.b64decode(rest.partition(" ")[2]).decode().split("\0")
        if password != self._password:
            return "535 5.7.8 wrong credentials"
        session.credentials = (user, password)
        return "235 2.7.0 welcome"

    async def _reply(self, session: _Session, command: str, usual: str) -> str:
        """Answer a command; returns the answer.

        Raises:
            ConnectionError: the script says to hang up.
        """
        script = self._script[command]
        reply = script.popleft() if script else usual
        async with self._arrived:
            self.commands.append(command)
            self._arrived.notify_all()
        if reply == HANG:
            await session.reader.read()
        if reply in (HANG, DROP):
            raise ConnectionAbortedError(reply)
        session.writer.write(f"{reply}\r\n".encode())
        await session.writer.drain()
        return reply

    async def _take(self, session: _Session) -> None:
        raw = await session.reader.readuntil(b"\r\n.\r\n")
        assert session.mail is not None
        session.mail.raw = raw[:-3].replace(b"\r\n..", b"\r\n.")
        if (await self._reply(session, ".", "250 2.0.0 queued")).startswith("2"):
            self.mails.append(session.mail)
        session.mail = None
