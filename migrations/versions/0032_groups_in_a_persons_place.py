"""the groups of whoever enters; what a group may be named in is bound to no table alone"""

from __future__ import annotations

from alembic import op

revision = 'core_0032'
down_revision = 'core_0031'
branch_labels = None
depends_on = None

SIGNATURE = "auth_enter(text, text, text, timestamptz)"
ENTER = """
CREATE OR REPLACE FUNCTION auth_enter(kind text, secret text, address text, moment timestamptz,
  OUT proof jsonb, OUT rights text) RETURNS record LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE who uuid; place uuid; bound uuid; case_id uuid; home uuid; token record; held record; shadow record; passes text;
BEGIN
  IF kind IN ('token', 'lent') THEN
    SELECT t.id, t.organisation_id, t.member_id, t.role_id, t.scopes, t.addresses, t.last_used_at, t.last_used_from,
      t.name, CASE WHEN t.revoked_at IS NOT NULL THEN 'revoked' WHEN t.expires_at <= moment THEN 'expired' END AS dead INTO token
      FROM api_token t WHERE t.id = CASE kind WHEN 'lent' THEN secret::uuid ELSE (SELECT x.id FROM api_token x
        WHERE x.secret_hash = secret OR (x.former_hash = secret AND x.former_until > moment) LIMIT 1) END;
    IF NOT FOUND THEN RETURN; END IF;
    IF token.dead <> '' THEN
      proof := jsonb_build_object('token', token.id, 'place', token.organisation_id, 'dead', token.dead);
      RETURN;
    END IF;
    bound := token.organisation_id;
    SELECT m.identity_id INTO who FROM member m WHERE m.organisation_id = token.organisation_id AND m.id = token.member_id;
    proof := jsonb_build_object('token', token.id, 'identity', who, 'scopes', token.scopes, 'seen', token.last_used_at,
      'from', token.last_used_from, 'addresses', token.addresses, 'place', token.organisation_id);
  ELSE
    SELECT s.id, s.identity_id, s.last_seen_at, s.organisation_id, s.method, s.factor, s.proved_at, s.enrol_by, s.impersonation_id,
      s.confined_to, s.scope, CASE WHEN s.stage = 'full' AND s.enrol_by <= moment THEN 'enrol' ELSE s.stage END AS stage INTO held
      FROM user_session s WHERE s.id = CASE kind WHEN 'access' THEN secret::uuid ELSE (SELECT x.id FROM user_session x
        WHERE x.secret_hash = secret AND x.scope = '') END
        AND s.ended_at IS NULL AND s.idle_until > moment AND s.expires_at > moment
        AND (s.parent_id IS NULL OR EXISTS (SELECT FROM user_session p WHERE p.id = s.parent_id AND p.ended_at IS NULL
          AND p.idle_until > moment AND p.expires_at > moment));
    IF NOT FOUND THEN RETURN; END IF;
    who := held.identity_id;
    bound := held.confined_to;
    case_id := held.impersonation_id;
    proof := jsonb_build_object('session', held.id, 'identity', who, 'seen', held.last_seen_at, 'organisation', held.organisation_id,
      'stage', held.stage, 'method', held.method, 'factor', held.factor, 'proved', held.proved_at, 'enrol_by', held.enrol_by,
      'confined', held.confined_to, 'scopes', string_to_array(nullif(held.scope, ''), ' '));
  END IF;
  IF NOT EXISTS (SELECT FROM identity i WHERE i.id = who AND i.disabled_at IS NULL) THEN
    proof := NULL;
    RETURN;
  END IF;
  IF proof ->> 'stage' = 'full' AND case_id IS NOT NULL THEN
    SELECT i.id, i.organisation_id, i.target_id, i.until, i.reach INTO shadow
      FROM impersonation i JOIN member a ON a.organisation_id = i.organisation_id AND a.id = i.actor_id
      WHERE i.id = case_id AND i.ended_at IS NULL AND i.until > moment AND a.identity_id = who;
    IF NOT FOUND THEN proof := proof || '{"stage": "over"}'; END IF;
  END IF;
  IF address IS NULL OR proof ->> 'stage' <> 'full' THEN RETURN; END IF;
  SELECT s.organisation_id INTO place FROM organisation_slug s WHERE s.slug = address;
  IF NOT FOUND THEN RETURN; END IF;
  SELECT jsonb_build_object('organisation', jsonb_build_object('id', o.id, 'slug', o.slug, 'name', o.name, 'currency', o.currency, 'timezone', o.timezone,
  'language', o.language, 'number', o.number, 'week_start', o.week_start,
  'languages', o.languages,
  'erase_after', coalesce(o.erase_after::text, ''),
  'brand', CASE WHEN o.logo_id IS NULL AND o.colour = '' AND o.colour_dark = '' THEN ''
    ELSE left(md5(concat_ws(' ', o.name, o.colour, o.colour_dark, o.logo_id)), 12) END), 'member', jsonb_build_object('id', m.id, 'name', m.name, 'email', m.email, 'identity_id', m.identity_id, 'language', m.language,
  'timezone', m.timezone, 'department_id', m.department_id, 'site_id', m.site_id, 'preferences', m.preferences, 'agency', m.agency,
  'departments', (WITH RECURSIVE below AS (
      SELECT d.id FROM department d WHERE d.organisation_id = m.organisation_id AND (d.id = m.department_id OR d.manager_id = m.id)
      UNION SELECT d.id FROM department d JOIN below b ON d.parent_id = b.id WHERE d.organisation_id = m.organisation_id)
    SELECT coalesce(jsonb_agg(id ORDER BY id), '[]') FROM below)) || (WITH RECURSIVE above AS (
    SELECT p.id, p.parent_id, p.name FROM group_member i JOIN member_group p ON p.organisation_id = i.organisation_id AND p.id = i.group_id
      WHERE i.organisation_id = m.organisation_id AND i.member_id = m.id AND (moment AT TIME ZONE (SELECT o2.timezone FROM organisation o2 WHERE o2.id = m.organisation_id))::date
  BETWEEN coalesce(p.starts_on, '-infinity') AND coalesce(p.ends_on, 'infinity') AND p.archived_at IS NULL
    UNION SELECT p.id, p.parent_id, p.name FROM member_group p JOIN above a ON p.id = a.parent_id
      WHERE p.organisation_id = m.organisation_id AND (moment AT TIME ZONE (SELECT o2.timezone FROM organisation o2 WHERE o2.id = m.organisation_id))::date
  BETWEEN coalesce(p.starts_on, '-infinity') AND coalesce(p.ends_on, 'infinity') AND p.archived_at IS NULL),
  given AS (
    SELECT m.role_id, '' AS via, NULL::uuid AS site_id
    UNION SELECT x.role_id, '', x.site_id FROM member_role x
      WHERE x.organisation_id = m.organisation_id AND x.member_id = m.id AND (x.starts_at IS NULL OR x.starts_at <= moment) AND (x.ends_at IS NULL OR x.ends_at > moment)
    UNION SELECT y.role_id, a.name, NULL FROM above a JOIN group_role y ON y.group_id = a.id
      WHERE y.organisation_id = m.organisation_id AND y.archived_at IS NULL AND (y.starts_at IS NULL OR y.starts_at <= moment) AND (y.ends_at IS NULL OR y.ends_at > moment)),
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
        WHERE s.organisation_id = m.organisation_id AND s.member_id = m.id AND s.archived_at IS NULL AND (s.starts_at IS NULL OR s.starts_at <= moment) AND (s.ends_at IS NULL OR s.ends_at > moment)) u))))::text, m.agency_id INTO rights, home
    FROM organisation o JOIN member m ON m.organisation_id = o.id
    WHERE o.id = place AND o.suspended_at IS NULL AND (o.erase_after IS NULL OR o.erase_after > moment) AND m.identity_id = who AND m.status = 'active' AND m.archived_at IS NULL;
  IF NOT FOUND OR (place <> bound AND (kind IN ('token', 'lent') OR home IS DISTINCT FROM bound)) THEN
    rights := NULL;
    RETURN;
  END IF;
  IF kind IN ('token', 'lent') THEN
    IF token.role_id IS NOT NULL THEN
      rights := jsonb_set(rights::jsonb, '{member}', (rights::jsonb -> 'member') || (WITH RECURSIVE chain AS (
    SELECT r.id, r.parent_id, r.key FROM role r WHERE r.organisation_id = place AND r.id = token.role_id AND r.archived_at IS NULL
    UNION SELECT r.id, r.parent_id, c.key FROM role r JOIN chain c ON r.id = c.parent_id
      WHERE r.organisation_id = place AND r.archived_at IS NULL)
  SELECT jsonb_build_object('roles', (SELECT coalesce(jsonb_agg(DISTINCT c.key), '[]') FROM chain c),
    'grants', (SELECT coalesce(jsonb_agg(u.said ORDER BY u.said), '[]') FROM (
      SELECT DISTINCT jsonb_build_array(g.pattern, g.scope, c.key, g.rule, '', NULL) AS said
        FROM chain c JOIN role_grant g ON g.role_id = c.id WHERE g.organisation_id = place) u)))
        || jsonb_build_object('service', jsonb_build_object('id', token.id, 'name', token.name)))::text;
    END IF;
  END IF;
  IF home IS NOT NULL THEN
    SELECT (rights::jsonb || jsonb_build_object('home', jsonb_build_object('id', m.id, 'name', m.name, 'email', m.email, 'identity_id', m.identity_id, 'language', m.language,
  'timezone', m.timezone, 'department_id', m.department_id, 'site_id', m.site_id, 'preferences', m.preferences, 'agency', m.agency,
  'departments', (WITH RECURSIVE below AS (
      SELECT d.id FROM department d WHERE d.organisation_id = m.organisation_id AND (d.id = m.department_id OR d.manager_id = m.id)
      UNION SELECT d.id FROM department d JOIN below b ON d.parent_id = b.id WHERE d.organisation_id = m.organisation_id)
    SELECT coalesce(jsonb_agg(id ORDER BY id), '[]') FROM below)) || (WITH RECURSIVE above AS (
    SELECT p.id, p.parent_id, p.name FROM group_member i JOIN member_group p ON p.organisation_id = i.organisation_id AND p.id = i.group_id
      WHERE i.organisation_id = m.organisation_id AND i.member_id = m.id AND (moment AT TIME ZONE (SELECT o2.timezone FROM organisation o2 WHERE o2.id = m.organisation_id))::date
  BETWEEN coalesce(p.starts_on, '-infinity') AND coalesce(p.ends_on, 'infinity') AND p.archived_at IS NULL
    UNION SELECT p.id, p.parent_id, p.name FROM member_group p JOIN above a ON p.id = a.parent_id
      WHERE p.organisation_id = m.organisation_id AND (moment AT TIME ZONE (SELECT o2.timezone FROM organisation o2 WHERE o2.id = m.organisation_id))::date
  BETWEEN coalesce(p.starts_on, '-infinity') AND coalesce(p.ends_on, 'infinity') AND p.archived_at IS NULL),
  given AS (
    SELECT m.role_id, '' AS via, NULL::uuid AS site_id
    UNION SELECT x.role_id, '', x.site_id FROM member_role x
      WHERE x.organisation_id = m.organisation_id AND x.member_id = m.id AND (x.starts_at IS NULL OR x.starts_at <= moment) AND (x.ends_at IS NULL OR x.ends_at > moment)
    UNION SELECT y.role_id, a.name, NULL FROM above a JOIN group_role y ON y.group_id = a.id
      WHERE y.organisation_id = m.organisation_id AND y.archived_at IS NULL AND (y.starts_at IS NULL OR y.starts_at <= moment) AND (y.ends_at IS NULL OR y.ends_at > moment)),
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
        WHERE s.organisation_id = m.organisation_id AND s.member_id = m.id AND s.archived_at IS NULL AND (s.starts_at IS NULL OR s.starts_at <= moment) AND (s.ends_at IS NULL OR s.ends_at > moment)) u)))))::text INTO rights FROM member m
      WHERE m.organisation_id = home AND m.identity_id = who AND m.status = 'active' AND m.archived_at IS NULL AND m.agency_id IS NULL AND EXISTS (
      SELECT FROM agency_link l JOIN organisation a ON a.id = l.agency_id WHERE l.agency_id = m.organisation_id AND l.client_id = place
        AND l.accepted_at IS NOT NULL AND l.ended_at IS NULL AND a.suspended_at IS NULL AND a.erase_after IS NULL);
    IF NOT FOUND THEN
      rights := NULL;
      RETURN;
    END IF;
  END IF;
  passes := (SELECT a.slug FROM (VALUES (place, rights::jsonb #>> '{member,id}'), (home, rights::jsonb #>> '{home,id}')) AS v(house, person)
      JOIN setting x ON x.organisation_id = v.house AND x.key = 'auth.sso_only' AND x.value #>> '{}' NOT IN ('', v.person)
      JOIN organisation a ON a.id = v.house
      WHERE bound IS DISTINCT FROM place AND (v.house = place OR bound IS DISTINCT FROM home)
      ORDER BY v.house <> place LIMIT 1);
  IF passes <> '' THEN
    proof := proof || jsonb_build_object('elsewhere', passes);
    rights := NULL;
    RETURN;
  END IF;
  IF case_id IS NOT NULL THEN
    SELECT (rights::jsonb || jsonb_build_object('by', rights::jsonb -> 'member', 'member', jsonb_build_object('id', m.id, 'name', m.name, 'email', m.email, 'identity_id', m.identity_id, 'language', m.language,
  'timezone', m.timezone, 'department_id', m.department_id, 'site_id', m.site_id, 'preferences', m.preferences, 'agency', m.agency,
  'departments', (WITH RECURSIVE below AS (
      SELECT d.id FROM department d WHERE d.organisation_id = m.organisation_id AND (d.id = m.department_id OR d.manager_id = m.id)
      UNION SELECT d.id FROM department d JOIN below b ON d.parent_id = b.id WHERE d.organisation_id = m.organisation_id)
    SELECT coalesce(jsonb_agg(id ORDER BY id), '[]') FROM below)) || (WITH RECURSIVE above AS (
    SELECT p.id, p.parent_id, p.name FROM group_member i JOIN member_group p ON p.organisation_id = i.organisation_id AND p.id = i.group_id
      WHERE i.organisation_id = m.organisation_id AND i.member_id = m.id AND (moment AT TIME ZONE (SELECT o2.timezone FROM organisation o2 WHERE o2.id = m.organisation_id))::date
  BETWEEN coalesce(p.starts_on, '-infinity') AND coalesce(p.ends_on, 'infinity') AND p.archived_at IS NULL
    UNION SELECT p.id, p.parent_id, p.name FROM member_group p JOIN above a ON p.id = a.parent_id
      WHERE p.organisation_id = m.organisation_id AND (moment AT TIME ZONE (SELECT o2.timezone FROM organisation o2 WHERE o2.id = m.organisation_id))::date
  BETWEEN coalesce(p.starts_on, '-infinity') AND coalesce(p.ends_on, 'infinity') AND p.archived_at IS NULL),
  given AS (
    SELECT m.role_id, '' AS via, NULL::uuid AS site_id
    UNION SELECT x.role_id, '', x.site_id FROM member_role x
      WHERE x.organisation_id = m.organisation_id AND x.member_id = m.id AND (x.starts_at IS NULL OR x.starts_at <= moment) AND (x.ends_at IS NULL OR x.ends_at > moment)
    UNION SELECT y.role_id, a.name, NULL FROM above a JOIN group_role y ON y.group_id = a.id
      WHERE y.organisation_id = m.organisation_id AND y.archived_at IS NULL AND (y.starts_at IS NULL OR y.starts_at <= moment) AND (y.ends_at IS NULL OR y.ends_at > moment)),
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
        WHERE s.organisation_id = m.organisation_id AND s.member_id = m.id AND s.archived_at IS NULL AND (s.starts_at IS NULL OR s.starts_at <= moment) AND (s.ends_at IS NULL OR s.ends_at > moment)) u))), 'case',
        jsonb_build_object('id', shadow.id, 'until', shadow.until, 'reach', shadow.reach)))::text INTO rights
      FROM member m WHERE m.organisation_id = place AND m.organisation_id = shadow.organisation_id AND m.id = shadow.target_id
        AND m.status = 'active' AND m.archived_at IS NULL;
    IF NOT FOUND THEN
      rights := NULL;
      RETURN;
    END IF;
  END IF;
  PERFORM set_config('app.organisation', place::text, true);
END $$"""
ADDED = """'groups', (SELECT coalesce(jsonb_agg(DISTINCT a.id), '[]') FROM above a),
    """
TURN = 'fk_duty_turn_member_id'


def _define(sql: str) -> None:
    op.execute('GRANT USAGE, CREATE ON SCHEMA public TO opsflux_gate')
    op.execute('SET LOCAL ROLE opsflux_gate')
    op.execute(sql)
    op.execute(f'REVOKE ALL ON FUNCTION {SIGNATURE} FROM PUBLIC')
    op.execute(f'GRANT EXECUTE ON FUNCTION {SIGNATURE} TO opsflux_app')
    op.execute('RESET ROLE')
    op.execute('REVOKE CREATE ON SCHEMA public FROM opsflux_gate')


def upgrade() -> None:
    """Bring the database forward."""
    _define(ENTER)
    op.drop_constraint(TURN, 'duty_turn', type_='foreignkey')


def downgrade() -> None:
    """Take it back."""
    op.execute(f"ALTER TABLE duty_turn ADD CONSTRAINT {TURN} FOREIGN KEY (organisation_id, member_id) "
               "REFERENCES member (organisation_id, id) NOT VALID")  # groups that stand there already may stay
    _define(ENTER.replace(ADDED, ""))
