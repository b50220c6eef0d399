"""What the verbs of procurement ask for."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from app.kernel.fields import Form, long_text, text


class Ordering(Form):
    """Asked when an approved requisition is ordered."""

    order_number = text(_l("Order number"), max_length=60, help=_l("The number that the supplier knows it by."))


class Cancelling(Form):
    """Asked when a requisition is given up."""

    reason = long_text(_l("Reason"), required=True, max_length=1_000)
