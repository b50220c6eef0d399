"""`screen()`: one template per screen, answered as a page or as the block that htmx asked for."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, cast
from weakref import WeakKeyDictionary

from flask import Flask, Response, current_app, get_flashed_messages, make_response, render_template, request
from flask_babel import get_locale
from htmx_flask import Htmx
from jinja2 import StrictUndefined, Template, nodes
from markupsafe import Markup

from app.kernel.assets import install_assets
from app.kernel.compression import install_compression
from app.kernel.current import current
from app.kernel.faults import install_faults
from app.kernel.forgery import install_forgery
from app.kernel.frame import frame, slot
from app.kernel.i18n import file_size, in_sentence
from app.kernel.keys import key_attributes, keys_for, scopes_here, shown_keys
from app.kernel.kit import initials, install_kit
from app.kernel.origins import install_origins
from app.kernel.preferences import density, install_preferences, theme
from app.kernel.security import install_security

VARY = "HX-Request, HX-Request-Type"
_parents: WeakKeyDictionary[Template, str] = WeakKeyDictionary()


def wants_fragment() -> bool:
    """Whether the request replaces a part of a page: boosted links and history restores want all of it."""
    return request.headers.get("HX-Request") == "true" and request.headers.get("HX-Request-Type") == "partial"


def target_id() -> str:
    """The id of the element that will be replaced (htmx 4 sends `tag#id`)."""
    return request.headers.get("HX-Target", "").partition("#")[2]


def partial(target: str, html: str, swap: str = "outerHTML") -> str:
    """A rendered part of the answer that goes somewhere else on the page."""
    head = Markup('<hx-partial hx-target="{}" hx-swap="{}">').format(target, swap)
    return f"{head}{html}</hx-partial>"


def screen(template: str | Sequence[str], block: str | None = None, oob: Sequence[str] = (), status: int = 200, *,
           trigger: str | Mapping[str, Any] | None = None, push: str | None = None, **context: Any) -> Response:
    """Answer with a page, or with `block` (and the `oob` blocks, each holding the element of its name as id) for htmx.

    Of several templates the first that exists is taken. `trigger` names events that the page's elements listen to; `push` is the
    address to show.
    """
    names = [template] if isinstance(template, str) else list(template)
    chosen = current_app.jinja_env.select_template(names)
    if block and wants_fragment():
        parts = [_alone(chosen, block, context)]
        parts += [partial(f"#{name}", _alone(chosen, name, context)) for name in oob]
        response = make_response("".join(parts), status)
    else:
        response = make_response(render_template(chosen, **context), status)
    if trigger and wants_fragment():
        response.headers["HX-Trigger"] = _announced(trigger)
    if push and wants_fragment():
        response.headers["HX-Push-Url"] = push
    response.headers["Vary"] = VARY
    return response


def _alone(template: Template, block: str, context: Mapping[str, Any]) -> str:
    """One block of a template, which may be inherited, with what the templates on the way say of the blocks within it."""
    given = dict(context)
    current_app.update_template_context(given)
    drawn, environment = template.new_context(given), current_app.jinja_env
    above = template
    while parent := _parent(above):
        above = environment.get_template(parent)
        for name, draw in above.blocks.items():
            drawn.blocks.setdefault(name, []).append(draw)
    return str(environment.concat(drawn.blocks[block][0](drawn)))


def _parent(template: Template) -> str:
    """The template that this one extends, or empty; read once for each that is loaded."""
    if template not in _parents:
        source, _path, _fresh = cast(Any, current_app.jinja_env.loader).get_source(current_app.jinja_env, template.name)
        extended = next(current_app.jinja_env.parse(source).find_all(nodes.Extends), None)
        _parents[template] = extended.template.as_const() if extended else ""
    return _parents[template]


def _announced(trigger: str | Mapping[str, Any]) -> str:
    """Events for the page: raised on body, since the element that asked may be gone by then."""
    named = {name.strip(): {} for name in trigger.split(",")} if isinstance(trigger, str) else trigger
    return json.dumps({name: {**detail, "target": "body"} for name, detail in named.items()})


def lead_htmx(response: Response) -> Response:
    """A redirect after a change, as htmx needs it: the browser itself would follow it and put the page into the fragment."""
    if response.status_code in (302, 303) and request.method != "GET" and wants_fragment():
        response.headers["HX-Redirect"] = response.headers.pop("Location")
        response.status_code = 200
        response.set_data(b"")
    return response


def dom_id(record: Any, part: str) -> str:
    """The id of the element that shows one part of a record; given to htmx as its target."""
    return f"{part}-{getattr(record, 'id', record)}"


def toasts() -> list[dict[str, str]]:
    """What the last request wants said, once: flashed messages with their tone."""
    messages = cast("list[tuple[str, str]]", get_flashed_messages(with_categories=True))
    return [{"tone": tone, "text": text} for tone, text in messages]


def language() -> str:
    """The language of this page, for `lang`."""
    found = get_locale()
    return str(found).replace("_", "-") if found else "en"


def install_screens(app: Flask) -> None:
    """Everything that templates need, the headers, the error pages and the static files."""
    Htmx(app)
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.globals.update(current=current, dom_id=dom_id, frame=frame, slot=slot, toasts=toasts, theme=theme, density=density,
                                 language=language, initials=initials, keys_for=keys_for, scopes_here=scopes_here, shown_keys=shown_keys,
                                 key_attributes=key_attributes)
    app.jinja_env.filters.update(in_sentence=in_sentence, file_size=file_size)
    install_compression(app)
    app.after_request(lead_htmx)
    install_assets(app)
    install_origins(app)
    install_security(app)
    install_forgery(app)
    install_kit(app.jinja_env)
    install_preferences(app)
    install_faults(app)
