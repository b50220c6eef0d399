"""tokens and apps"""

from __future__ import annotations

from collections.abc import Mapping

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = 'core_0014'
down_revision = 'core_0013'
branch_labels = None
depends_on = None

BEFORE = {
    "auth_enter(text, text, text, timestamptz)": """
CREATE OR REPLACE FUNCTION auth_enter(kind text, secret text, address text, moment timestamptz,
  OUT proof jsonb, OUT rights text) RETURNS record LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE who uuid; place uuid; bound uuid; case_id uuid; token record; held record; shadow record; passes text;
BEGIN
  IF kind = 'token' THEN
    SELECT t.id, t.organisation_id, t.member_id, t.scopes, t.last_used_at INTO token FROM api_token t
      WHERE t.secret_hash = secret AND t.revoked_at IS NULL AND t.expires_at > moment;
    IF NOT FOUND THEN RETURN; END IF;
    bound := token.organisation_id;
    SELECT m.identity_id INTO who FROM member m WHERE m.organisation_id = token.organisation_id AND m.id = token.member_id;
    proof := jsonb_build_object('token', token.id, 'identity', who, 'scopes', token.scopes, 'seen', token.last_used_at);
  ELSE
    SELECT s.id, s.identity_id, s.last_seen_at, s.organisation_id, s.method, s.factor, s.proved_at, s.enrol_by, s.impersonation_id,
      s.confined_to, CASE WHEN s.stage = 'full' AND s.enrol_by <= moment THEN 'enrol' ELSE s.stage END AS stage INTO held
      FROM user_session s
      WHERE s.secret_hash = secret AND s.ended_at IS NULL AND s.idle_until > moment AND s.expires_at > moment;
    IF NOT FOUND THEN RETURN; END IF;
    who := held.identity_id;
    bound := held.confined_to;
    case_id := held.impersonation_id;
    proof := jsonb_build_object('session', held.id, 'identity', who, 'seen', held.last_seen_at, 'organisation', held.organisation_id,
      'stage', held.stage, 'method', held.method, 'factor', held.factor, 'proved', held.proved_at, 'enrol_by', held.enrol_by,
      'confined', held.confined_to);
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
  IF NOT FOUND OR place <> bound THEN RETURN; END IF;
  SELECT jsonb_build_object('organisation', jsonb_build_object('id', o.id, 'slug', o.slug, 'name', o.name, 'currency', o.currency, 'timezone', o.timezone,
  'language', o.language, 'number', o.number, 'week_start', o.week_start,
  'brand', CASE WHEN o.logo_id IS NULL AND o.colour = '' AND o.colour_dark = '' THEN ''
    ELSE left(md5(concat_ws(' ', o.name, o.colour, o.colour_dark, o.logo_id)), 12) END), 'member', jsonb_build_object('id', m.id, 'name', m.name, 'email', m.email, 'identity_id', m.identity_id, 'language', m.language,
  'timezone', m.timezone, 'department_id', m.department_id, 'site_id', m.site_id, 'preferences', m.preferences,
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
  SELECT jsonb_build_object('roles', (SELECT coalesce(jsonb_agg(t.key ORDER BY t.main DESC, t.key), '[]')
      FROM (SELECT DISTINCT c.key, c.id = m.role_id AS main FROM chain c WHERE c.id = c.first_id AND c.site_id IS NULL) t),
    'grants', (SELECT coalesce(jsonb_agg(u.said ORDER BY u.said), '[]') FROM (
      SELECT jsonb_build_array(g.pattern, g.scope, c.key, g.rule, c.via, c.site_id) AS said
        FROM chain c JOIN role_grant g ON g.role_id = c.id WHERE g.organisation_id = m.organisation_id
      UNION SELECT jsonb_build_array(s.pattern, s.scope, '', s.rule, s.reference, NULL) FROM member_grant s
        WHERE s.organisation_id = m.organisation_id AND s.member_id = m.id AND s.archived_at IS NULL AND (s.starts_at IS NULL OR s.starts_at <= moment) AND (s.ends_at IS NULL OR s.ends_at > moment)) u))))::text INTO rights
    FROM organisation o JOIN member m ON m.organisation_id = o.id
    WHERE o.id = place AND o.suspended_at IS NULL AND m.identity_id = who AND m.status = 'active' AND m.archived_at IS NULL;
  IF NOT FOUND THEN RETURN; END IF;
  IF bound IS NULL THEN
    SELECT s.value #>> '{}' INTO passes FROM setting s WHERE s.organisation_id = place AND s.key = 'auth.sso_only';
    IF passes <> '' AND passes <> rights::jsonb #>> '{member,id}' THEN
      proof := proof || jsonb_build_object('elsewhere', address);
      rights := NULL;
      RETURN;
    END IF;
  END IF;
  IF case_id IS NOT NULL THEN
    SELECT (rights::jsonb || jsonb_build_object('by', rights::jsonb -> 'member', 'member', jsonb_build_object('id', m.id, 'name', m.name, 'email', m.email, 'identity_id', m.identity_id, 'language', m.language,
  'timezone', m.timezone, 'department_id', m.department_id, 'site_id', m.site_id, 'preferences', m.preferences,
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
  SELECT jsonb_build_object('roles', (SELECT coalesce(jsonb_agg(t.key ORDER BY t.main DESC, t.key), '[]')
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
END $$""",
}
FUNCTIONS = {
    "auth_enter(text, text, text, timestamptz)": """
CREATE OR REPLACE FUNCTION auth_enter(kind text, secret text, address text, moment timestamptz,
  OUT proof jsonb, OUT rights text) RETURNS record LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE who uuid; place uuid; bound uuid; case_id uuid; token record; held record; shadow record; passes text;
BEGIN
  IF kind IN ('token', 'lent') THEN
    SELECT t.id, t.organisation_id, t.member_id, t.role_id, t.scopes, t.addresses, t.last_used_at, t.last_used_from,
      CASE WHEN t.revoked_at IS NOT NULL THEN 'revoked' WHEN t.expires_at <= moment THEN 'expired' END AS dead INTO token
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
        AND (s.parent_id IS NULL OR EXISTS (SELECT FROM user_session p WHERE p.id = s.parent_id AND p.ended_at IS NULL));
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
  IF NOT FOUND OR place <> bound THEN RETURN; END IF;
  SELECT jsonb_build_object('organisation', jsonb_build_object('id', o.id, 'slug', o.slug, 'name', o.name, 'currency', o.currency, 'timezone', o.timezone,
  'language', o.language, 'number', o.number, 'week_start', o.week_start,
  'brand', CASE WHEN o.logo_id IS NULL AND o.colour = '' AND o.colour_dark = '' THEN ''
    ELSE left(md5(concat_ws(' ', o.name, o.colour, o.colour_dark, o.logo_id)), 12) END), 'member', jsonb_build_object('id', m.id, 'name', m.name, 'email', m.email, 'identity_id', m.identity_id, 'language', m.language,
  'timezone', m.timezone, 'department_id', m.department_id, 'site_id', m.site_id, 'preferences', m.preferences,
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
  SELECT jsonb_build_object('roles', (SELECT coalesce(jsonb_agg(t.key ORDER BY t.main DESC, t.key), '[]')
      FROM (SELECT DISTINCT c.key, c.id = m.role_id AS main FROM chain c WHERE c.id = c.first_id AND c.site_id IS NULL) t),
    'grants', (SELECT coalesce(jsonb_agg(u.said ORDER BY u.said), '[]') FROM (
      SELECT jsonb_build_array(g.pattern, g.scope, c.key, g.rule, c.via, c.site_id) AS said
        FROM chain c JOIN role_grant g ON g.role_id = c.id WHERE g.organisation_id = m.organisation_id
      UNION SELECT jsonb_build_array(s.pattern, s.scope, '', s.rule, s.reference, NULL) FROM member_grant s
        WHERE s.organisation_id = m.organisation_id AND s.member_id = m.id AND s.archived_at IS NULL AND (s.starts_at IS NULL OR s.starts_at <= moment) AND (s.ends_at IS NULL OR s.ends_at > moment)) u))))::text INTO rights
    FROM organisation o JOIN member m ON m.organisation_id = o.id
    WHERE o.id = place AND o.suspended_at IS NULL AND m.identity_id = who AND m.status = 'active' AND m.archived_at IS NULL;
  IF NOT FOUND THEN RETURN; END IF;
  IF kind IN ('token', 'lent') THEN
    IF token.role_id IS NOT NULL THEN
      rights := jsonb_set(rights::jsonb, '{member}', (rights::jsonb -> 'member') || (WITH RECURSIVE chain AS (
    SELECT r.id, r.parent_id, r.key FROM role r WHERE r.organisation_id = place AND r.id = token.role_id AND r.archived_at IS NULL
    UNION SELECT r.id, r.parent_id, c.key FROM role r JOIN chain c ON r.id = c.parent_id
      WHERE r.organisation_id = place AND r.archived_at IS NULL)
  SELECT jsonb_build_object('roles', (SELECT coalesce(jsonb_agg(DISTINCT c.key), '[]') FROM chain c),
    'grants', (SELECT coalesce(jsonb_agg(u.said ORDER BY u.said), '[]') FROM (
      SELECT DISTINCT jsonb_build_array(g.pattern, g.scope, c.key, g.rule, '', NULL) AS said
        FROM chain c JOIN role_grant g ON g.role_id = c.id WHERE g.organisation_id = place) u))))::text;
    END IF;
  END IF;
  IF bound IS NULL THEN
    SELECT s.value #>> '{}' INTO passes FROM setting s WHERE s.organisation_id = place AND s.key = 'auth.sso_only';
    IF passes <> '' AND passes <> rights::jsonb #>> '{member,id}' THEN
      proof := proof || jsonb_build_object('elsewhere', address);
      rights := NULL;
      RETURN;
    END IF;
  END IF;
  IF case_id IS NOT NULL THEN
    SELECT (rights::jsonb || jsonb_build_object('by', rights::jsonb -> 'member', 'member', jsonb_build_object('id', m.id, 'name', m.name, 'email', m.email, 'identity_id', m.identity_id, 'language', m.language,
  'timezone', m.timezone, 'department_id', m.department_id, 'site_id', m.site_id, 'preferences', m.preferences,
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
  SELECT jsonb_build_object('roles', (SELECT coalesce(jsonb_agg(t.key ORDER BY t.main DESC, t.key), '[]')
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
END $$""",
    "auth_refresh(text, timestamptz)": """
CREATE OR REPLACE FUNCTION auth_refresh(secret text, moment timestamptz, OUT refresh uuid, OUT held uuid, OUT who uuid, OUT spent boolean)
  RETURNS record LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  SELECT r.id, r.session_id, r.identity_id, r.used_at IS NOT NULL INTO refresh, held, who, spent
    FROM refresh_token r JOIN identity i ON i.id = r.identity_id
    WHERE r.secret_hash = secret AND (r.used_at IS NOT NULL OR r.expires_at > moment) AND i.disabled_at IS NULL;
END $$""",
    "auth_revoke(uuid, timestamptz)": """
CREATE OR REPLACE FUNCTION auth_revoke(person uuid, moment timestamptz) RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE ended integer;
BEGIN
  UPDATE api_token t SET revoked_at = moment FROM member m
    WHERE m.identity_id = person AND t.organisation_id = m.organisation_id AND t.member_id = m.id AND t.role_id IS NULL
      AND t.revoked_at IS NULL;
  GET DIAGNOSTICS ended = ROW_COUNT;
  RETURN ended;
END $$""",
}


