"""What WhatsApp and Messenger have in common: an app at Meta, and its Graph API."""

from __future__ import annotations

import hmac
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field, SecretStr, field_validator

from roomkit._clock import Clock
from roomkit.models.content import EventContent
from roomkit.models.delivery import ProviderResult
from roomkit.providers._config import NOT_SET, OptionalSecret, ProviderConfig
from roomkit.providers._content import File, files_of
from roomkit.providers._download import FileVendor
from roomkit.providers._http import VendorFault, VendorRequest, VendorResponse
from roomkit.providers._http_failures import failed
from roomkit.providers._inline import inline_file, is_inline
from roomkit.providers._meta_faults import meta_fault
from roomkit.providers._meta_webhooks import (
    SIGNATURE_HEADER,
    challenge_reply,
    verify_meta_signature,
)
from roomkit.providers._parts import send_parts
from roomkit.providers.base import TransportProvider, WebhookReply, WebhookRequest

if TYPE_CHECKING:
    import httpx

type Json = dict[str, Any]


class MetaAccount(ProviderConfig):
    """An app in Meta's developer console.

    Attributes:
        app_secret: the app's secret; webhooks are signed with it. Without it they cannot be
            verified.
        verify_token: a word of your own that you also enter in the console where you subscribe to
            webhooks; Meta says it when it makes sure of their address.
        app_secret_proof: prove with every request that you know the app's secret. Needed, and only
            allowed to be used, if the token was made for the same app; see "Require app secret"
            in the console.
        api_version: of the Graph API.
        base_url: a stand-in for tests.
        timeout: seconds for one request as a whole.
        max_concurrency: how many requests may be under way at once.
    """

    app_secret: OptionalSecret = NOT_SET
    verify_token: OptionalSecret = NOT_SET
    app_secret_proof: bool = False
    api_version: str = Field(default="v25.0", pattern=r"^v[0-9]{1,3}\.[0-9]{1,3}$")
    base_url: str = "https://graph.facebook.com"
    timeout: float = Field(default=10.0, gt=0)
    max_concurrency: int = Field(default=20, ge=1)

    @field_validator("base_url")
    @classmethod
    def _without_slash(cls, url: str) -> str:
        return url.rstrip("/")


class MetaVendor(FileVendor, TransportProvider):
    """Base of Meta's providers; comes before the interface that they implement.

    Args:
        token: what the requests are authorised with.
    """

    vendor: ClassVar[str]
    # Anything but a 200 comes again for days, and may end the subscription.
    refused_webhook_status: ClassVar[int] = 200

    def __init__(
        self,
        account: MetaAccount,
        token: SecretStr,
        *,
        http_client: httpx.AsyncClient | None,
        clock: Clock,
    ) -> None:
        super().__init__(
            timeout=account.timeout,
            max_concurrency=account.max_concurrency,
            http_client=http_client,
            clock=clock,
        )
        self._account = account
        self._token = token

    @abstractmethod
    def _message_id(self, answer: Mapping[str, Any]) -> Any:
        """Where the id of a message stands in the answer to its sending."""

    def _graph(self, method: str, path: str, body: Json | None = None) -> VendorRequest:
        account, token = self._account, self._token.get_secret_value()
        proof: dict[str, str] | None = None
        if account.app_secret_proof and account.app_secret is not None:
            key = account.app_secret.get_secret_value().encode()
            proof = {"appsecret_proof": hmac.digest(key, token.encode(), "sha256").hex()}
        return VendorRequest(
            method=method,
            url=f"{account.base_url}/{account.api_version}/{path}",
            headers={"accept": "application/json", "authorization": f"Bearer {token}"},
            params=proof,
            json=body,
        )

    async def _post_messages(self, path: str, bodies: Sequence[Json]) -> ProviderResult:
        """Send messages one after the other; see `send_parts`."""

        async def post(body: Json) -> str:
            return self._accepted(await self._request(self._graph("POST", path, body)))

        return await send_parts(bodies, post)

    def _accepted(self, answer: VendorResponse) -> str:
        message_id = self._message_id(answer.mapping())
        if isinstance(message_id, str) and message_id:
            return message_id
        raise self._not_taken(answer)

    async def _upload(
        self, path: str, fields: Mapping[str, str], name: str, file: tuple[str, bytes, str]
    ) -> Any:
        """Post a form with a file (its name, content and type) in the field `name`."""
        request = self._graph("POST", path)
        form = self._httpx.Request("POST", request.url, data=dict(fields), files={name: file})
        content: bytes = form.read()
        headers = {**request.headers, "content-type": form.headers["content-type"]}
        answer = await self._request(
            VendorRequest(
                method="POST",
                url=request.url,
                headers=headers,
                params=request.params,
                content=content,
            )
        )
        return answer.mapping()

    @abstractmethod
    async def upload_media(
        self, content: bytes, mime_type: str, filename: str | None = None
    ) -> str:
        """Hand a file to Meta and get the id to send it by.

        Raises:
            ProviderError: Meta did not take it.
        """

    async def _uploaded(self, content: EventContent) -> dict[str, str]:
        """Upload the files that a content carries in itself; their ids by their URLs."""
        ids: dict[str, str] = {}
        for file in files_of(content):
            if is_inline(file.url) and file.url not in ids:
                ids[file.url] = await self._upload_inline(file)
        return ids

    async def _upload_inline(self, file: File) -> str:
        data = inline_file(file.url)
        if data is None:
            raise self._error("a file's data: URL cannot be read", "invalid_media")
        name = getattr(file, "filename", None)
        return await self.upload_media(data, file.mime_type, name)

    def _fault(self, response: VendorResponse) -> VendorFault | None:
        return meta_fault(response.mapping())

    def _empty(self, kind: str) -> ProviderResult:
        return failed(self._error(f"nothing in {kind} content can be sent", "empty_message"))

    @property
    def verifies_webhooks(self) -> bool:
        return self._account.app_secret is not None

    def verify_webhook(self, request: WebhookRequest) -> bool:
        secret = self._account.app_secret
        return secret is not None and verify_meta_signature(
            secret.get_secret_value(), request.body, request.headers.get(SIGNATURE_HEADER.lower())
        )

    def verify_signature(self, payload: bytes | str, signature: str | None) -> bool:
        """Whether Meta signed a webhook.

        Args:
            payload: the raw body; one that was decoded and encoded again does not fit.
            signature: the value of ``X-Hub-Signature-256``.

        Raises:
            ValueError: no `app_secret` is configured.
        """
        secret = self._account.app_secret
        if secret is None:
            raise ValueError(f"{type(self).__name__} needs app_secret to verify signatures")
        return verify_meta_signature(secret.get_secret_value(), payload, signature)

    def answer_challenge(self, request: WebhookRequest) -> WebhookReply:
        """The answer to the GET with which Meta makes sure of the webhook's address.

        It is the challenge if Meta said the configured `verify_token`, and a 403 otherwise.
        """
        token = self._account.verify_token
        return challenge_reply(request.url, None if token is None else token.get_secret_value())
