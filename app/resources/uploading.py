"""Files that come with a form: kept, and named by their ids as any other value."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

from flask import request

from app.core import files
from app.kernel.errors import Invalid, TooLarge
from app.kernel.fields import Field


def uploaded(fields: Iterable[Field]) -> dict[str, str]:
    """The ids of the files of this request, by the names of their fields; a field says which `endings` it takes. Raises `Invalid`."""
    found: dict[str, str] = {}
    for field in fields:
        source = request.files.get(field.name) if field.kind == "file" else None
        if source is None or not source.filename:
            continue
        try:
            kept = files.store(cast("Any", source.stream), source.filename, only=field.extra.get("endings", ()),
                               limit=field.extra.get("limit", 0))
        except Invalid as error:
            raise Invalid({field.name: [said for several in error.errors.values() for said in _each(several)]}) from error
        except TooLarge as error:
            raise Invalid({field.name: [str(error)]}) from error
        found[field.name] = str(kept.id)
    return found


def _each(said: Any) -> list[str]:
    return [said] if isinstance(said, str) else [str(each) for each in said]
