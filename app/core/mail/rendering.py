"""Writing a mail: subject, text and HTML from its templates, in the reader's language and zone."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from flask import current_app
from flask_babel import force_locale
from jinja2_fragments import render_block
from markupsafe import escape

from app.core import branding
from app.core.mail import tickets
from app.core.mail.look import BUTTON, CLASSES
from app.kernel.current import SYSTEM, acting, current

if TYPE_CHECKING:
    from app.core.mail.queue import Reader

_CLASS = re.compile(r'class="([^"]*)"')
_BLANK = re.compile(r"\n{3,}")


@dataclass(frozen=True)
class Written:
    """A mail's words."""

    subject: str
    text: str
    html: str


def write(template: str, context: Mapping[str, Any] | Callable[[], Mapping[str, Any] | None], reader: Reader, *,
          optional: str = "", look: branding.Look | None = None) -> Written | None:
    """Render `templates/mail/<template>.txt` (with its block `subject`) and `.html` for the reader.

    A `context` that is a function is called in the reader's language and zone; None from it means that there is nothing to say. `look` is
    the organisation's, where it was read already.
    """
    environment = current_app.jinja_env
    as_reader = replace(current.context.user or SYSTEM, language=reader.language, timezone=reader.timezone)
    with acting(current.organisation, as_reader), force_locale(reader.language):
        said, shown = context() if callable(context) else context, look or branding.look()
        if said is None:
            return None
        given = {"reader": reader, "link": partial(_link, reader), "organisation": current.organisation, **said,
                 "brand": shown,
                 "unsubscribe_url": tickets.unsubscribe_address(reader.member_id, optional) if optional and reader.member_id else ""}
        subject = render_block(environment, f"mail/{template}.txt", "subject", **given)
        text = environment.get_template(f"mail/{template}.txt").render(given)
        html = environment.get_template(f"mail/{template}.html").render({**given, "subject": subject})
    return Written(" ".join(subject.split())[:300], _BLANK.sub("\n\n", text).strip() + "\n", inline(html, shown.colour))


def _link(reader: Reader, path: str) -> str:
    return tickets.address_for(path, reader.member_id)


def inline(html: str, colour: str = "") -> str:
    """Turn classes into styles: mail programs know no style sheet. `colour` is the organisation's own."""
    return _CLASS.sub(lambda found: f'style="{_styles(found.group(1).split(), colour)}"', html)


def _styles(names: list[str], colour: str) -> str:
    said = ";".join(CLASSES[name] for name in names)
    return escape(said.replace(BUTTON, f"background:{colour};color:{branding.ink_on(colour)}") if colour else said)
