"""A VoiceMeUp account."""

from __future__ import annotations

from pydantic import Field

from roomkit.providers._config import ProviderConfig, Secret


class VoiceMeUpConfig(ProviderConfig):
    """What VoiceMeUp's portal shows under Account → Users & Access, and who messages come from.

    Attributes:
        username: a user that has access to the API.
        auth_token: the user's token.
        from_number: one of the account's numbers that can send text messages.
        base_url: where the API's requests are, version and format included if your account's guide
            names them.
        attachment_field: the field of ``queue_sms`` that takes a file's URL; VoiceMeUp's guide for
            customers has its name. Without it files go out as links, and the channel prefers a
            caption where there is one.
        timeout: seconds for one request as a whole.
        max_concurrency: how many requests may be under way at once.
    """

    username: str = Field(min_length=1)
    auth_token: Secret
    from_number: str = Field(min_length=1)
    base_url: str = "https://api.voicemeup.com/"
    attachment_field: str | None = Field(default=None, min_length=1)
    timeout: float = Field(default=10.0, gt=0)
    max_concurrency: int = Field(default=20, ge=1)
