"""People and platform"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = 'core_0007'
down_revision = 'core_0006'
branch_labels = None
depends_on = None

BEFORE = {
    "auth_enter(text, text, text, timestamptz)": """
CREATE OR REPLACE FUNCTION auth_enter(kind text, secret text, address text, moment timestamptz,
  OUT proof jsonb, OUT rights text) RETURNS record LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE who uuid; place uuid; bound uuid; token record; held record;
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
      CASE WHEN s.stage = 'full' AND s.enrol_by <= moment THEN 'enrol' ELSE s.stage END AS stage INTO held FROM user_session s
      WHERE s.secret_hash = secret AND s.ended_at IS NULL AND s.idle_until > moment AND s.expires_at > moment;
    IF NOT FOUND THEN RETURN; END IF;
    who := held.identity_id;
    proof := jsonb_build_object('session', held.id, 'identity', who, 'seen', held.last_seen_at, 'organisation', held.organisation_id,
      'stage', held.stage, 'method', held.method, 'factor', held.factor, 'proved', held.proved_at, 'enrol_by', held.enrol_by);
  END IF;
  IF NOT EXISTS (SELECT FROM identity i WHERE i.id = who AND i.disabled_at IS NULL) THEN
    proof := NULL;
    RETURN;
  END IF;
  IF address IS NULL OR proof ->> 'stage' <> 'full' THEN RETURN; END IF;
  SELECT s.organisation_id INTO place FROM organisation_slug s WHERE s.slug = address;
  IF NOT FOUND OR place <> bound THEN RETURN; END IF;
  SELECT jsonb_build_object('organisation', jsonb_build_object('id', o.id, 'slug', o.slug, 'name', o.name, 'currency', o.currency, 'timezone', o.timezone,
  'language', o.language, 'number', o.number), 'member', jsonb_build_object('id', m.id, 'name', m.name, 'email', m.email, 'identity_id', m.identity_id, 'language', m.language,
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
    WHERE o.id = place AND o.suspended_at IS NULL AND m.identity_id = who AND m.active AND m.archived_at IS NULL;
  IF FOUND THEN PERFORM set_config('app.organisation', place::text, true); END IF;
END $$""",
    "auth_organisations(uuid)": """
CREATE OR REPLACE FUNCTION auth_organisations(who uuid) RETURNS jsonb LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  RETURN (SELECT coalesce(jsonb_agg(jsonb_build_object('id', o.id, 'slug', o.slug, 'name', o.name, 'role', r.key) ORDER BY o.name), '[]')
    FROM member m JOIN organisation o ON o.id = m.organisation_id JOIN role r ON r.organisation_id = o.id AND r.id = m.role_id
    WHERE m.identity_id = who AND m.active AND m.archived_at IS NULL AND o.suspended_at IS NULL);
END $$""",
    "auth_policy(uuid)": """
CREATE OR REPLACE FUNCTION auth_policy(who uuid) RETURNS jsonb LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  RETURN (SELECT coalesce(jsonb_agg((SELECT coalesce(jsonb_object_agg(s.key, s.value), '{}') FROM setting s
      WHERE s.organisation_id = o.id AND left(s.key, 5) = 'auth.') ORDER BY o.id), '[]')
    FROM member m JOIN organisation o ON o.id = m.organisation_id
    WHERE m.identity_id = who AND m.active AND m.archived_at IS NULL AND o.suspended_at IS NULL);
END $$""",
}
FUNCTIONS = {
    "auth_enter(text, text, text, timestamptz)": """
CREATE OR REPLACE FUNCTION auth_enter(kind text, secret text, address text, moment timestamptz,
  OUT proof jsonb, OUT rights text) RETURNS record LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE who uuid; place uuid; bound uuid; token record; held record;
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
      CASE WHEN s.stage = 'full' AND s.enrol_by <= moment THEN 'enrol' ELSE s.stage END AS stage INTO held FROM user_session s
      WHERE s.secret_hash = secret AND s.ended_at IS NULL AND s.idle_until > moment AND s.expires_at > moment;
    IF NOT FOUND THEN RETURN; END IF;
    who := held.identity_id;
    proof := jsonb_build_object('session', held.id, 'identity', who, 'seen', held.last_seen_at, 'organisation', held.organisation_id,
      'stage', held.stage, 'method', held.method, 'factor', held.factor, 'proved', held.proved_at, 'enrol_by', held.enrol_by);
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
  IF FOUND THEN PERFORM set_config('app.organisation', place::text, true); END IF;
END $$""",
    "auth_organisations(uuid)": """
CREATE OR REPLACE FUNCTION auth_organisations(who uuid) RETURNS jsonb LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  RETURN (SELECT coalesce(jsonb_agg(jsonb_build_object('id', o.id, 'slug', o.slug, 'name', o.name, 'role', r.key) ORDER BY o.name), '[]')
    FROM member m JOIN organisation o ON o.id = m.organisation_id JOIN role r ON r.organisation_id = o.id AND r.id = m.role_id
    WHERE m.identity_id = who AND m.status = 'active' AND m.archived_at IS NULL AND o.suspended_at IS NULL);
END $$""",
    "auth_policy(uuid)": """
CREATE OR REPLACE FUNCTION auth_policy(who uuid) RETURNS jsonb LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  RETURN (SELECT coalesce(jsonb_agg((SELECT coalesce(jsonb_object_agg(s.key, s.value), '{}') FROM setting s
      WHERE s.organisation_id = o.id AND left(s.key, 5) = 'auth.') ORDER BY o.id), '[]')
    FROM member m JOIN organisation o ON o.id = m.organisation_id
    WHERE m.identity_id = who AND m.status = 'active' AND m.archived_at IS NULL AND o.suspended_at IS NULL);
END $$""",
    "platform_organisations(uuid)": """
CREATE OR REPLACE FUNCTION platform_organisations(keeper uuid) RETURNS jsonb LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM platform_admin a WHERE a.identity_id = keeper AND a.ended_at IS NULL) THEN RETURN NULL; END IF;
  RETURN (SELECT coalesce(jsonb_agg(jsonb_build_object('id', o.id, 'slug', o.slug, 'name', o.name, 'created', o.created_at,
      'suspended', o.suspended_at, 'erase_after', o.erase_after,
      'members', (SELECT count(*) FROM member m WHERE m.organisation_id = o.id AND m.status = 'active' AND m.archived_at IS NULL),
      'bytes', (SELECT coalesce(sum(f.size), 0) FROM stored_file f WHERE f.organisation_id = o.id),
      'seen', (SELECT max(s.last_seen_at) FROM user_session s WHERE s.organisation_id = o.id)) ORDER BY o.name, o.slug), '[]')
    FROM organisation o);
END $$""",
    "platform_settings()": """
CREATE OR REPLACE FUNCTION platform_settings() RETURNS jsonb LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  RETURN (SELECT coalesce(jsonb_object_agg(p.key, p.value), '{}') FROM platform_setting p);
END $$""",
    "platform_set(uuid, text, jsonb)": """
CREATE OR REPLACE FUNCTION platform_set(keeper uuid, name text, said jsonb) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM platform_admin a WHERE a.identity_id = keeper AND a.ended_at IS NULL) THEN RETURN false; END IF;
  INSERT INTO platform_setting (key, value) VALUES (name, said) ON CONFLICT (key) DO UPDATE SET value = excluded.value;
  RETURN true;
