"""A phone number on the WhatsApp Business Platform."""

from __future__ import annotations

import re

from pydantic import Field, field_validator

from roomkit.models.content import TemplateContent
from roomkit.providers._config import Secret
from roomkit.providers._meta import MetaAccount

_PATH_SEGMENT = re.compile(r"[0-9A-Za-z_.-]{1,64}")


class WhatsAppConfig(MetaAccount):
    """A business phone number, and how to speak to Meta about it.

    Attributes:
        access_token: of a system user with the permission ``whatsapp_business_messaging``. Those
            that the console shows for a first try expire after a day.
        phone_number_id: the number's id as the console shows it; it is not the number.
        fallback_template: what to send instead of a message that is too late: more than 24 hours
            after the person last wrote, WhatsApp only takes templates. A parameter ``"{text}"`` is
            replaced by the message's words. None fails such a message with ``outside_window``.
        preview_urls: whether a link in a text is shown with a preview.
        list_label: what stands on the button that opens a list of more than three choices.
    """

    access_token: Secret
    phone_number_id: str
    fallback_template: TemplateContent | None = None
    preview_urls: bool = False
    list_label: str = Field(default="Options", min_length=1, max_length=20)

    @field_validator("phone_number_id")
    @classmethod
    def _stays_in_its_place(cls, value: str) -> str:
        # Whether there is such a number is for Meta to say; the id is part of a path.
        if not _PATH_SEGMENT.fullmatch(value) or value in (".", ".."):
            raise ValueError("not an id such as 106540352242922, which the console shows")
        return value
