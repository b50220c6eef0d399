"""The page of the organisation's profile, and the style sheet and logo that carry its look."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from babel.dates import get_day_names
from flask import Blueprint, Response, flash, redirect, request, url_for
from flask_babel import get_locale
from flask_babel import gettext as _
from werkzeug.wrappers import Response as AnyResponse

from app.core import access
from app.core.branding import services
from app.core.branding.colours import ink_on
from app.core.branding.look import look, picture
from app.core.organisations import Organisation
from app.kernel.current import current
from app.kernel.errors import Invalid, NotFound, TooLarge
from app.kernel.preferences import LANGUAGES
from app.kernel.screens import screen
from app.kernel.zones import offered_zones

screens = Blueprint("branding", __name__)
MANAGE = "organisation.profile.manage"
YEAR = "private, max-age=31536000, immutable"
THEMES = (("colour", "light"), ("colour_dark", "dark"))
NAMES = ("primary", "ring", "sidebar-ring")
MARK = ".brand-mark{{display:block;background:url({url}) center/contain no-repeat}}.brand-mark>svg{{visibility:hidden}}"


@screens.get("/<org>/settings/profile")
def profile() -> AnyResponse:
    """Name, address, zone, languages, currency, week and look."""
    access.require(current.user, MANAGE)
    return _page({}, {}, 200)


@screens.post("/<org>/settings/profile")
def save() -> AnyResponse:
    """Keep them; all or none."""
    access.require(current.user, MANAGE)
    try:
        kept = services.change(request.form, request.form.getlist("languages"))
        _logo()
    except Invalid as error:
        return _page(request.form, error.errors, 422)
    except TooLarge as error:
        return _page(request.form, {"logo": [str(error)]}, 413)
    flash(_("The settings are saved."), "good")
    return redirect(f"/{kept.slug}/settings/profile", 303)


@screens.get("/<org>/brand/<mark>.css")
def sheet(mark: str) -> Response:
    """The colours and the logo as a style sheet; its address changes with them, so it never has to be asked for again."""
    _is_of_now(mark)
    shown = look()
    rules = [_theme(theme, colour) for name, theme in THEMES if (colour := getattr(shown, name))]
    if shown.logo_id:
        rules.append(MARK.format(url=url_for("branding.logo", mark=mark)))
    return _immutable(Response("".join(rules), mimetype="text/css"))


@screens.get("/<org>/brand/<mark>/logo")
def logo(mark: str) -> Response:
    """The logo, for the style sheet."""
    _is_of_now(mark)
    shown = look()
    if shown.logo_id is None:
        raise NotFound
    content, kind = picture(shown.logo_id)
    return _immutable(Response(content, mimetype=kind))


profile.needs = save.needs = MANAGE  # type: ignore[attr-defined]
sheet.needs = logo.needs = "member"  # type: ignore[attr-defined]


def _logo() -> None:
    sent = request.files.get("logo")
    if request.form.get("remove_logo"):
        services.drop_logo()
    elif sent is not None and sent.filename:
        try:
            services.give_logo(sent.stream, sent.filename)
        except Invalid as error:
            raise Invalid({"logo": [said for sentences in error.errors.values() for said in sentences]}) from None


def _theme(theme: str, colour: str) -> str:
    said = "{" + "".join(f"--{name}:{colour};" for name in NAMES) + f"--primary-foreground:{ink_on(colour)}" + "}"
    return f":root.{theme}{said}@media (prefers-color-scheme:{theme}){{:root.auto{said}}}"


def _is_of_now(mark: str) -> None:
    if not mark or mark != current.organisation.brand:
        raise NotFound


def _immutable(response: Response) -> Response:
    response.headers["Cache-Control"] = YEAR
    return response


def _page(typed: Mapping[str, str], errors: Mapping[str, list[Any]], status: int) -> Response:
    kept = services.row()
    names = ("name", "slug", "currency", "timezone", "language", "mail_footer", "colour", "colour_dark", "week_start")
    values = {name: typed.get(name, str(getattr(kept, name))) for name in names}
    days = get_day_names("wide", locale=get_locale())
    columns: Any = Organisation.__table__.c
    labels = {name.removesuffix("_id"): columns[name].info.get("label", name) for name in (*names, "logo_id")}
    summary = [(f"field-{name}", labels.get(name, name), said) for name, sentences in errors.items() for said in sentences]
    return screen("branding/profile.html", status=status, values=values, errors=errors, summary=summary, action=url_for("branding.save"),
                  zones=[(zone, zone.replace("_", " ")) for zone in offered_zones()],
                  week=[(str(number), days[number - 1].capitalize()) for number in services.WEEK], has_logo=kept.logo_id is not None,
                  spoken=[(code, name, code in (kept.languages or list(LANGUAGES))) for code, name in LANGUAGES.items()])


