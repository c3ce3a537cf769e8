"""A Twilio account."""

from __future__ import annotations

from typing import Self

from pydantic import Field, field_validator, model_validator

from roomkit.providers._config import ProviderConfig, Secret


class TwilioAccount(ProviderConfig):
    """What Twilio's console shows as account information, and how to speak to Twilio.

    Attributes:
        account_sid: begins with ``AC``.
        auth_token: the primary token. It signs in, and it is the key of the webhooks' signatures.
        base_url: another region's address, or a stand-in for tests.
        status_callback_url: where Twilio reports what became of a message. A public URL of yours,
            whose handler calls `RoomKit.process_webhook`.
        timeout: seconds for one request as a whole.
        max_concurrency: how many requests may be under way at once.
    """

    account_sid: str = Field(min_length=1)
    auth_token: Secret
    base_url: str = "https://api.twilio.com"
    status_callback_url: str | None = None
    timeout: float = Field(default=10.0, gt=0)
    max_concurrency: int = Field(default=20, ge=1)

    @field_validator("base_url")
    @classmethod
    def _without_slash(cls, url: str) -> str:
        return url.rstrip("/")


class TwilioConfig(TwilioAccount):
    """An account, and who its text messages come from.

    Attributes:
        from_number: one of the account's numbers, in E.164 form, or another sender.
        messaging_service_sid: begins with ``MG``; lets Twilio choose a number from the service's
            pool. It or `from_number` is required; with both, Twilio uses that number of the pool.
        supports_mms: whether the sender can send pictures; most numbers outside of the United
            States and Canada cannot. If not, the channel sends a picture's caption or link.
    """

    from_number: str | None = Field(default=None, min_length=1)
    messaging_service_sid: str | None = Field(default=None, min_length=1)
    supports_mms: bool = True

    @model_validator(mode="after")
    def _needs_a_sender(self) -> Self:
        if self.from_number is None and self.messaging_service_sid is None:
            raise ValueError("from_number or messaging_service_sid is required")
        return self


class TwilioRCSConfig(TwilioAccount):
    """An account, and the messaging service whose pool holds its RCS sender.

    Attributes:
        messaging_service_sid: begins with ``MG``. Its pool needs an RCS sender, and a number for
            messages that fall back to SMS.
        fallback_from: the number that such messages come from; None lets Twilio choose from the
            pool.
    """

    messaging_service_sid: str = Field(min_length=1)
    fallback_from: str | None = Field(default=None, min_length=1)
