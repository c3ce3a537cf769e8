"""One way to read any SMS vendor's webhook."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

from roomkit.errors import WebhookError
from roomkit.models.delivery import WebhookMeta

logger = logging.getLogger("roomkit.providers")

type Reader = Callable[[Mapping[str, Any]], WebhookMeta]
"""Gives one webhook in normal form; raises `WebhookError` if it is not one of the vendor's."""

# Vendor → the module and the function that read its webhooks; imported when first asked for.
_READERS: Mapping[str, tuple[str, str]] = {
    "sinch": ("roomkit.providers.sinch.webhook", "read_one_sinch_webhook"),
    "telnyx": ("roomkit.providers.telnyx.webhook", "read_one_telnyx_webhook"),
    "twilio": ("roomkit.providers.twilio.webhook", "read_twilio_webhook"),
    "voicemeup": ("roomkit.providers.voicemeup.webhook", "read_voicemeup_webhook"),
}


def extract_sms_meta(provider: str, payload: Mapping[str, Any]) -> WebhookMeta:
    """A vendor's webhook in normal form: a message, a status report, or something to ignore.

    Of a report about several recipients it is the first one's, and of VoiceMeUp's picture messages
    each webhook by itself; a provider's ``parse_webhook`` gives all of it.

    Args:
        provider: the vendor's name in lower case, such as ``"twilio"``.
        payload: the decoded body.

    Raises:
        ValueError: there is no such vendor; the message lists those that there are.
        WebhookError: the payload is not one of the vendor's.
    """
    try:
        module, function = _READERS[provider]
    except (KeyError, TypeError):
        known = ", ".join(sorted(_READERS))
        raise ValueError(f"unknown SMS provider; known are: {known}") from None
    read: Reader = getattr(import_module(module), function)
    return read(payload)


def message_or_none(read: Reader, payload: Mapping[str, Any]) -> WebhookMeta | None:
    """A webhook that carries a message; None for everything else.

    One that cannot be understood may have been meant as a message, so there is a warning.
    """
    try:
        meta = read(payload)
    except WebhookError as error:  # a reader's own words: nothing of the payload is in them
        logger.warning("a webhook was left out: %s", error)
        return None
    return None if meta.message is None else meta
