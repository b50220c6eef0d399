"""What is asked when an incident is closed and when a corrective action ends."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from app.kernel.fields import Form, long_text


class Closure(Form):
    """Asked when an incident is closed."""

    outcome = long_text(_l("Outcome"), required=True, help=_l("What was found, and what keeps it from happening again."))


class Completion(Form):
    """Asked when a corrective action is done."""

    result = long_text(_l("Result"), help=_l("What was done; evidence that it works."))


class Dropping(Form):
    """Asked when a corrective action is not carried out."""

    result = long_text(_l("Reason"), required=True, help=_l("Why it is no longer needed."))
