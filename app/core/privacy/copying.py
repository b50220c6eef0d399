"""A copy of all data about a person: every row that is theirs or names them, as JSON and as a page to read, in one ZIP."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

import orjson
from flask import render_template
from flask_babel import gettext as _
from sqlalchemy import or_, select

from app.core import audit, auth, files, notifications
from app.core.exports.plain import plain
from app.core.people import Member
from app.core.privacy.models import PersonRequest
from app.core.privacy.requests import finish
from app.kernel import jobs
from app.kernel.current import current
from app.kernel.db import Base, session, unit_of_work
from app.kernel.fields import fields_of
from app.kernel.registry import registry

MOST = 10_000  # rows of one kind
NAMING = ("created_by", "updated_by", "member_id", "actor_id", "on_behalf_of", "requested_by", "delegate_id", "owner_id")


def hand_over(request_id: str) -> None:
    """The job: put the copy together, keep it with the request, tell the person and whoever asked."""
    with unit_of_work() as work:
        request = work.get_one(PersonRequest, (current.organisation.id, UUID(request_id)))
        member = work.get_one(Member, (current.organisation.id, request.member_id))
        file = files.store(packed(member), f"{request.reference}.zip", "application/zip", purpose="export")
        request.file_id = file.id
        finish(request)
        notifications.notify(member.id, "security", lambda: str(_("A copy of your data was put together")), "", request)
        audit.note("privacy.person_request.copy", resource="people.member", record=member, context={"sha256": file.sha256})
        jobs.current_job().finish(file_id=file.id)


def packed(member: Member) -> bytes:
    """The ZIP."""
    parts = dict(everything(member))
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as target:
        target.writestr("data.json", orjson.dumps(
            {"person": member.reference, "organisation": current.organisation.name, "data": parts}, option=orjson.OPT_INDENT_2))
        target.writestr("data.html", render_template("privacy/copy.html", member=member, parts=parts, labels=_labels(),
                                                     organisation=current.organisation.name))
    return buffer.getvalue()


def everything(member: Member) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Every kind of row with those about the person, and what the sign-in knows."""
    yield "sign_in", auth.known_of(member.identity_id) if member.identity_id else []
    for mapper in sorted(Base.registry.mappers, key=lambda each: each.class_.__name__):
        model: Any = mapper.class_
        table = model.__table__
        if not table.info.get("tenanted") or "organisation_id" not in table.c or "id" not in table.c:
            continue
        naming = [getattr(model, name) == member.id for name in _naming(model)]
        if model is Member:
            naming = [model.id == member.id]
        if naming:
            rows = session().scalars(select(model).where(model.organisation_id == current.organisation.id, or_(*naming)).limit(MOST))
            if found := [plain(model, row) for row in rows]:
                yield str(table.name), found


def _naming(model: Any) -> list[str]:
    refers = {field.attribute for field in fields_of(model).values() if field.kind == "reference" and field.reference == "member"}
    return sorted((refers | set(NAMING)) & {attribute.key for attribute in model.__mapper__.column_attrs})


def _labels() -> Mapping[str, str]:
    return {str(resource.model.__table__.name): str(resource.plural) for resource in registry}  # type: ignore[attr-defined]
