"""Writing a mail: subject, text and HTML from its templates, in the reader's language and zone."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from flask import current_app
from flask_babel import force_locale
from jinja2_fragments import render_block
from markupsafe import Markup, escape

from app.core import branding
from app.core.mail import opening, tickets, wordings
from app.core.mail.look import BUTTON, CLASSES, DARK, DARK_ACCENT, dark_rules
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
    tracked: bool = False


def write(template: str, context: Mapping[str, Any] | Callable[[], Mapping[str, Any] | None], reader: Reader, *,
          optional: str = "", look: branding.Look | None = None, links: Sequence[tuple[str, str]] = (),
          answered: bool = False) -> Written | None:
    """Render `templates/mail/<template>.txt` (with its block `subject`) and `.html` for the reader.

    A `context` that is a function is called in the reader's language and zone; None from it means that there is nothing to say. `look` is
    the organisation's, where it was read already. A mail that can be `answered` says so.
    """
    environment = current_app.jinja_env
    as_reader = replace(current.context.user or SYSTEM, language=reader.language, timezone=reader.timezone)
    with acting(current.organisation, as_reader), force_locale(reader.language):
        said, shown = context() if callable(context) else context, look or branding.look()
        if said is None:
            return None
        if words := wordings.own(template, said, reader):
            template, said = "own", {"words": words}
        given = {"reader": reader, "link": partial(_link, reader), "organisation": current.organisation, **said,
                 "brand": shown, "links": links, "answered": answered, "dark_rules": _dark(shown.colour_dark or DARK_ACCENT),
                 "tracked": (tracked := opening.is_wanted(reader.member_id, optional)),
                 "unsubscribe_url": tickets.unsubscribe_address(reader.member_id, optional) if optional and reader.member_id else ""}
        subject = render_block(environment, f"mail/{template}.txt", "subject", **given)
        text = environment.get_template(f"mail/{template}.txt").render(given)
        html = environment.get_template(f"mail/{template}.html").render({**given, "subject": subject})
    return Written(" ".join(subject.split())[:300], _BLANK.sub("\n\n", text).strip() + "\n", inline(html, shown.colour), tracked)


def _link(reader: Reader, path: str) -> str:
    return tickets.address_for(path, reader.member_id)


def inline(html: str, colour: str = "") -> str:
    """Turn classes into styles: many mail programs know no style sheet. `colour` is the organisation's own. Classes that mean something
    in the dark stay, for those that do.
    """
    return _CLASS.sub(lambda found: f'style="{_styles(found.group(1).split(), colour)}"{_kept(found.group(1).split())}', html)


def _kept(names: list[str]) -> str:
    kept = " ".join(name for name in names if name in DARK or name == "button")
    return f' class="{kept}"' if kept else ""


def _dark(colour: str) -> Markup:
    return Markup(dark_rules(colour, branding.ink_on(colour)))  # noqa: S704 -- colours that were checked, and our own words


def _styles(names: list[str], colour: str) -> str:
    said = ";".join(CLASSES[name] for name in names)
    return escape(said.replace(BUTTON, f"background:{colour};color:{branding.ink_on(colour)}") if colour else said)
