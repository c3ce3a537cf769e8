"""A Telnyx account."""

from __future__ import annotations

from pydantic import Field, field_validator

from roomkit.providers._config import ProviderConfig, Secret


class TelnyxAccount(ProviderConfig):
    """What Telnyx's portal shows, and how to speak to Telnyx.

    Attributes:
        api_key: a key of the API version 2; begins with ``KEY``.
        messaging_profile_id: the profile that messages belong to; whoever answers STOP opts out of
            all numbers of the profile.
        webhook_url: where Telnyx reports what became of a message; None for the profile's.
        base_url: a stand-in for tests.
        timeout: seconds for one request as a whole.
        max_concurrency: how many requests may be under way at once.
    """

    api_key: Secret
    messaging_profile_id: str | None = Field(default=None, min_length=1)
    webhook_url: str | None = None
    base_url: str = "https://api.telnyx.com"
    timeout: float = Field(default=10.0, gt=0)
    max_concurrency: int = Field(default=20, ge=1)

    @field_validator("base_url")
    @classmethod
    def _without_slash(cls, url: str) -> str:
        return url.rstrip("/")


class TelnyxConfig(TelnyxAccount):
    """An account, and who its text messages come from.

    Attributes:
        from_number: one of the account's numbers in E.164 form, a short code, or an alphanumeric
            sender (which needs `messaging_profile_id`).
        supports_mms: whether the number can send pictures, as those of the United States and
            Canada can. If not, the channel sends a picture's caption or link.
    """

    from_number: str = Field(min_length=1)
    supports_mms: bool = True


class TelnyxRCSConfig(TelnyxAccount):
    """An account, and its RCS agent.

    Telnyx asks for a `messaging_profile_id` with every RCS message.

    Attributes:
        agent_id: the agent's id, from the portal.
        fallback_number: the number that an SMS comes from if a phone cannot receive RCS; None
            lets Telnyx choose one of the profile's.
    """

    agent_id: str = Field(min_length=1)
    fallback_number: str | None = Field(default=None, min_length=1)
