"""From a row of `member` to the actor of a request or job, with grants and reach."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from app.kernel import clock
from app.kernel.current import SYSTEM, SYSTEM_ID, Actor, Grant, Organisation, acting, current
from app.kernel.db import enter, session

# What holds at the moment `{at}`: an assignment between its moments, a group between its days.
_NOW = "({0}.starts_at IS NULL OR {0}.starts_at <= {{at}}) AND ({0}.ends_at IS NULL OR {0}.ends_at > {{at}})"
_TODAY = """({{at}} AT TIME ZONE (SELECT o2.timezone FROM organisation o2 WHERE o2.id = m.organisation_id))::date
  BETWEEN coalesce({0}.starts_on, '-infinity') AND coalesce({0}.ends_on, 'infinity') AND {0}.archived_at IS NULL"""

# The roles and grants of the member `m`: the main role, further ones, those of their groups and of those above, and what each inherits.
_ACCESS = f"""(WITH RECURSIVE above AS (
    SELECT p.id, p.parent_id, p.name FROM group_member i JOIN member_group p ON p.organisation_id = i.organisation_id AND p.id = i.group_id
      WHERE i.organisation_id = m.organisation_id AND i.member_id = m.id AND {_TODAY.format("p")}
    UNION SELECT p.id, p.parent_id, p.name FROM member_group p JOIN above a ON p.id = a.parent_id
      WHERE p.organisation_id = m.organisation_id AND {_TODAY.format("p")}),
  given AS (
    SELECT m.role_id, '' AS via, NULL::uuid AS site_id
    UNION SELECT x.role_id, '', x.site_id FROM member_role x
      WHERE x.organisation_id = m.organisation_id AND x.member_id = m.id AND {_NOW.format("x")}
    UNION SELECT y.role_id, a.name, NULL FROM above a JOIN group_role y ON y.group_id = a.id
      WHERE y.organisation_id = m.organisation_id AND y.archived_at IS NULL AND {_NOW.format("y")}),
  chain AS (
    SELECT r.id, r.parent_id, r.key, w.via, w.site_id, r.id AS first_id FROM given w JOIN role r ON r.id = w.role_id
      WHERE r.organisation_id = m.organisation_id AND r.archived_at IS NULL
    UNION SELECT r.id, r.parent_id, c.key, c.via, c.site_id, c.first_id FROM role r JOIN chain c ON r.id = c.parent_id
      WHERE r.organisation_id = m.organisation_id AND r.archived_at IS NULL)
  SELECT jsonb_build_object('groups', (SELECT coalesce(jsonb_agg(DISTINCT a.id), '[]') FROM above a),
    'roles', (SELECT coalesce(jsonb_agg(t.key ORDER BY t.main DESC, t.key), '[]')
      FROM (SELECT DISTINCT c.key, c.id = m.role_id AS main FROM chain c WHERE c.id = c.first_id AND c.site_id IS NULL) t),
    'grants', (SELECT coalesce(jsonb_agg(u.said ORDER BY u.said), '[]') FROM (
      SELECT jsonb_build_array(g.pattern, g.scope, c.key, g.rule, c.via, c.site_id) AS said
        FROM chain c JOIN role_grant g ON g.role_id = c.id WHERE g.organisation_id = m.organisation_id
      UNION SELECT jsonb_build_array(s.pattern, s.scope, '', s.rule, s.reference, NULL) FROM member_grant s
        WHERE s.organisation_id = m.organisation_id AND s.member_id = m.id AND s.archived_at IS NULL AND {_NOW.format("s")}) u)))"""

_MEMBER = """jsonb_build_object('id', m.id, 'name', m.name, 'email', m.email, 'identity_id', m.identity_id, 'language', m.language,
  'timezone', m.timezone, 'department_id', m.department_id, 'site_id', m.site_id, 'preferences', m.preferences, 'agency', m.agency,
  'departments', (WITH RECURSIVE below AS (
      SELECT d.id FROM department d WHERE d.organisation_id = m.organisation_id AND (d.id = m.department_id OR d.manager_id = m.id)
      UNION SELECT d.id FROM department d JOIN below b ON d.parent_id = b.id WHERE d.organisation_id = m.organisation_id)
    SELECT coalesce(jsonb_agg(id ORDER BY id), '[]') FROM below))"""


# The roles and grants of one role alone, with what it inherits, in the words of the above.
_ALONE = """(WITH RECURSIVE chain AS (
    SELECT r.id, r.parent_id, r.key FROM role r WHERE r.organisation_id = {place} AND r.id = {role} AND r.archived_at IS NULL
    UNION SELECT r.id, r.parent_id, c.key FROM role r JOIN chain c ON r.id = c.parent_id
      WHERE r.organisation_id = {place} AND r.archived_at IS NULL)
  SELECT jsonb_build_object('roles', (SELECT coalesce(jsonb_agg(DISTINCT c.key), '[]') FROM chain c),
    'grants', (SELECT coalesce(jsonb_agg(u.said ORDER BY u.said), '[]') FROM (
      SELECT DISTINCT jsonb_build_array(g.pattern, g.scope, c.key, g.rule, '', NULL) AS said
        FROM chain c JOIN role_grant g ON g.role_id = c.id WHERE g.organisation_id = {place}) u)))"""


def role_alone(place: str, role: str) -> str:
    """SQL: what a role gives by itself, as JSON to put over that of a member: what a service token may do."""
    return _ALONE.format(place=place, role=role)


def member_at(moment: str) -> str:
    """SQL: a member with the roles, grants and departments of a moment as JSON, of a row `m`; every door says it with these words."""
    return f"{_MEMBER} || {_ACCESS.format(at=moment)}"


# Every role that members have, by any way: the same conditions as above, for everybody at once.
HOLDING = text(f"""WITH RECURSIVE inside AS (
    SELECT i.member_id, p.id, p.parent_id FROM group_member i JOIN member_group p ON p.id = i.group_id JOIN member m ON m.id = i.member_id
      WHERE i.organisation_id = :organisation AND p.organisation_id = :organisation AND m.organisation_id = :organisation
        AND {_TODAY.format("p").format(at=":now")}
    UNION SELECT b.member_id, p.id, p.parent_id FROM inside b JOIN member_group p ON p.id = b.parent_id JOIN member m ON m.id = b.member_id
      WHERE p.organisation_id = :organisation AND m.organisation_id = :organisation AND {_TODAY.format("p").format(at=":now")})
  SELECT r.key, h.member_id FROM role r JOIN (
    SELECT m.id AS member_id, m.role_id FROM member m WHERE m.organisation_id = :organisation
    UNION SELECT x.member_id, x.role_id FROM member_role x
      WHERE x.organisation_id = :organisation AND x.site_id IS NULL AND {_NOW.format("x").format(at=":now")}
    UNION SELECT b.member_id, y.role_id FROM inside b JOIN group_role y ON y.group_id = b.id
      WHERE y.organisation_id = :organisation AND y.archived_at IS NULL AND {_NOW.format("y").format(at=":now")}) h ON h.role_id = r.id
  WHERE r.organisation_id = :organisation AND r.archived_at IS NULL""")
_QUESTION = text(f"SELECT {member_at(':now')} FROM member m WHERE m.id = :member AND m.status = 'active' AND m.archived_at IS NULL")
_QUESTIONS = text(f"""SELECT {member_at(':now')} FROM member m WHERE m.organisation_id = :organisation AND m.id = ANY(:members)
  AND m.status = 'active' AND m.archived_at IS NULL ORDER BY m.name_key, m.id""")


_HELD = text(f"SELECT {member_at(':now')} FROM member m WHERE m.organisation_id = :organisation AND m.id = :member")


def grants_of(connection: Connection, organisation_id: UUID, member_id: UUID) -> tuple[Grant, ...]:
    """All that a member holds by any way, also while they may not come in."""
    told = {"organisation": organisation_id, "member": member_id, "now": clock.now()}
    found = connection.execute(_HELD, told).scalar()
    return actor_from(found).grants if found else ()


def load_actors(members: Iterable[UUID]) -> list[Actor]:
    """Many members of the organisation at hand in one question, by name; those who may act no more are left out."""
    told = {"members": list(members), "organisation": current.organisation.id, "now": clock.now()}
    return [actor_from(found) for found in session().execute(_QUESTIONS, told).scalars()]


def load_actor(organisation: Organisation, member_id: UUID) -> Actor | None:
    """The member, able to act, with today's grants; None when they may act no more. The system is itself."""
    if member_id == SYSTEM_ID:
        return SYSTEM
    with acting(organisation):
        enter()
        found = session().execute(_QUESTION, {"member": member_id, "now": clock.now()}).scalar()
    enter()
    return actor_from(found) if found else None


def actor_from(row: dict[str, Any]) -> Actor:
    """The actor that the sign-in functions describe as JSON."""
    return Actor(
        id=UUID(row["id"]), name=row["name"], email=row["email"], identity_id=_id(row["identity_id"]), language=row["language"],
        timezone=row["timezone"], grants=tuple(_grant(*grant) for grant in row["grants"]), roles=tuple(row["roles"]),
        department_id=_id(row["department_id"]), department_ids=frozenset(UUID(d) for d in row["departments"]),
        group_ids=frozenset(UUID(g) for g in row["groups"]), site_id=_id(row["site_id"]), preferences=row["preferences"],
        agency=row["agency"])


def _grant(pattern: str, scope: str, role: str, rule: str | None, via: str, site: str | None) -> Grant:
    return Grant(pattern, scope, role, rule or "", via, _id(site))


def _id(raw: str | None) -> UUID | None:
    return UUID(raw) if raw else None