END $$""",
}


def _functions(made: dict[str, str], gone: Sequence[str] = ()) -> None:
    """Make functions of the gate as it makes them itself, and take others away."""
    op.execute('GRANT USAGE, CREATE ON SCHEMA public TO opsflux_gate')
    op.execute('SET LOCAL ROLE opsflux_gate')
    for signature in gone:
        op.execute(f'DROP FUNCTION {signature}')
    for signature, sql in made.items():
        op.execute(sql)
        op.execute(f'REVOKE ALL ON FUNCTION {signature} FROM PUBLIC')
        op.execute(f'GRANT EXECUTE ON FUNCTION {signature} TO opsflux_app')
    op.execute('RESET ROLE')
    op.execute('REVOKE CREATE ON SCHEMA public FROM opsflux_gate')


def upgrade() -> None:
    """Bring the database forward."""
    # ### commands auto generated by Alembic - please adjust! ###
    op.create_table('platform_setting',
    sa.Column('key', sa.Text(), nullable=False),
    sa.Column('value', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.PrimaryKeyConstraint('key', name=op.f('pk_platform_setting')),
    info={'exception': 'holds for all organisations', 'gate': ('key', 'value'), 'gate_writes': True}
    )
    op.create_table('platform_admin',
    sa.Column('identity_id', sa.Uuid(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['identity_id'], ['identity.id'], name='fk_platform_admin_identity_id'),
    sa.PrimaryKeyConstraint('identity_id', name=op.f('pk_platform_admin')),
    info={'exception': 'the platform stands above the organisations', 'own': 'identity_id', 'grants': 'SELECT', 'gate': ('identity_id', 'ended_at')}
    )
    op.create_table('consent',
    sa.Column('organisation_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('member_id', sa.Uuid(), nullable=False),
    sa.Column('wording', sa.Text(), nullable=False),
    sa.Column('given', sa.Boolean(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['organisation_id', 'member_id'], ['member.organisation_id', 'member.id'], name='fk_consent_member_id'),
    sa.PrimaryKeyConstraint('organisation_id', 'id', name='pk_consent'),
    info={'tenanted': True, 'append_only': False, 'relay': ()}
    )
    op.create_index('ix_consent_member_id', 'consent', ['organisation_id', 'member_id', 'id'], unique=False, postgresql_include=[])
    op.create_index('ix_consent_member_id_at', 'consent', ['organisation_id', 'member_id', 'at'], unique=False)
    op.create_table('invitation',
    sa.Column('organisation_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('reference', sa.Text(), nullable=False),
    sa.Column('email', sa.Text(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('role_id', sa.Uuid(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('department_id', sa.Uuid(), nullable=True),
    sa.Column('site_id', sa.Uuid(), nullable=True),
    sa.Column('message', sa.Text(), nullable=True),
    sa.Column('status', sa.Text(), nullable=False),
    sa.Column('sent_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('answered_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('member_id', sa.Uuid(), nullable=True),
    sa.Column('name_key', sa.Text(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('created_by', sa.Uuid(), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('updated_by', sa.Uuid(), nullable=False),
    sa.Column('archived_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('change_set_id', sa.Uuid(), nullable=True),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.CheckConstraint("kind IN ('own', 'client', 'auditor', 'guest')", name='ck_invitation_kind'),
    sa.CheckConstraint("status IN ('open', 'accepted', 'declined', 'expired', 'revoked')", name='ck_invitation_status'),
    sa.ForeignKeyConstraint(['organisation_id', 'department_id'], ['department.organisation_id', 'department.id'], name='fk_invitation_department_id'),
    sa.ForeignKeyConstraint(['organisation_id', 'member_id'], ['member.organisation_id', 'member.id'], name='fk_invitation_member_id'),
    sa.ForeignKeyConstraint(['organisation_id', 'role_id'], ['role.organisation_id', 'role.id'], name='fk_invitation_role_id'),
    sa.ForeignKeyConstraint(['organisation_id', 'site_id'], ['site.organisation_id', 'site.id'], name='fk_invitation_site_id'),
    sa.PrimaryKeyConstraint('organisation_id', 'id', name='pk_invitation'),
    info={'tenanted': True, 'append_only': False, 'relay': ()}
    )
    op.create_index('ix_invitation_change_set', 'invitation', ['organisation_id', 'change_set_id'], unique=False, postgresql_where=sa.text('change_set_id IS NOT NULL'))
    op.create_index('ix_invitation_department_id', 'invitation', ['organisation_id', 'department_id', 'id'], unique=False, postgresql_include=['archived_at'])
    op.create_index('ix_invitation_email', 'invitation', ['organisation_id', 'email', 'id'], unique=False, postgresql_include=['archived_at'])
    op.create_index('ix_invitation_expires_at', 'invitation', ['organisation_id', 'expires_at', 'id'], unique=False, postgresql_include=['archived_at'])
    op.create_index('ix_invitation_kind', 'invitation', ['organisation_id', 'kind', 'id'], unique=False, postgresql_include=['archived_at'])
    op.create_index('ix_invitation_member_id', 'invitation', ['organisation_id', 'member_id', 'id'], unique=False, postgresql_include=['archived_at'])
    op.create_index('ix_invitation_name_key', 'invitation', ['organisation_id', 'name_key', 'id'], unique=False, postgresql_include=['archived_at'])
    op.create_index('ix_invitation_role_id', 'invitation', ['organisation_id', 'role_id', 'id'], unique=False, postgresql_include=['archived_at'])
    op.create_index('ix_invitation_sent_at', 'invitation', ['organisation_id', 'sent_at', 'id'], unique=False, postgresql_include=['archived_at'])
    op.create_index('ix_invitation_site_id', 'invitation', ['organisation_id', 'site_id', 'id'], unique=False, postgresql_include=['archived_at'])
    op.create_index('ix_invitation_status', 'invitation', ['organisation_id', 'status', 'id'], unique=False, postgresql_include=['archived_at'])
    op.create_index('uq_invitation_reference', 'invitation', ['organisation_id', 'reference'], unique=True)
    op.add_column('member', sa.Column('phone', sa.Text(), nullable=True))
    op.add_column('member', sa.Column('photo_id', sa.Uuid(), nullable=True))
    op.add_column('member', sa.Column('kind', sa.Text(), nullable=False, server_default='own'))
    op.alter_column('member', 'kind', server_default=None)
    # A change of type is worked out row by row without row security, so no organisation has to be named.
    op.drop_index('ix_member_active', table_name='member')
    op.execute("ALTER TABLE member ALTER COLUMN active DROP DEFAULT")
    op.execute("ALTER TABLE member ALTER COLUMN active TYPE text USING "
               "CASE WHEN archived_at IS NOT NULL THEN 'archived' WHEN active THEN 'active' ELSE 'inactive' END")
    op.alter_column('member', 'active', new_column_name='status')
    op.create_check_constraint('ck_member_kind', 'member', "kind IN ('own', 'client', 'auditor', 'guest')")
    op.create_check_constraint('ck_member_status', 'member', "status IN ('active', 'inactive', 'suspended', 'archived')")
    op.create_index('ix_member_kind', 'member', ['organisation_id', 'kind', 'id'], unique=False, postgresql_include=['archived_at'])
    op.create_index('ix_member_photo_id', 'member', ['organisation_id', 'photo_id', 'id'], unique=False, postgresql_include=['archived_at'])
    op.create_index('ix_member_status', 'member', ['organisation_id', 'status', 'id'], unique=False, postgresql_include=['archived_at'])
    op.create_foreign_key('fk_member_photo_id', 'member', 'stored_file', ['organisation_id', 'photo_id'], ['organisation_id', 'id'])
    op.add_column('organisation', sa.Column('languages', postgresql.ARRAY(sa.Text()), server_default='{}', nullable=False))
    op.add_column('organisation', sa.Column('week_start', sa.SmallInteger(), server_default='1', nullable=False))
    op.add_column('organisation', sa.Column('colour', sa.Text(), server_default='', nullable=False))
    op.add_column('organisation', sa.Column('colour_dark', sa.Text(), server_default='', nullable=False))
    op.add_column('organisation', sa.Column('logo_id', sa.Uuid(), nullable=True))
    op.add_column('organisation', sa.Column('mail_footer', sa.Text(), server_default='', nullable=False))
    op.add_column('organisation', sa.Column('erase_after', sa.DateTime(timezone=True), nullable=True))
    op.execute('ALTER TABLE platform_setting ENABLE ROW LEVEL SECURITY')
    op.execute('ALTER TABLE platform_setting FORCE ROW LEVEL SECURITY')
    op.execute('REVOKE ALL ON platform_setting FROM opsflux_app, opsflux_relay, PUBLIC')
    op.execute('DROP POLICY IF EXISTS migration ON platform_setting')
    op.execute('CREATE POLICY migration ON platform_setting FOR ALL TO opsflux_owner USING (true) WITH CHECK (true)')
    op.execute('DROP POLICY IF EXISTS gate_change ON platform_setting')
    op.execute('CREATE POLICY gate_change ON platform_setting FOR ALL TO opsflux_gate USING (true) WITH CHECK (true)')
    op.execute('GRANT INSERT, UPDATE, DELETE ON platform_setting TO opsflux_gate')
    op.execute('DROP POLICY IF EXISTS gate ON platform_setting')
    op.execute('CREATE POLICY gate ON platform_setting FOR SELECT TO opsflux_gate USING (true)')
    op.execute('GRANT SELECT (key, value) ON platform_setting TO opsflux_gate')
    op.execute('ALTER TABLE platform_admin ENABLE ROW LEVEL SECURITY')
    op.execute('ALTER TABLE platform_admin FORCE ROW LEVEL SECURITY')
    op.execute('REVOKE ALL ON platform_admin FROM opsflux_app, opsflux_relay, PUBLIC')
    op.execute('DROP POLICY IF EXISTS migration ON platform_admin')
    op.execute('CREATE POLICY migration ON platform_admin FOR ALL TO opsflux_owner USING (true) WITH CHECK (true)')
    op.execute('DROP POLICY IF EXISTS own ON platform_admin')
    op.execute("CREATE POLICY own ON platform_admin FOR ALL TO opsflux_app USING (identity_id = (SELECT nullif(current_setting('app.identity', true), '')::uuid)) WITH CHECK (identity_id = (SELECT nullif(current_setting('app.identity', true), '')::uuid))")
    op.execute('GRANT SELECT ON platform_admin TO opsflux_app')
    op.execute('DROP POLICY IF EXISTS gate ON platform_admin')
    op.execute('CREATE POLICY gate ON platform_admin FOR SELECT TO opsflux_gate USING (true)')
    op.execute('GRANT SELECT (identity_id, ended_at) ON platform_admin TO opsflux_gate')
    op.execute('ALTER TABLE consent ENABLE ROW LEVEL SECURITY')
    op.execute('ALTER TABLE consent FORCE ROW LEVEL SECURITY')
    op.execute('DROP POLICY IF EXISTS organisation_read ON consent')
    op.execute("CREATE POLICY organisation_read ON consent FOR SELECT TO opsflux_app USING (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid))")
    op.execute('DROP POLICY IF EXISTS organisation_add ON consent')
    op.execute("CREATE POLICY organisation_add ON consent FOR INSERT TO opsflux_app WITH CHECK (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid))")
    op.execute('DROP POLICY IF EXISTS migration ON consent')
    op.execute("CREATE POLICY migration ON consent FOR ALL TO opsflux_owner USING (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid)) WITH CHECK (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid))")
    op.execute('REVOKE ALL ON consent FROM opsflux_app, opsflux_relay, PUBLIC')
    op.execute('GRANT SELECT, INSERT ON consent TO opsflux_app')
    op.execute('DROP POLICY IF EXISTS organisation_change ON consent')
    op.execute("CREATE POLICY organisation_change ON consent FOR UPDATE TO opsflux_app USING (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid)) WITH CHECK (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid))")
    op.execute('DROP POLICY IF EXISTS organisation_remove ON consent')
    op.execute("CREATE POLICY organisation_remove ON consent FOR DELETE TO opsflux_app USING (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid))")
    op.execute('GRANT UPDATE, DELETE ON consent TO opsflux_app')
    op.execute('ALTER TABLE invitation ENABLE ROW LEVEL SECURITY')
    op.execute('ALTER TABLE invitation FORCE ROW LEVEL SECURITY')
    op.execute('DROP POLICY IF EXISTS organisation_read ON invitation')
    op.execute("CREATE POLICY organisation_read ON invitation FOR SELECT TO opsflux_app USING (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid))")
    op.execute('DROP POLICY IF EXISTS organisation_add ON invitation')
    op.execute("CREATE POLICY organisation_add ON invitation FOR INSERT TO opsflux_app WITH CHECK (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid))")
    op.execute('DROP POLICY IF EXISTS migration ON invitation')
    op.execute("CREATE POLICY migration ON invitation FOR ALL TO opsflux_owner USING (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid)) WITH CHECK (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid))")
    op.execute('REVOKE ALL ON invitation FROM opsflux_app, opsflux_relay, PUBLIC')
    op.execute('GRANT SELECT, INSERT ON invitation TO opsflux_app')
    op.execute('DROP POLICY IF EXISTS organisation_change ON invitation')
    op.execute("CREATE POLICY organisation_change ON invitation FOR UPDATE TO opsflux_app USING (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid)) WITH CHECK (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid))")
    op.execute('DROP POLICY IF EXISTS organisation_remove ON invitation')
    op.execute("CREATE POLICY organisation_remove ON invitation FOR DELETE TO opsflux_app USING (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid))")
    op.execute('GRANT UPDATE, DELETE ON invitation TO opsflux_app')
    op.execute('GRANT SELECT (week_start, colour, colour_dark, logo_id, created_at, erase_after) ON organisation TO opsflux_gate')
    op.execute('DROP POLICY IF EXISTS gate ON stored_file')
    op.execute('CREATE POLICY gate ON stored_file FOR SELECT TO opsflux_gate USING (true)')
    op.execute('GRANT SELECT (organisation_id, size) ON stored_file TO opsflux_gate')
    _functions(FUNCTIONS)
    # ### end Alembic commands ###


def downgrade() -> None:
    """Take it back."""
    # ### commands auto generated by Alembic - please adjust! ###
    _functions(BEFORE, [name for name in FUNCTIONS if name not in BEFORE])
    op.execute('DROP POLICY IF EXISTS gate ON stored_file')
    op.execute('REVOKE SELECT (organisation_id, size) ON stored_file FROM opsflux_gate')
    op.drop_column('organisation', 'erase_after')
    op.drop_column('organisation', 'mail_footer')
    op.drop_column('organisation', 'logo_id')
    op.drop_column('organisation', 'colour_dark')
    op.drop_column('organisation', 'colour')
    op.drop_column('organisation', 'week_start')
    op.drop_column('organisation', 'languages')
    op.drop_constraint('fk_member_photo_id', 'member', type_='foreignkey')
    op.drop_index('ix_member_status', table_name='member', postgresql_include=['archived_at'])
    op.drop_index('ix_member_photo_id', table_name='member', postgresql_include=['archived_at'])
    op.drop_index('ix_member_kind', table_name='member', postgresql_include=['archived_at'])
    op.drop_constraint('ck_member_status', 'member')
    op.drop_constraint('ck_member_kind', 'member')
    op.alter_column('member', 'status', new_column_name='active')
    op.execute("ALTER TABLE member ALTER COLUMN active TYPE boolean USING active IN ('active', 'archived')")
    op.create_index('ix_member_active', 'member', ['organisation_id', 'active', 'id'], unique=False, postgresql_include=['archived_at'])
    op.drop_column('member', 'kind')
    op.drop_column('member', 'photo_id')
    op.drop_column('member', 'phone')
    op.drop_index('uq_invitation_reference', table_name='invitation')
    op.drop_index('ix_invitation_status', table_name='invitation', postgresql_include=['archived_at'])
    op.drop_index('ix_invitation_site_id', table_name='invitation', postgresql_include=['archived_at'])
    op.drop_index('ix_invitation_sent_at', table_name='invitation', postgresql_include=['archived_at'])
    op.drop_index('ix_invitation_role_id', table_name='invitation', postgresql_include=['archived_at'])
    op.drop_index('ix_invitation_name_key', table_name='invitation', postgresql_include=['archived_at'])
    op.drop_index('ix_invitation_member_id', table_name='invitation', postgresql_include=['archived_at'])
    op.drop_index('ix_invitation_kind', table_name='invitation', postgresql_include=['archived_at'])
    op.drop_index('ix_invitation_expires_at', table_name='invitation', postgresql_include=['archived_at'])
    op.drop_index('ix_invitation_email', table_name='invitation', postgresql_include=['archived_at'])
    op.drop_index('ix_invitation_department_id', table_name='invitation', postgresql_include=['archived_at'])
    op.drop_index('ix_invitation_change_set', table_name='invitation', postgresql_where=sa.text('change_set_id IS NOT NULL'))
    op.drop_table('invitation')
    op.drop_index('ix_consent_member_id_at', table_name='consent')
    op.drop_index('ix_consent_member_id', table_name='consent', postgresql_include=[])
    op.drop_table('consent')
    op.drop_table('platform_admin')
    op.drop_table('platform_setting')
    # ### end Alembic commands ###
