"""From what a directory sends, in one piece or as operations of PATCH, to the values that are meant; in all dialects that are spoken.

Microsoft Entra ID writes booleans as text, `Replace` with a capital, dotted names without a path, and a manager as a bare id; Okta sends
operations without a path. Attributes that nothing here has are left out, as RFC 7643 asks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from app.core.scim.attributes import plain
from app.core.scim.filters import Both, Compare, Target, Tree, target
from app.core.scim.refusals import Refused

USER, GROUP = "urn:ietf:params:scim:schemas:core:2.0:User", "urn:ietf:params:scim:schemas:core:2.0:Group"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
READ_ONLY = frozenset({"id", "meta", "groups", "schemas"})
NEEDED = frozenset({"username", "emails", "name", "displayname", "active"})
UNUSED = frozenset({"nickname", "profileurl", "usertype", "locale", "ims", "photos", "addresses", "entitlements", "x509certificates",
                    "password", "employeenumber", "costcenter", "organization", "division"})
USED = frozenset({"username", "externalid", "displayname", "name", "active", "title", "emails", "phonenumbers", "preferredlanguage",
                  "timezone", "roles", "department", "manager"})
Document = Mapping[str, Any]


def understood(document: Document) -> dict[str, Any]:
    """The values that a document names, by our own names; what it does not name is not there. None takes a value away."""
    said = {**_folded(document), **_folded(_extension(document))}
    found = {key: read(said[name], name) for name, (key, read) in READERS.items() if name in said}
    return {**found, **_named(said.get("name"))}


def pieces(body: Document) -> Iterator[dict[str, Any]]:
    """The operations of PATCH on a user, each as a document that names what it changes."""
    for name, path, value in operations(body):
        if path:
            yield _piece(name, target(path), value)
        else:
            for key, each in _object(value, "value").items():
                if plain(key) not in READ_ONLY:
                    yield _piece(name, target(key), each)


def operations(body: Document) -> list[tuple[str, str, Any]]:
    """Operation, path and value of each. Raises `Refused` (invalidSyntax)."""
    listed = _folded(body).get("operations")
    if not isinstance(listed, list) or not listed or not all(isinstance(each, dict) for each in listed):
        raise Refused("invalidSyntax", "“Operations” must be a list of operations.")
    found = []
    for each in map(_folded, listed):
        name, path = str(each.get("op", "")).casefold(), each.get("path") or ""
        if name not in ("add", "replace", "remove") or not isinstance(path, str):
            raise Refused("invalidSyntax", "An operation is add, replace or remove, and its path is a text.")
        if name == "remove" and not path:
            raise Refused("noTarget", "To remove something, its path is needed.")
        found.append((name, path, each.get("value")))
    return found


def _piece(operation: str, where: Target, value: Any) -> dict[str, Any]:
    if where.path.casefold() == ENTERPRISE.casefold():
        return {ENTERPRISE: _object(value, where.path)}
    name, _dot, part = plain(where.path).partition(".")
    part = where.part or part
    if name in READ_ONLY:
        raise Refused("mutability", f"“{name}” cannot be changed.")
    if name not in USED | UNUSED and not where.path.casefold().startswith("urn:"):
        raise Refused("invalidPath", f"“{where.path[:80]}” is no attribute of a user.")
    if operation == "remove":
        if name in NEEDED:
            raise Refused("mutability", f"“{name}” is needed and cannot be removed.")
        value = None
    if where.inner is not None:
        entry = equalities(where.inner)
        if name in ("emails", "phonenumbers") and entry.get("type", "work") != "work" and not _is_primary(entry):
            return {}  # one address and one number are kept here: those at work
        return {name: [{**entry, **({part: value} if part else _object(value or {}, name))}]}
    return {name: {part: value} if part else value}


def equalities(tree: Tree) -> dict[str, Any]:
    """What a filter of values says that they are: `type eq "work" and primary eq true`."""
    if isinstance(tree, Both):
        return {**equalities(tree.left), **equalities(tree.right)}
    if isinstance(tree, Compare) and tree.operator == "eq":
        return {plain(tree.path): tree.value}
    raise Refused("invalidPath", "Values are chosen by eq and and.")


def _extension(document: Document) -> Document:
    found = next((each for key, each in document.items() if key.casefold() == ENTERPRISE.casefold()), None)
    return found if isinstance(found, dict) else {}


def _folded(document: Document) -> dict[str, Any]:
    return {str(key).casefold(): value for key, value in document.items()}


def _object(value: Any, name: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise Refused("invalidValue", f"“{name[:80]}” must be an object.")
    return value


def _named(name: Any) -> dict[str, Any]:
    if name is None:
        return {}
    said = _folded(_object(name, "name"))
    return {key: _text(said[part], f"name.{part}") for part, key in
            (("formatted", "formatted"), ("givenname", "given_name"), ("familyname", "family_name")) if part in said}


def _text(value: Any, name: str) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str):
        raise Refused("invalidValue", f"“{name}” must be a text.")
    return value.strip() or None


def truth(value: Any, name: str) -> bool:
    """True or false, as such or as a text."""
    found = {"true": True, "false": False}.get(str(value).casefold())
    if found is None:
        raise Refused("invalidValue", f"“{name}” is true or false.")
    return found


def entries(value: Any, name: str) -> list[dict[str, Any]]:
    """The values of an attribute with several, however they are written: a list, one alone, bare or as objects."""
    several = value if isinstance(value, list) else [] if value is None else [value]
    found = [_folded(each) if isinstance(each, dict) else {"value": each} for each in several]
    if not all(isinstance(each.get("value"), str | None) for each in found):
        raise Refused("invalidValue", f"The values of “{name}” must be texts.")
    return found


def _chosen(value: Any, name: str) -> str | None:
    """The one of several that is kept here: the first one, that at work, or that without a type."""
    several = entries(value, name)
    ours = [each for each in several if _is_primary(each)] + [each for each in several if each.get("type") in ("work", None, "")]
    found = ours or several
    return _text(found[0].get("value"), name) if found else None


def _is_primary(entry: Mapping[str, Any]) -> bool:
    return str(entry.get("primary")).casefold() == "true"


def _address(value: Any, name: str) -> str | None:
    found = _chosen(value, name)
    return found.lower() if found else None


def _single(value: Any, name: str) -> str | None:
    several = entries(value, name)
    first = next((each for each in several if _is_primary(each)), several[0] if several else {})
    return _text(first.get("value"), name)


def _language(value: Any, name: str) -> str | None:
    found = _text(value, name)
    return found.replace("_", "-").partition("-")[0].lower() if found else None


READERS: dict[str, tuple[str, Callable[[Any, str], Any]]] = {
    "username": ("user_name", _text), "externalid": ("external_id", _text), "displayname": ("display", _text), "active": ("active", truth),
    "title": ("job_title", _text), "emails": ("email", _address), "phonenumbers": ("phone", _chosen),
    "preferredlanguage": ("language", _language), "timezone": ("timezone", _text), "roles": ("role", _single),
    "department": ("department", _text), "manager": ("manager", _single),
}
