"""A service plan of Sinch's SMS API."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from roomkit.providers._config import NOT_SET, OptionalSecret, ProviderConfig, Secret

type SinchRegion = Literal["us", "eu", "au", "br", "ca"]
"""Where messages are processed, and kept."""


class SinchConfig(ProviderConfig):
    """What Sinch's dashboard shows under SMS → APIs, and who messages come from.

    Attributes:
        service_plan_id: the plan's id.
        api_token: the plan's token.
        from_number: a number of the plan in E.164 form, a short code, or an alphanumeric sender.
        region: where the plan was made.
        base_url: another address instead of the region's, such as a stand-in for tests.
        webhook_secret: the key of the webhooks' signatures. Sinch signs them once an account
            manager has set it up; without it webhooks cannot be verified.
        callback_url: where Sinch reports what became of a message; None for the plan's.
        delivery_report: how often: for each recipient at every step, at the end, or never.
        supports_mms: whether the plan can send pictures, which Sinch offers for the United States,
            Canada and Australia. If not, the channel sends a picture's caption or link.
        timeout: seconds for one request as a whole.
        max_concurrency: how many requests may be under way at once.
    """

    service_plan_id: str = Field(min_length=1)
    api_token: Secret
    from_number: str = Field(min_length=1)
    region: SinchRegion = "us"
    base_url: str | None = None
    webhook_secret: OptionalSecret = NOT_SET
    callback_url: str | None = None
    delivery_report: Literal["per_recipient", "per_recipient_final", "none"] = "per_recipient"
    supports_mms: bool = True
    timeout: float = Field(default=10.0, gt=0)
    max_concurrency: int = Field(default=20, ge=1)

    @property
    def api_url(self) -> str:
        """The address of the API, without a slash at its end."""
        return (self.base_url or f"https://{self.region}.sms.api.sinch.com").rstrip("/")
