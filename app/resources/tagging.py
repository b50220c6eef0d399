"""The built-in verb `tag`: through the door like every other change, allowed to whoever may edit the record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _

from app.core import access, audit, tags
from app.kernel import clock
from app.kernel.current import current
from app.kernel.errors import Invalid
from app.kernel.manifest import Resource
from app.resources import stages

VERB = "tag"
BUILT_IN = {"archive": "archive", "restore": "archive", VERB: "edit"}


def verb_of(action: str) -> str:
    """The verb whose permission an action asks for: that of restoring is archiving, that of tagging is editing."""
    return BUILT_IN.get(action, action)


def built_in(resource: Resource) -> dict[str, str]:
    """What can be done to each record of a resource beside what it declares, with the verb whose permission it asks for."""
    if not (resource.form and resource.editable):
        return {}
    return {name: verb for name, verb in BUILT_IN.items() if name != VERB or tags.taggable(resource)}


def retag(resource: Resource, record: Any, data: Mapping[str, Any]) -> None:
    """Put the tags of `add` on a record and take those of `remove` off; the record has a new version, and its trail says what changed."""
    access.require(current.user, resource.permission("edit"), record)
    stages.changeable(resource, record, data)
    stages.require_open(resource, record)
    add, remove = (_names(data, word) for word in ("add", "remove"))
    if unknown := set(data) - {"add", "remove", "version"}:
        raise Invalid({name: [_("Known fields: %(names)s.", names="add, remove")] for name in sorted(unknown)})
    if not add and not remove:
        raise Invalid({"add": [_("Say at least one tag.")]})
    before, after = tags.change(resource, record, add, remove)
    if before != after:
        record.updated_at = clock.now()
        audit.note(resource.permission(VERB), resource=resource.key, record=record, changes={"tags": [before, after]})


def _names(data: Mapping[str, Any], word: str) -> list[str]:
    said = data.get(word) or []
    said = [said] if isinstance(said, str) else said
    if not isinstance(said, list | tuple) or not all(isinstance(name, str) for name in said):
        raise Invalid({word: [_("A list of names is needed.")]})
    return tags.named_in(*said)
