"""An Elastic Email account."""

from __future__ import annotations

from roomkit.providers._config import NOT_SET, OptionalSecret
from roomkit.providers.email.service import MailServiceConfig


class ElasticEmailConfig(MailServiceConfig):
    """An Elastic Email account, and who mail comes from.

    Attributes:
        api_key: needs the access level "SendHttp".
        from_email: an address of a domain that the account has verified.
        webhook_token: a secret of your own choice. Elastic Email does not sign its webhooks; give
            it URLs that end in ``?token=<the secret>``, and others are refused.
        track_opens: whether Elastic Email adds a picture that tells when a mail is opened; None
            leaves it to the account's settings.
        track_clicks: the same for changing the links.
    """

    webhook_token: OptionalSecret = NOT_SET
    base_url: str = "https://api.elasticemail.com/v4"
    track_opens: bool | None = None
    track_clicks: bool | None = None
