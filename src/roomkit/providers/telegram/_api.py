"""The Bot API: https://core.telegram.org/bots/api

The token is a part of each URL, so no URL may get into an error, a log or a result.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import quote

from roomkit._clock import SYSTEM_CLOCK, Clock
from roomkit.errors import ProviderError
from roomkit.providers._chat_items import amount
from roomkit.providers._download import Download, DownloadRequest, FileVendor
from roomkit.providers._http import VendorFault, VendorRequest, VendorResponse
from roomkit.providers._webhook_items import mapping, text
from roomkit.providers.telegram.config import TelegramConfig

if TYPE_CHECKING:
    import httpx

VENDOR = "telegram"

_BAD_CHAT = VendorFault(code="invalid_recipient", retryable=False)
_BLOCKED = VendorFault(code="blocked", retryable=False)
_BAD_MEDIA = VendorFault(code="invalid_media", retryable=False)
_NO_TARGET = VendorFault(code="target_not_found", retryable=False)

# Telegram has no codes beyond the HTTP status, only these words, which have not changed in years.
_FAULTS: Mapping[str, VendorFault] = {
    "chat not found": _BAD_CHAT,
    "user not found": _BAD_CHAT,
    "peer_id_invalid": _BAD_CHAT,
    "bot was blocked": _BLOCKED,
    "user is deactivated": _BLOCKED,
    "bot was kicked": _BLOCKED,
    "bot is not a member": _BLOCKED,
    "can't initiate conversation": _BLOCKED,
    "the group chat was deleted": _BLOCKED,
    "message is not modified": VendorFault(code="not_modified", retryable=False),
    "message to edit not found": _NO_TARGET,
    "message to delete not found": _NO_TARGET,
    "message can't be edited": _NO_TARGET,
    "message can't be deleted": _NO_TARGET,
    "message is too long": VendorFault(code="too_long", retryable=False),
    "caption is too long": VendorFault(code="too_long", retryable=False),
    "message text is empty": VendorFault(code="empty_message", retryable=False),
    "wrong file identifier": _BAD_MEDIA,
    "failed to get http url content": _BAD_MEDIA,
    "wrong type of the web page content": _BAD_MEDIA,
    "file is too big": VendorFault(code="too_large", retryable=False),
}


class ChatMigratedError(ProviderError):
    """The group has become a supergroup, which has another id: `chat`."""

    def __init__(self, chat: str) -> None:
        super().__init__(
            f"{VENDOR}: the group has moved to another id",
            provider=VENDOR,
            status_code=400,
            vendor_code="400",
            code="chat_migrated",
        )
        self.chat = chat


@dataclass(frozen=True, kw_only=True, slots=True)
class Upload:
    """A file that is sent along with a call, in place of the parameter `name`."""

    name: str
    filename: str
    mime_type: str
    content: bytes


class TelegramAPI(FileVendor):
    """Calls the methods of the Bot API."""

    vendor: ClassVar[str] = VENDOR
    extra: ClassVar[str] = "telegram"

    def __init__(
        self,
        config: TelegramConfig,
        *,
        http_client: httpx.AsyncClient | None = None,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        super().__init__(
            timeout=config.timeout,
            max_concurrency=config.max_concurrency,
            http_client=http_client,
            clock=clock,
        )
        self._config = config

    async def call(
        self, method: str, params: Mapping[str, Any], upload: Upload | None = None
    ) -> Any:
        """Call a method of the Bot API, also one that has no other way here.

        Args:
            params: as the method's documentation names them.

        Returns:
            The ``result``.

        Raises:
            ProviderError: Telegram refused or could not be reached.
        """
        answer = await self._request(self._method(method, params, upload))
        body = answer.mapping()
        if body.get("ok") is True and "result" in body:
            return body["result"]
        if body.get("ok") is False:
            raise self._refusal(answer)
        # Not tried again: Telegram said yes, and would do it twice.
        raise self._error(
            "the answer makes no sense", "bad_answer", status=answer.status, retryable=False
        )

    async def fetch_file(self, file_id: str, *, max_bytes: int = 20_000_000) -> Download:
        """A file that somebody has sent to the bot.

        https://core.telegram.org/bots/api#getfile: Telegram hands out at most 20 MB.

        Args:
            file_id: from ``metadata["files"]`` of the message, or the URL of its content.
            max_bytes: a larger file is refused.

        Raises:
            ProviderError: there is no such file, or it is ``too_large``.
        """
        file = mapping(await self.call("getFile", {"file_id": file_id_of(file_id) or file_id}))
        path = text(file.get("file_path"))
        if not path or ".." in path.split("/"):
            raise self._error("the answer names no file", "bad_answer")
        url = f"{self._config.base_url}/file/bot{self._token}/{quote(path)}"
        return await self._download(DownloadRequest(method="GET", url=url, max_bytes=max_bytes))

    @property
    def _token(self) -> str:
        return quote(self._config.bot_token.get_secret_value(), safe=":")

    def _method(
        self, method: str, params: Mapping[str, Any], upload: Upload | None
    ) -> VendorRequest:
        url = f"{self._config.base_url}/bot{self._token}/{method}"
        if upload is None:
            return VendorRequest(method="POST", url=url, json=dict(params))
        boundary = secrets.token_hex(16)
        return VendorRequest(
            method="POST",
            url=url,
            headers={"content-type": f"multipart/form-data; boundary={boundary}"},
            content=_multipart(boundary, params, upload),
        )

    def _fault(self, response: VendorResponse) -> VendorFault | None:
        words = text(response.mapping().get("description")).lower()
        for sign, fault in _FAULTS.items():
            if sign in words:
                return fault
        return None

    def _refusal(self, response: VendorResponse) -> ProviderError:
        """Telegram says in the body how long to wait, and where a group has gone."""
        parameters = mapping(response.mapping().get("parameters"))
        moved = text(parameters.get("migrate_to_chat_id"))
        if moved:
            return ChatMigratedError(moved)
        error = super()._refusal(response)
        pause = amount(parameters.get("retry_after"))
        if pause is not None:
            error.retry_after = pause
        return error


FILE_SCHEME = "telegram-file:"
"""What the URL of a file begins with that is known to Telegram by its id alone."""


def file_url(file_id: str) -> str:
    """The URL that stands for a file. The real one would hold the bot's token."""
    return FILE_SCHEME + file_id


def file_id_of(url: str) -> str | None:
    """The id in such a URL; None if it is another one."""
    return url.removeprefix(FILE_SCHEME) if url.startswith(FILE_SCHEME) else None


def _multipart(boundary: str, params: Mapping[str, Any], upload: Upload) -> bytes:
    """A form with a file (RFC 7578)."""
    parts: list[bytes] = []
    for name, value in params.items():
        written = value if isinstance(value, str) else json.dumps(value)
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'
        parts.append(f"{head}{written}\r\n".encode())
    filename = "".join("_" if char in '"\\\r\n' else char for char in upload.filename)
    kind = upload.mime_type if upload.mime_type.isprintable() else "application/octet-stream"
    head = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="{upload.name}"; '
        f'filename="{filename}"\r\nContent-Type: {kind}\r\n\r\n'
    )
    return b"".join([*parts, head.encode(), upload.content, f"\r\n--{boundary}--\r\n".encode()])
