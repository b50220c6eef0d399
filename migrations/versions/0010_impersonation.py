"""impersonation"""

from __future__ import annotations

from collections.abc import Mapping

import sqlalchemy as sa
from alembic import op

revision = 'core_0010'
down_revision = 'core_0009'
branch_labels = None
depends_on = None

BEFORE = {
    "auth_enter(text, text, text, timestamptz)": """
CREATE OR REPLACE FUNCTION auth_enter(kind text, secret text, address text, moment timestamptz,
  OUT proof jsonb, OUT rights text) RETURNS record LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE who uuid; place uuid; bound uuid; token record; held record; passes text;
BEGIN
  IF kind = 'token' THEN
    SELECT t.id, t.organisation_id, t.member_id, t.scopes, t.last_used_at INTO token FROM api_token t
      WHERE t.secret_hash = secret AND t.revoked_at IS NULL AND t.expires_at > moment;
    IF NOT FOUND THEN RETURN; END IF;
    bound := token.organisation_id;
    SELECT m.identity_id INTO who FROM member m WHERE m.organisation_id = token.organisation_id AND m.id = token.member_id;
    proof := jsonb_build_object('token', token.id, 'identity', who, 'scopes', token.scopes, 'seen', token.last_used_at);
  ELSE
    SELECT s.id, s.identity_id, s.last_seen_at, s.organisation_id, s.method, s.factor, s.proved_at, s.enrol_by,
      s.confined_to, CASE WHEN s.stage = 'full' AND s.enrol_by <= moment THEN 'enrol' ELSE s.stage END AS stage INTO held
      FROM user_session s
      WHERE s.secret_hash = secret AND s.ended_at IS NULL AND s.idle_until > moment AND s.expires_at > moment;
    IF NOT FOUND THEN RETURN; END IF;
    who := held.identity_id;
    bound := held.confined_to;
    proof := jsonb_build_object('session', held.id, 'identity', who, 'seen', held.last_seen_at, 'organisation', held.organisation_id,
      'stage', held.stage, 'method', held.method, 'factor', held.factor, 'proved', held.proved_at, 'enrol_by', held.enrol_by,
      'confined', held.confined_to);
  END IF;
  IF NOT EXISTS (SELECT FROM identity i WHERE i.id = who AND i.disabled_at IS NULL) THEN
    proof := NULL;
    RETURN;
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
  PERFORM set_config('app.organisation', place::text, true);
END $$""",
}
FUNCTIONS = {
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
    op.create_table('impersonation',
    sa.Column('organisation_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('reference', sa.Text(), nullable=False),
    sa.Column('actor_id', sa.Uuid(), nullable=False),
    sa.Column('target_id', sa.Uuid(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('reach', sa.Text(), nullable=False),
    sa.Column('needs_consent', sa.Boolean(), nullable=False),
    sa.Column('needs_second', sa.Boolean(), nullable=False),
    sa.Column('consented_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('second_id', sa.Uuid(), nullable=True),
    sa.Column('begin_by', sa.DateTime(timezone=True), nullable=False),
    sa.Column('started_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('until', sa.DateTime(timezone=True), nullable=True),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('ended_by', sa.Uuid(), nullable=True),
    sa.Column('session_id', sa.Uuid(), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('created_by', sa.Uuid(), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('updated_by', sa.Uuid(), nullable=False),
    sa.Column('archived_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('change_set_id', sa.Uuid(), nullable=True),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.CheckConstraint("reach IN ('look', 'act')", name='ck_impersonation_reach'),
    sa.ForeignKeyConstraint(['organisation_id', 'actor_id'], ['member.organisation_id', 'member.id'], name='fk_impersonation_actor_id'),
    sa.ForeignKeyConstraint(['organisation_id', 'second_id'], ['member.organisation_id', 'member.id'], name='fk_impersonation_second_id'),
    sa.ForeignKeyConstraint(['organisation_id', 'target_id'], ['member.organisation_id', 'member.id'], name='fk_impersonation_target_id'),
    sa.PrimaryKeyConstraint('organisation_id', 'id', name='pk_impersonation'),
    info={'tenanted': True, 'append_only': False, 'relay': (), 'gate': ('organisation_id', 'id', 'actor_id', 'target_id', 'reach', 'until', 'ended_at')}
    )
    op.create_index('ix_impersonation_actor_id', 'impersonation', ['organisation_id', 'actor_id', 'id'], unique=False, postgresql_include=['archived_at'])
    op.create_index('ix_impersonation_change_set', 'impersonation', ['organisation_id', 'change_set_id'], unique=False, postgresql_where=sa.text('change_set_id IS NOT NULL'))
    op.create_index('ix_impersonation_second_id', 'impersonation', ['organisation_id', 'second_id', 'id'], unique=False, postgresql_include=['archived_at'])
    op.create_index('ix_impersonation_target_id', 'impersonation', ['organisation_id', 'target_id', 'id'], unique=False, postgresql_include=['archived_at'])
    op.create_index('uq_impersonation_reference', 'impersonation', ['organisation_id', 'reference'], unique=True)
    op.create_table('impersonation_step',
    sa.Column('organisation_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('impersonation_id', sa.Uuid(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('method', sa.Text(), nullable=False),
    sa.Column('path', sa.Text(), nullable=False),
    sa.Column('status', sa.SmallInteger(), nullable=False),
    sa.Column('request_id', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['organisation_id', 'impersonation_id'], ['impersonation.organisation_id', 'impersonation.id'], name='fk_impersonation_step_impersonation_id'),
    sa.PrimaryKeyConstraint('organisation_id', 'id', name='pk_impersonation_step'),
    info={'tenanted': True, 'append_only': True, 'relay': ()}
    )
    op.create_index('ix_impersonation_step_impersonation_id', 'impersonation_step', ['organisation_id', 'impersonation_id', 'id'], unique=False, postgresql_include=[])
    op.add_column('user_session', sa.Column('impersonation_id', sa.Uuid(), nullable=True))
    op.execute('GRANT SELECT (impersonation_id) ON user_session TO opsflux_gate')
    op.execute('ALTER TABLE impersonation ENABLE ROW LEVEL SECURITY')
    op.execute('ALTER TABLE impersonation FORCE ROW LEVEL SECURITY')
    op.execute('DROP POLICY IF EXISTS organisation_read ON impersonation')
    op.execute("CREATE POLICY organisation_read ON impersonation FOR SELECT TO opsflux_app USING (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid))")
    op.execute('DROP POLICY IF EXISTS organisation_add ON impersonation')
    op.execute("CREATE POLICY organisation_add ON impersonation FOR INSERT TO opsflux_app WITH CHECK (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid))")
    op.execute('DROP POLICY IF EXISTS migration ON impersonation')
    op.execute("CREATE POLICY migration ON impersonation FOR ALL TO opsflux_owner USING (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid)) WITH CHECK (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid))")
    op.execute('REVOKE ALL ON impersonation FROM opsflux_app, opsflux_relay, PUBLIC')
    op.execute('GRANT SELECT, INSERT ON impersonation TO opsflux_app')
    op.execute('DROP POLICY IF EXISTS organisation_change ON impersonation')
    op.execute("CREATE POLICY organisation_change ON impersonation FOR UPDATE TO opsflux_app USING (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid)) WITH CHECK (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid))")
    op.execute('DROP POLICY IF EXISTS organisation_remove ON impersonation')
    op.execute("CREATE POLICY organisation_remove ON impersonation FOR DELETE TO opsflux_app USING (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid))")
    op.execute('GRANT UPDATE, DELETE ON impersonation TO opsflux_app')
    op.execute('DROP POLICY IF EXISTS gate ON impersonation')
    op.execute('CREATE POLICY gate ON impersonation FOR SELECT TO opsflux_gate USING (true)')
    op.execute('GRANT SELECT (organisation_id, id, actor_id, target_id, reach, until, ended_at) ON impersonation TO opsflux_gate')
    op.execute('ALTER TABLE impersonation_step ENABLE ROW LEVEL SECURITY')
    op.execute('ALTER TABLE impersonation_step FORCE ROW LEVEL SECURITY')
    op.execute('DROP POLICY IF EXISTS organisation_read ON impersonation_step')
    op.execute("CREATE POLICY organisation_read ON impersonation_step FOR SELECT TO opsflux_app USING (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid))")
    op.execute('DROP POLICY IF EXISTS organisation_add ON impersonation_step')
    op.execute("CREATE POLICY organisation_add ON impersonation_step FOR INSERT TO opsflux_app WITH CHECK (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid))")
    op.execute('DROP POLICY IF EXISTS migration ON impersonation_step')
    op.execute("CREATE POLICY migration ON impersonation_step FOR ALL TO opsflux_owner USING (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid)) WITH CHECK (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid))")
    op.execute('REVOKE ALL ON impersonation_step FROM opsflux_app, opsflux_relay, PUBLIC')
    op.execute('GRANT SELECT, INSERT ON impersonation_step TO opsflux_app')
    # ### end Alembic commands ###
    _functions(FUNCTIONS)


def downgrade() -> None:
    """Take it back."""
    _functions(BEFORE)
    # ### commands auto generated by Alembic - please adjust! ###
    op.drop_column('user_session', 'impersonation_id')
    op.drop_index('ix_impersonation_step_impersonation_id', table_name='impersonation_step', postgresql_include=[])
    op.drop_table('impersonation_step')
    op.drop_index('uq_impersonation_reference', table_name='impersonation')
    op.drop_index('ix_impersonation_target_id', table_name='impersonation', postgresql_include=['archived_at'])
    op.drop_index('ix_impersonation_second_id', table_name='impersonation', postgresql_include=['archived_at'])
    op.drop_index('ix_impersonation_change_set', table_name='impersonation', postgresql_where=sa.text('change_set_id IS NOT NULL'))
    op.drop_index('ix_impersonation_actor_id', table_name='impersonation', postgresql_include=['archived_at'])
    op.drop_table('impersonation')
    # ### end Alembic commands ###
