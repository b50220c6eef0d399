"""`/scim/v2/<org>`: the addresses of RFC 7644, opened by a token of the organisation."""

from __future__ import annotations

from collections.abc import Mapping
from types import ModuleType
from typing import Any
from uuid import UUID

import orjson
from flask import Blueprint, Response, current_app, request
from sqlalchemy import func, select

from app.core import access, audit
from app.core.scim import groups, users, writing
from app.core.scim.answers import answer, names, one, page, require_version
from app.core.scim.attributes import Attribute, as_id, attribute, compiled
from app.core.scim.discovery import LISTED, MOST, kinds, schemas, service
from app.core.scim.documents import pieces, understood
from app.core.scim.filters import parsed
from app.core.scim.refusals import Refused, refused
from app.kernel.current import current
from app.kernel.db import session
from app.kernel.errors import NotFound, TooLarge
from app.kernel.registry import registry

screens = Blueprint("scim", __name__, url_prefix="/scim/v2/<org>")
screens.register_error_handler(Refused, refused)
LARGEST = 4 * 1024 * 1024
MODELS = {users: users.Member, groups: groups.Group}


def base() -> str:
    """The address below which SCIM is, for this organisation: what a directory is told."""
    return f"{current_app.extensions['settings'].base_url}/scim/v2/{current.organisation.slug}"


@screens.get("/ServiceProviderConfig")
def configuration() -> Response:
    """What is supported."""
    return answer(service(base()))


@screens.get("/ResourceTypes")
def types() -> Response:
    """The kinds of resource."""
    return _all(kinds(base()))


@screens.get("/ResourceTypes/<name>")
def one_type(name: str) -> Response:
    """One of them."""
    return _one_of(kinds(base()), name)


@screens.get("/Schemas")
def described() -> Response:
    """The attributes of each kind."""
    return _all(schemas(base()))


@screens.get("/Schemas/<name>")
def one_schema(name: str) -> Response:
    """Those of one."""
    return _one_of(schemas(base()), name)


@screens.get("/Users")
def list_users() -> Response:
    """People: filtered, sorted, by pages."""
    return _listed(users, request.args)


@screens.post("/Users/.search")
def search_users() -> Response:
    """The same, asked in a body."""
    return _listed(users, body())


@screens.post("/Users")
def create_user() -> Response:
    """Take somebody on."""
    access.require(current.user, f"{users.RESOURCE}.create")
    member = writing.take_on(understood(body()))
    return one(_document(users, member.id), 201)


@screens.get("/Users/<reference>")
def show_user(reference: str) -> Response:
    """One person."""
    row = _row(users, reference)
    audit.note_read(registry.resource(users.RESOURCE), row[0])
    return one(_shown(users, [row])[0])


@screens.get("/Me")
def me() -> Response:
    """Whoever holds the token (RFC 7644, 3.11). The token of a service is nobody's."""
    if current.user.service is not None:
        raise NotFound
    response = show_user(str(current.user.id))
    response.headers["Content-Location"] = f"{base()}/Users/{current.user.id}"
    return response


@screens.put("/Users/<reference>")
def replace_user(reference: str) -> Response:
    """Bring somebody in step with a whole document; what it does not name stays as it is."""
    writing.change(_held(users, reference), understood(body()))
    return one(_document(users, UUID(reference)))


@screens.patch("/Users/<reference>")
def patch_user(reference: str) -> Response:
    """Change some of it."""
    member = _held(users, reference)
    said: dict[str, Any] = {}
    for piece in pieces(body()):
        said |= understood(piece)
    writing.change(member, said)
    return one(_document(users, member.id))


@screens.delete("/Users/<reference>")
def remove_user(reference: str) -> Response:
    """Take the access away; the record stays, for the history."""
    writing.put_away(_held(users, reference))
    return Response(status=204)


@screens.get("/Groups")
def list_groups() -> Response:
    """Groups: filtered, sorted, by pages."""
    return _listed(groups, request.args)


@screens.post("/Groups/.search")
def search_groups() -> Response:
    """The same, asked in a body."""
    return _listed(groups, body())


@screens.post("/Groups")
def create_group() -> Response:
    """A new group."""
    access.require(current.user, f"{groups.RESOURCE}.create")
    return one(_document(groups, groups.make(body()).id), 201)


@screens.get("/Groups/<reference>")
def show_group(reference: str) -> Response:
    """One group with its members."""
    return one(_shown(groups, [_row(groups, reference)], with_members=_wants_members(request.args))[0])


@screens.put("/Groups/<reference>")
def replace_group(reference: str) -> Response:
    """Make a group what a document says."""
    groups.replace(_held(groups, reference), body())
    return one(_document(groups, UUID(reference)))


@screens.patch("/Groups/<reference>")
def patch_group(reference: str) -> Response:
    """Change its name or who is in it."""
    groups.patch(_held(groups, reference), body())
    return one(_document(groups, UUID(reference)))


