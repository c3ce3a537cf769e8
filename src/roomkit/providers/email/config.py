"""What every account that sends mail has in common."""

from __future__ import annotations

from pydantic import Field, field_validator

from roomkit.providers._config import ProviderConfig
from roomkit.providers.email.headers import ascii_address
from roomkit.providers.email.received import DEFAULT_LIMITS, InboundLimits


class EmailConfig(ProviderConfig):
    """Who mail comes from, and how large it may be.

    Attributes:
        from_email: the address that mail is sent from unless a channel names another.
        from_name: the name that is shown with it.
        reply_to: where answers go, if not to `from_email`: an address whose mail comes in here.
        default_subject: the subject of mail for which nobody has named one.
        message_id_domain: the domain of message ids; None means that of `from_email`. Answers are
            recognised by it, so it should not change.
        max_attachment_bytes: how large the files in one mail may be together.
        inbound: how much of mail that comes in becomes part of a message.
    """

    from_email: str
    from_name: str | None = None
    reply_to: str | None = None
    default_subject: str = Field(default="New message", min_length=1)
    message_id_domain: str | None = Field(default=None, pattern=r"^[A-Za-z0-9.-]{1,255}$")
    max_attachment_bytes: int = Field(default=10_000_000, ge=0)
    inbound: InboundLimits = DEFAULT_LIMITS

    @field_validator("from_email", "reply_to")
    @classmethod
    def _is_an_address(cls, address: str | None) -> str | None:
        if address is not None and ascii_address(address) is None:
            raise ValueError("not an e-mail address")
        return address

    @property
    def id_domain(self) -> str:
        """The domain of the account's message ids."""
        return self.message_id_domain or self.from_email.rpartition("@")[2]