def _functions(made: Mapping[str, str]) -> None:
    """Make functions of the gate as it makes them itself."""
    op.execute('GRANT USAGE, CREATE ON SCHEMA public TO opsflux_gate')
    op.execute('SET LOCAL ROLE opsflux_gate')
    for signature, sql in made.items():
        op.execute(sql)
        op.execute(f'REVOKE ALL ON FUNCTION {signature} FROM PUBLIC')
        op.execute(f'GRANT EXECUTE ON FUNCTION {signature} TO opsflux_app')
    op.execute('RESET ROLE')
    op.execute('REVOKE CREATE ON SCHEMA public FROM opsflux_gate')



def upgrade() -> None:
    """Bring the database forward."""
    # ### commands auto generated by Alembic - please adjust! ###
    op.create_table('refresh_token',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('identity_id', sa.Uuid(), nullable=False),
    sa.Column('session_id', sa.Uuid(), nullable=False),
    sa.Column('secret_hash', sa.Text(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('used_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['identity_id'], ['identity.id'], name='fk_refresh_token_identity_id'),
    sa.ForeignKeyConstraint(['session_id'], ['user_session.id'], name='fk_refresh_token_session_id', ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_refresh_token')),
    sa.UniqueConstraint('secret_hash', name=op.f('uq_refresh_token_secret_hash')),
    info={'exception': 'belongs to a session, which is of no organisation', 'gate': ('id', 'identity_id', 'session_id', 'secret_hash', 'expires_at', 'used_at'), 'own': 'identity_id', 'grants': 'SELECT, INSERT, UPDATE, DELETE', 'gate_writes': False}
    )
    op.create_index(op.f('ix_refresh_token_identity_id'), 'refresh_token', ['identity_id'], unique=False)
    op.create_index(op.f('ix_refresh_token_session_id'), 'refresh_token', ['session_id'], unique=False)
    op.add_column('api_token', sa.Column('role_id', sa.Uuid(), nullable=True))
    op.add_column('api_token', sa.Column('former_hash', sa.Text(), nullable=True))
    op.add_column('api_token', sa.Column('former_until', sa.DateTime(timezone=True), nullable=True))
    op.add_column('api_token', sa.Column('addresses', postgresql.ARRAY(sa.Text()), server_default='{}', nullable=False))
    op.add_column('api_token', sa.Column('last_used_from', sa.Text(), server_default='', nullable=False))
    op.create_index('ix_api_token_former_hash', 'api_token', ['former_hash'], unique=False)
    op.create_index('ix_api_token_id', 'api_token', ['id'], unique=False)
    op.create_index('ix_api_token_role_id', 'api_token', ['organisation_id', 'role_id'], unique=False)
    op.create_foreign_key('fk_api_token_role_id', 'api_token', 'role', ['organisation_id', 'role_id'], ['organisation_id', 'id'])
    op.add_column('user_session', sa.Column('scope', sa.Text(), server_default='', nullable=False))
    op.add_column('user_session', sa.Column('parent_id', sa.Uuid(), nullable=True))
    op.execute('ALTER TABLE refresh_token ENABLE ROW LEVEL SECURITY')
    op.execute('ALTER TABLE refresh_token FORCE ROW LEVEL SECURITY')
    op.execute('REVOKE ALL ON refresh_token FROM opsflux_app, opsflux_relay, PUBLIC')
    op.execute('DROP POLICY IF EXISTS migration ON refresh_token')
    op.execute('CREATE POLICY migration ON refresh_token FOR ALL TO opsflux_owner USING (true) WITH CHECK (true)')
    op.execute('DROP POLICY IF EXISTS own ON refresh_token')
    op.execute("CREATE POLICY own ON refresh_token FOR ALL TO opsflux_app USING (identity_id = (SELECT nullif(current_setting('app.identity', true), '')::uuid)) WITH CHECK (identity_id = (SELECT nullif(current_setting('app.identity', true), '')::uuid))")
    op.execute('GRANT SELECT, INSERT, UPDATE, DELETE ON refresh_token TO opsflux_app')
    op.execute('DROP POLICY IF EXISTS gate ON refresh_token')
    op.execute('CREATE POLICY gate ON refresh_token FOR SELECT TO opsflux_gate USING (true)')
    op.execute('GRANT SELECT (id, identity_id, session_id, secret_hash, expires_at, used_at) ON refresh_token TO opsflux_gate')
    # ### end Alembic commands ###
    op.execute('GRANT SELECT (role_id, former_hash, former_until, addresses, last_used_from) ON api_token TO opsflux_gate')
    op.execute('CREATE POLICY gate_change ON api_token FOR UPDATE TO opsflux_gate USING (true) WITH CHECK (true)')
    op.execute('GRANT UPDATE (revoked_at) ON api_token TO opsflux_gate')
    op.execute('GRANT SELECT (scope, parent_id) ON user_session TO opsflux_gate')
    _functions(FUNCTIONS)


def downgrade() -> None:
    """Take it back."""
    for signature in FUNCTIONS.keys() - BEFORE.keys():
        op.execute(f'DROP FUNCTION {signature}')
    _functions(BEFORE)
    op.execute('DROP POLICY gate_change ON api_token')
    op.execute('REVOKE UPDATE (revoked_at) ON api_token FROM opsflux_gate')
    # ### commands auto generated by Alembic - please adjust! ###
    op.drop_column('user_session', 'parent_id')
    op.drop_column('user_session', 'scope')
    op.drop_constraint('fk_api_token_role_id', 'api_token', type_='foreignkey')
    op.drop_index('ix_api_token_role_id', table_name='api_token')
    op.drop_index('ix_api_token_id', table_name='api_token')
    op.drop_index('ix_api_token_former_hash', table_name='api_token')
    op.drop_column('api_token', 'last_used_from')
    op.drop_column('api_token', 'addresses')
    op.drop_column('api_token', 'former_until')
    op.drop_column('api_token', 'former_hash')
    op.drop_column('api_token', 'role_id')
    op.drop_index(op.f('ix_refresh_token_session_id'), table_name='refresh_token')
    op.drop_index(op.f('ix_refresh_token_identity_id'), table_name='refresh_token')
    op.drop_table('refresh_token')
    # ### end Alembic commands ###