@screens.delete("/Groups/<reference>")
def remove_group(reference: str) -> Response:
    """Put a group away; its roles end with it."""
    groups.put_away(_held(groups, reference))
    return Response(status=204)


def body() -> dict[str, Any]:
    """The object that was sent. Raises `Refused` (invalidSyntax)."""
    raw = request.get_data(cache=True)
    if len(raw) > LARGEST:
        raise TooLarge
    try:
        found = orjson.loads(raw)
    except orjson.JSONDecodeError:
        found = None
    if not isinstance(found, dict) or b"\\u0000" in raw:
        raise Refused("invalidSyntax", "A JSON object is needed.")
    return found


def _listed(kind: ModuleType, asked: Mapping[str, Any]) -> Response:
    resource = registry.resource(kind.RESOURCE)
    access.require(current.user, resource.permission("view"))
    query = kind.visible()
    if text := asked.get("filter"):
        query = query.where(compiled(parsed(str(text)), kind.ATTRIBUTES))
    start, most = max(1, _number(asked, "startIndex", 1)), min(MOST, max(0, _number(asked, "count", MOST)))
    total = session().scalar(select(func.count()).select_from(query.order_by(None).subquery())) or 0
    rows = session().execute(_sorted(kind, query, asked).offset(start - 1).limit(most)).all() if most else []
    audit.note_list(resource, len(rows), str(asked.get("filter") or ""))
    return page(_shown(kind, rows, with_members=_wants_members(asked)), total, start, asked)


def _sorted(kind: ModuleType, query: Any, asked: Mapping[str, Any]) -> Any:
    model = MODELS[kind]
    if not asked.get("sortBy"):
        return query.order_by(model.id)
    found = attribute(str(asked["sortBy"]), kind.ATTRIBUTES)
    if not isinstance(found, Attribute) or found.among:
        raise Refused("invalidPath", "Lists are not sorted by this attribute.")
    column = func.lower(found.column) if found.kind == "text" else found.column
    downwards = str(asked.get("sortOrder", "")).casefold() == "descending"
    return query.order_by((column.desc() if downwards else column.asc()).nulls_last(), model.id)


def _number(asked: Mapping[str, Any], name: str, otherwise: int) -> int:
    raw = str(asked.get(name) or (asked.get(name) == 0 and "0") or otherwise)
    try:
        return max(-1, min(int(raw), 2_000_000_000)) if len(raw) < 20 else otherwise
    except ValueError:
        raise Refused("invalidValue", f"“{name}” must be a whole number.") from None


def _wants_members(asked: Mapping[str, Any]) -> bool:
    wanted = names(asked.get("attributes"))
    return "members" not in names(asked.get("excludedAttributes")) and (
        not wanted or any(each.partition(".")[0] == "members" for each in wanted))


def _row(kind: ModuleType, reference: str, *, lock: bool = False) -> Any:
    """One that may be seen. Raises `NotFound`, alike for what is not there and what is somebody else's."""
    model, found = MODELS[kind], as_id(reference)
    query = kind.visible().where(model.id == found)
    if lock:
        query = query.with_for_update(of=model).execution_options(populate_existing=True)
    row = session().execute(query).first() if found else None
    if row is None:
        raise NotFound("There is no such resource.")
    return row


def _held(kind: ModuleType, reference: str) -> Any:
    """One that is about to be changed: locked, and still what the directory read, if it says so."""
    row = _row(kind, reference, lock=True)
    require_version(_shown(kind, [row])[0])
    return row[0]


def _document(kind: ModuleType, record_id: UUID) -> dict[str, Any]:
    session().flush()
    return _shown(kind, [session().execute(kind.visible().where(MODELS[kind].id == record_id)).one()])[0]


def _shown(kind: ModuleType, rows: Any, *, with_members: bool = True) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = groups.shown(rows, base(), members=with_members) if kind is groups else users.shown(rows, base())
    return found


def _all(documents: list[dict[str, Any]]) -> Response:
    return answer({"schemas": [LISTED], "totalResults": len(documents), "startIndex": 1, "itemsPerPage": len(documents),
                   "Resources": documents})


def _one_of(documents: list[dict[str, Any]], name: str) -> Response:
    found = next((each for each in documents if each["id"].casefold() == name.casefold()), None)
    if found is None:
        raise NotFound("There is no such resource.")
    return answer(found)


for _view in (configuration, types, one_type, described, one_schema):
    _view.needs = "member"  # type: ignore[attr-defined]
for _verb, _views in {"view": (list_users, search_users, show_user, me), "create": (create_user,), "edit": (replace_user, patch_user),
                      "archive": (remove_user,)}.items():
    for _view in _views:
        _view.needs = f"{users.RESOURCE}.{_verb}"  # type: ignore[attr-defined]
for _verb, _views in {"view": (list_groups, search_groups, show_group), "create": (create_group,), "edit": (replace_group, patch_group),
                      "archive": (remove_group,)}.items():
    for _view in _views:
        _view.needs = f"{groups.RESOURCE}.{_verb}"  # type: ignore[attr-defined]
