"""The provider of SMS, where the installation has one: SMS_URL = https://ACCOUNT:TOKEN@api.twilio.com/?from=%2B441632960000."""

from __future__ import annotations

import base64
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

from flask import current_app
from flask_babel import gettext as _

from app.kernel import outgoing
from app.kernel.errors import Invalid


def is_on() -> bool:
    """Whether this installation sends SMS."""
    return bool(current_app.extensions["settings"].sms_url)


def send(number: str, words: str) -> None:
    """Hand a message to the provider, in the way of Twilio's REST interface. Raises `Invalid` when it does not take it."""
    parts = urlsplit(current_app.extensions["settings"].sms_url or "")
    account, token = unquote(parts.username or ""), unquote(parts.password or "")
    host = (parts.hostname or "") + (f":{parts.port}" if parts.port else "")
    address = f"{parts.scheme}://{host}/2010-04-01/Accounts/{account}/Messages.json"
    body = urlencode({"To": number, "From": parse_qs(parts.query).get("from", [""])[0], "Body": words})
    headers = {"Content-Type": "application/x-www-form-urlencoded",
               "Authorization": "Basic " + base64.b64encode(f"{account}:{token}".encode()).decode()}
    try:
        answer = outgoing.send("POST", address, headers=headers, body=body)
        taken = answer.status in (200, 201)
    except outgoing.OutgoingError:
        current_app.logger.warning("The provider of SMS does not answer.", exc_info=True)
        taken = False
    if not taken:
        raise Invalid({"code": [_("The SMS could not be sent. Use another way, or try again later.")]})
