"""The pages for developers: the operations of the API, each with what it takes, answers, samples, and a form to try it."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import Blueprint, current_app, request, url_for
from flask_babel import format_date
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from app.core import access
from app.kernel.current import current
from app.kernel.errors import NotFound
from app.kernel.registry import registry
from app.kernel.screens import screen
from app.resources.features.api import answer
from app.resources.portal import changes
from app.resources.portal.calls import Call, calls, fields_shown
from app.resources.portal.postman import collection
from app.resources.portal.samples import address_of, samples_of

screens = Blueprint("developers", __name__)
screens.needs = "member"  # type: ignore[attr-defined]
VERBS = {"list": _l("List"), "create": _l("Create"), "detail": _l("Show one"), "update": _l("Change"), "history": _l("History"),
         "bulk": _l("Many at once"), "archive": _l("Archive"), "restore": _l("Restore"), "tag": _l("Tags"), "outputs": _l("Outputs"),
         "export": _l("Export"), "exported": _l("Take an export that was long")}
OTHERS = {"auth.token": _l("Get an access token, or renew it"), "auth.revoke": _l("Sign an app out"),
          "approvals.list": _l("What waits for you"), "approvals.detail": _l("A request with what was shown"),
          "approvals.decide": _l("Answer a request"),
          "audit.entry.list": _l("The entries of the trail"), "autonomy.propose": _l("Propose something")}


@screens.get("/<org>/developers/")
def listing() -> Response:
    """The operations of one module, or those that have a word in them."""
    everything, words = calls().values(), request.args.get("q", "").strip()[:80]
    tags = dict.fromkeys(call.tag for call in everything)
    chosen = request.args.get("module", "") or next(iter(tags))
    if chosen not in tags:
        raise NotFound
    shown = [call for call in everything if (_fits(call, words) if words else call.tag == chosen)]
    return screen("developers/list.html", block="results", typed=words, tabs=_tabs("operations"), rows=[_row(call) for call in shown],
                  modules=[(_label(tag), url_for("developers.listing", module=tag), tag == chosen and not words) for tag in tags],
                  downloads=[(_("OpenAPI 3.1 (JSON)"), url_for("finding.openapi")),
                             (_("Postman collection"), url_for("developers.postman"))],
                  tokens_url=url_for("tokens.listing"), base=_base() + "/api/v1")


@screens.get("/<org>/developers/operations/<name>")
def one(name: str) -> Response:
    """One operation."""
    call = calls().get(name)
    if call is None:
        raise NotFound
    values = {"org": current.organisation.slug}
    asked = [each for each in call.parameters if each["name"] != "org"]
    sent = call.said.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
    return screen("developers/operation.html", tabs=_tabs(""), call=_row(call), permission=_permission(call), scope=_scope(call),
                  parameters=[{"name": each["name"], "place": each["in"], "needed": each.get("required", False),
                               "text": each.get("description", "")} for each in asked],
                  sent=fields_shown(sent), answers=_answers(call), samples=samples_of(call, _base(), values),
                  tried={"method": call.method, "address": address_of(call, values), "body": call.body,
                         "matches": "If-Match" in call.headers},
                  list_url=url_for("developers.listing", module=call.tag), module=_label(call.tag))


@screens.get("/<org>/developers/changes")
def changed() -> Response:
    """What changed in the API, by version, the newest first."""
    added, removed = changes.since()
    waiting = [{"version": "", "day": "", "added": added, "removed": removed}] if added or removed else []
    kept = [{**each, "day": format_date(date.fromisoformat(each["day"]), "d MMM y")} for each in changes.versions()]
    entries = [{**each, **{side: [changes.short(line) for line in each[side]] for side in ("added", "removed")}}
               for each in (*waiting, *kept)]
    return screen("developers/changes.html", tabs=_tabs("changes"), entries=entries)


@screens.get("/<org>/developers/postman.json")
def postman() -> Response:
    """The collection to be imported into Postman."""
    found = answer(collection(_base(), current.organisation.slug))
    found.headers["Content-Disposition"] = 'attachment; filename="opsflux.postman_collection.json"'
    return found


def _tabs(which: str) -> list[tuple[Any, str, bool, int | None]]:
    """The pages about the API; that of its use is for whoever may see it."""
    found: list[tuple[Any, str, bool, int | None]] = [(_("Operations"), url_for("developers.listing"), which == "operations", None),
                                                      (_("Changes"), url_for("developers.changed"), which == "changes", None)]
    if access.can(current.user, "api.usage.view"):
        found.append((_("Use of the API"), url_for("api_usage.page"), False, None))
    return found


def _row(call: Call) -> dict[str, Any]:
    return {"name": call.name, "method": call.method, "path": call.path, "whole": f"/api/v1{call.path}", "label": _words(call),
            "url": url_for("developers.one", name=call.name)}


def _words(call: Call) -> str:
    """What an operation is called: the records and the verb."""
    if call.name in OTHERS:
        return str(OTHERS[call.name])
    key, _dot, verb = call.name.rpartition(".")
    resource = registry.resource(key)
    action = resource.action(verb)
    said = (action.label or action.name) if action else VERBS[verb]
    return f"{resource.plural}: {said}"


def _label(tag: str) -> str:
    return str(registry.modules[tag].label)


def _permission(call: Call) -> str:
    said = str(call.said.get("description", "")).removeprefix("Needs ").removesuffix(".")
    return said if said.count(".") == 2 else ""


def _scope(call: Call) -> str:
    needed = [scopes for each in call.said.get("security", ()) for scopes in each.values()]
    return needed[0][0] if needed and needed[0] else ""


def _answers(call: Call) -> list[dict[str, Any]]:
    """The answers that are no refusals, with the fields of each."""
    found = []
    for code, said in call.said["responses"].items():
        if "$ref" not in said:
            schema = said.get("content", {}).get("application/json", {}).get("schema")
            found.append({"code": code, "text": said["description"], "fields": fields_shown(schema)})
    return found


def _fits(call: Call, words: str) -> bool:
    text = f"{call.method} {call.path} {_words(call)} {call.name}".casefold()
    return all(word in text for word in words.casefold().split())


def _base() -> str:
    return str(current_app.extensions["settings"].base_url)
