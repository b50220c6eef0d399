"""Documents as they go out: only the attributes asked for, with their version, one or a page of many."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from flask import Response, request

from app.core.scim.attributes import plain
from app.core.scim.discovery import LISTED
from app.core.scim.refusals import MEDIA, Refused

ALWAYS = frozenset({"id", "schemas"})


def answer(document: Any, status: int = 200, **headers: str) -> Response:
    """A document in the media type of SCIM."""
    return Response(orjson.dumps(document), status, headers=headers, mimetype=MEDIA)


def one(document: dict[str, Any], status: int = 200) -> Response:
    """A resource with its version; 304 for a reader who has it."""
    tag = version(document)
    if request.method == "GET" and _named(request.headers.get("If-None-Match", ""), tag):
        return Response(status=304, headers={"ETag": tag})
    location = document["meta"]["location"]
    return answer(_narrowed(_versioned(document), request.args), status, ETag=tag, Location=location)


def page(documents: Sequence[dict[str, Any]], total: int, start: int, asked: Mapping[str, Any]) -> Response:
    """One page of a list: `start` is the place of the first, from 1."""
    found = [_narrowed(_versioned(each), asked) if "meta" in each else each for each in documents]
    return answer({"schemas": [LISTED], "totalResults": total, "startIndex": start, "itemsPerPage": len(found), "Resources": found})


def version(document: Mapping[str, Any]) -> str:
    """The version of a resource: another one as soon as anything that is shown of it differs."""
    return f'W/"{hashlib.sha256(orjson.dumps(document)).hexdigest()[:20]}"'


def require_version(document: Mapping[str, Any]) -> None:
    """Raise `Refused` (412) when somebody else changed it since it was read."""
    asked = request.headers.get("If-Match", "")
    if asked and not _named(asked, version(document)):
        raise Refused("", "It was changed since you read it. Read it again.", 412)


def _named(header: str, tag: str) -> bool:
    return any(each.strip() in ("*", tag, tag.removeprefix("W/")) for each in header.split(","))


def _versioned(document: dict[str, Any]) -> dict[str, Any]:
    return {**document, "meta": {**document["meta"], "version": version(document)}}


def _narrowed(document: dict[str, Any], asked: Mapping[str, Any]) -> dict[str, Any]:
    """Only what is asked for (`attributes`), or all but what is not wanted (`excludedAttributes`)."""
    wanted, unwanted = names(asked.get("attributes")), names(asked.get("excludedAttributes"))
    if wanted:
        return {key: kept for key, value in document.items() if (kept := _kept(key, value, wanted)) is not None}
    return {key: left for key, value in document.items() if (left := _left(key, value, unwanted)) is not None} if unwanted else document


def names(raw: Any) -> set[str]:
    """The attributes of a list, without their schemas and in small letters: `userName,name.givenName`."""
    listed = raw if isinstance(raw, list) else str(raw or "").split(",")
    return {plain(str(each).strip()) for each in listed if str(each).strip()}


def _is_schema(key: str) -> bool:
    return key.startswith("urn:")


def _kept(key: str, value: Any, wanted: set[str]) -> Any:
    name = plain(key)
    if name in wanted or name in ALWAYS:
        return value
    if _is_schema(key):
        return {part: each for part, each in value.items() if plain(part) in wanted} or None
    parts = {each.partition(".")[2] for each in wanted if each.startswith(f"{name}.")}
    return _parts(value, lambda part: part in parts) if parts else None


def _left(key: str, value: Any, unwanted: set[str]) -> Any:
    name = plain(key)
    if name in ALWAYS:
        return value
    if name in unwanted:
        return None
    if _is_schema(key):
        return {part: each for part, each in value.items() if plain(part) not in unwanted} or None
    parts = {each.partition(".")[2] for each in unwanted if each.startswith(f"{name}.")}
    return _parts(value, lambda part: part not in parts) if parts else value


def _parts(value: Any, wanted: Any) -> Any:
    if isinstance(value, list):
        return [_parts(each, wanted) for each in value]
    return {part: each for part, each in value.items() if wanted(part.casefold())} if isinstance(value, dict) else value
