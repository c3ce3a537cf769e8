"""A Facebook page that people write to."""

from __future__ import annotations

from pydantic import Field

from roomkit.providers._config import Secret
from roomkit.providers._meta import MetaAccount


class MessengerConfig(MetaAccount):
    """A page, and how to speak to Meta about it.

    Attributes:
        page_access_token: of the page, with the permission ``pages_messaging``.
        page_id: the page's id. Needed if one webhook serves several pages: what is about others
            is left out then.
        human_agent: whether the app may use the tag ``HUMAN_AGENT``. Then a message that is too
            late, more than 24 hours after the person last wrote, is sent once more with the tag,
            for which Meta allows seven days; but never one that an AI channel has written.
    """

    page_access_token: Secret
    page_id: str | None = Field(default=None, pattern=r"^[0-9]{1,32}$")
    human_agent: bool = False
