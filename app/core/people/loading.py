"""From a row of `member` to the actor of a request or job, with grants and reach."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import text

from app.kernel.current import SYSTEM, SYSTEM_ID, Actor, Grant, Organisation, acting
from app.kernel.db import enter, session

# A member with roles, grants and departments as JSON, of a row `m`; the sign-in functions say the same.
MEMBER = """jsonb_build_object('id', m.id, 'name', m.name, 'email', m.email, 'identity_id', m.identity_id, 'language', m.language,
  'timezone', m.timezone, 'department_id', m.department_id, 'site_id', m.site_id, 'preferences', m.preferences,
  'roles', (SELECT coalesce(jsonb_agg(r.key ORDER BY (r.id = m.role_id) DESC, r.key), '[]') FROM role r
    WHERE r.organisation_id = m.organisation_id AND r.archived_at IS NULL AND (r.id = m.role_id OR r.id IN (
      SELECT x.role_id FROM member_role x WHERE x.organisation_id = m.organisation_id AND x.member_id = m.id))),
  'grants', (SELECT coalesce(jsonb_agg(jsonb_build_array(g.pattern, g.scope, r.key) ORDER BY r.key, g.pattern, g.scope), '[]')
    FROM role r JOIN role_grant g ON g.organisation_id = r.organisation_id AND g.role_id = r.id
    WHERE r.organisation_id = m.organisation_id AND r.archived_at IS NULL AND (r.id = m.role_id OR r.id IN (
      SELECT x.role_id FROM member_role x WHERE x.organisation_id = m.organisation_id AND x.member_id = m.id))),
  'departments', (WITH RECURSIVE below AS (
      SELECT d.id FROM department d WHERE d.organisation_id = m.organisation_id AND (d.id = m.department_id OR d.manager_id = m.id)
      UNION SELECT d.id FROM department d JOIN below b ON d.parent_id = b.id WHERE d.organisation_id = m.organisation_id)
    SELECT coalesce(jsonb_agg(id ORDER BY id), '[]') FROM below))"""
_QUESTION = text(f"SELECT {MEMBER} FROM member m WHERE m.id = :member AND m.active AND m.archived_at IS NULL")


def load_actor(organisation: Organisation, member_id: UUID) -> Actor | None:
    """The member, able to act, with today's grants; None when they may act no more. The system is itself."""
    if member_id == SYSTEM_ID:
        return SYSTEM
    with acting(organisation):
        enter()
        found = session().execute(_QUESTION, {"member": member_id}).scalar()
    enter()
    return actor_from(found) if found else None


def actor_from(row: dict[str, Any]) -> Actor:
    """The actor that the sign-in functions describe as JSON."""
    return Actor(
        id=UUID(row["id"]), name=row["name"], email=row["email"], identity_id=_id(row["identity_id"]), language=row["language"],
        timezone=row["timezone"], grants=tuple(Grant(*grant) for grant in row["grants"]), roles=tuple(row["roles"]),
        department_id=_id(row["department_id"]), department_ids=frozenset(UUID(d) for d in row["departments"]),
        site_id=_id(row["site_id"]), preferences=row["preferences"])


def _id(raw: str | None) -> UUID | None:
    return UUID(raw) if raw else None
