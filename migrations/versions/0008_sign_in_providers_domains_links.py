"""Sign-in providers, domains, links"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = 'core_0008'
down_revision = 'core_0007'
branch_labels = None
depends_on = None


FUNCTIONS = {
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
    "auth_domain(text)": """
CREATE OR REPLACE FUNCTION auth_domain(domain text) RETURNS text LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  RETURN (SELECT o.slug FROM sso_domain d JOIN organisation o ON o.id = d.organisation_id AND o.suspended_at IS NULL
    WHERE d.name = domain AND d.confirmed_at IS NOT NULL AND d.archived_at IS NULL);
END $$""",
}
ENTER_BEFORE = """
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
END $$"""


def upgrade() -> None:
    """Bring the database forward."""
    # ### commands auto generated by Alembic - please adjust! ###
    op.create_table('sso_domain',
    sa.Column('organisation_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('reference', sa.Text(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('confirmed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('mailbox', sa.Text(), nullable=True),
    sa.Column('asked_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('name_key', sa.Text(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('created_by', sa.Uuid(), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('updated_by', sa.Uuid(), nullable=False),
    sa.Column('archived_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('change_set_id', sa.Uuid(), nullable=True),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('organisation_id', 'id', name='pk_sso_domain'),
    info={'tenanted': True, 'append_only': False, 'relay': (), 'gate': ('organisation_id', 'name', 'confirmed_at', 'archived_at')}
    )
    op.create_index('ix_sso_domain_change_set', 'sso_domain', ['organisation_id', 'change_set_id'], unique=False, postgresql_where=sa.text('change_set_id IS NOT NULL'))
    op.create_index('ix_sso_domain_confirmed_at', 'sso_domain', ['organisation_id', 'confirmed_at', 'id'], unique=False, postgresql_include=['archived_at'])
    op.create_index('ix_sso_domain_name_key', 'sso_domain', ['organisation_id', 'name_key', 'id'], unique=False, postgresql_include=['archived_at'])
    op.create_index('uq_sso_domain_confirmed', 'sso_domain', ['name'], unique=True, postgresql_where=sa.text('confirmed_at IS NOT NULL AND archived_at IS NULL'))
    op.create_index('uq_sso_domain_name', 'sso_domain', ['organisation_id', 'name_key'], unique=True, postgresql_where=sa.text('archived_at IS NULL'))
    op.create_index('uq_sso_domain_reference', 'sso_domain', ['organisation_id', 'reference'], unique=True)
    op.create_table('sso_provider',
    sa.Column('organisation_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('reference', sa.Text(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('active', sa.Boolean(), nullable=False),
    sa.Column('address', sa.Text(), nullable=True),
    sa.Column('client_id', sa.Text(), nullable=True),
    sa.Column('metadata_xml', sa.Text(), nullable=True),
    sa.Column('search_base', sa.Text(), nullable=True),
    sa.Column('authority', sa.Text(), nullable=True),
    sa.Column('groups_in', sa.Text(), nullable=True),
    sa.Column('joining', sa.Text(), nullable=False),
    sa.Column('role_id', sa.Uuid(), nullable=True),
    sa.Column('sealed', sa.LargeBinary(), nullable=True),
    sa.Column('name_key', sa.Text(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('created_by', sa.Uuid(), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('updated_by', sa.Uuid(), nullable=False),
    sa.Column('archived_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('change_set_id', sa.Uuid(), nullable=True),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.CheckConstraint("joining IN ('nobody', 'domains', 'everybody')", name='ck_sso_provider_joining'),
    sa.CheckConstraint("kind IN ('oidc', 'google', 'microsoft', 'github', 'gitlab', 'saml', 'ldap', 'directory')", name='ck_sso_provider_kind'),
    sa.ForeignKeyConstraint(['organisation_id', 'role_id'], ['role.organisation_id', 'role.id'], name='fk_sso_provider_role_id'),
    sa.PrimaryKeyConstraint('organisation_id', 'id', name='pk_sso_provider'),
    info={'tenanted': True, 'append_only': False, 'relay': ()}
    )
    op.create_index('ix_sso_provider_active', 'sso_provider', ['organisation_id', 'active', 'id'], unique=False, postgresql_include=['archived_at'])
    op.create_index('ix_sso_provider_change_set', 'sso_provider', ['organisation_id', 'change_set_id'], unique=False, postgresql_where=sa.text('change_set_id IS NOT NULL'))
    op.create_index('ix_sso_provider_joining', 'sso_provider', ['organisation_id', 'joining', 'id'], unique=False, postgresql_include=['archived_at'])
    op.create_index('ix_sso_provider_kind', 'sso_provider', ['organisation_id', 'kind', 'id'], unique=False, postgresql_include=['archived_at'])
    op.create_index('ix_sso_provider_name_key', 'sso_provider', ['organisation_id', 'name_key', 'id'], unique=False, postgresql_include=['archived_at'])
    op.create_index('ix_sso_provider_role_id', 'sso_provider', ['organisation_id', 'role_id', 'id'], unique=False, postgresql_include=['archived_at'])
    op.create_index('uq_sso_provider_name', 'sso_provider', ['organisation_id', 'name_key'], unique=True, postgresql_where=sa.text('archived_at IS NULL'))
    op.create_index('uq_sso_provider_reference', 'sso_provider', ['organisation_id', 'reference'], unique=True)
    op.create_table('sso_attempt',
    sa.Column('organisation_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('provider_id', sa.Uuid(), nullable=False),
    sa.Column('state_hash', sa.Text(), nullable=False),
    sa.Column('browser_hash', sa.Text(), nullable=False),
    sa.Column('nonce', sa.Text(), nullable=False),
    sa.Column('verifier', sa.Text(), nullable=False),
    sa.Column('wanted', sa.Text(), nullable=False),
    sa.Column('linking', sa.Uuid(), nullable=True),
    sa.Column('vouched', sa.Uuid(), nullable=True),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('used_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['organisation_id', 'provider_id'], ['sso_provider.organisation_id', 'sso_provider.id'], name='fk_sso_attempt_provider_id'),
    sa.PrimaryKeyConstraint('organisation_id', 'id', name='pk_sso_attempt'),
    info={'tenanted': True, 'append_only': False, 'relay': ()}
    )
    op.create_index('ix_sso_attempt_provider_id', 'sso_attempt', ['organisation_id', 'provider_id', 'id'], unique=False, postgresql_include=[])
    op.create_index('uq_sso_attempt_state_hash', 'sso_attempt', ['organisation_id', 'state_hash'], unique=True)
    op.create_table('sso_group',
    sa.Column('organisation_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('provider_id', sa.Uuid(), nullable=False),
    sa.Column('group', sa.Text(), nullable=False),
    sa.Column('role_id', sa.Uuid(), nullable=False),
    sa.ForeignKeyConstraint(['organisation_id', 'provider_id'], ['sso_provider.organisation_id', 'sso_provider.id'], name='fk_sso_group_provider_id'),
    sa.ForeignKeyConstraint(['organisation_id', 'role_id'], ['role.organisation_id', 'role.id'], name='fk_sso_group_role_id'),
    sa.PrimaryKeyConstraint('organisation_id', 'id', name='pk_sso_group'),
    info={'tenanted': True, 'append_only': False, 'relay': ()}
    )
    op.create_index('ix_sso_group_provider_id', 'sso_group', ['organisation_id', 'provider_id', 'id'], unique=False, postgresql_include=[])
    op.create_index('ix_sso_group_role_id', 'sso_group', ['organisation_id', 'role_id', 'id'], unique=False, postgresql_include=[])
    op.create_index('uq_sso_group_provider_id_group_role_id', 'sso_group', ['organisation_id', 'provider_id', 'group', 'role_id'], unique=True)
    op.create_table('sso_link',
    sa.Column('organisation_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('provider_id', sa.Uuid(), nullable=False),
    sa.Column('member_id', sa.Uuid(), nullable=False),
    sa.Column('subject', sa.Text(), nullable=False),
    sa.Column('email', sa.Text(), nullable=False),
    sa.Column('given', postgresql.ARRAY(sa.Uuid()), nullable=False),
    sa.Column('made_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('last_used_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['organisation_id', 'member_id'], ['member.organisation_id', 'member.id'], name='fk_sso_link_member_id'),
    sa.ForeignKeyConstraint(['organisation_id', 'provider_id'], ['sso_provider.organisation_id', 'sso_provider.id'], name='fk_sso_link_provider_id'),
    sa.PrimaryKeyConstraint('organisation_id', 'id', name='pk_sso_link'),
    info={'tenanted': True, 'append_only': False, 'relay': ()}
    )
    op.create_index('ix_sso_link_member_id', 'sso_link', ['organisation_id', 'member_id', 'id'], unique=False, postgresql_include=[])
    op.create_index('ix_sso_link_provider_id', 'sso_link', ['organisation_id', 'provider_id', 'id'], unique=False, postgresql_include=[])
    op.create_index('uq_sso_link_subject', 'sso_link', ['organisation_id', 'provider_id', 'subject'], unique=True)
    op.add_column('user_session', sa.Column('confined_to', sa.Uuid(), nullable=True))
    op.execute('ALTER TABLE sso_domain ENABLE ROW LEVEL SECURITY')
    op.execute('ALTER TABLE sso_domain FORCE ROW LEVEL SECURITY')
    op.execute('DROP POLICY IF EXISTS organisation_read ON sso_domain')
    op.execute("CREATE POLICY organisation_read ON sso_domain FOR SELECT TO opsflux_app USING (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid))")
    op.execute('DROP POLICY IF EXISTS organisation_add ON sso_domain')
    op.execute("CREATE POLICY organisation_add ON sso_domain FOR INSERT TO opsflux_app WITH CHECK (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid))")
    op.execute('DROP POLICY IF EXISTS migration ON sso_domain')
    op.execute("CREATE POLICY migration ON sso_domain FOR ALL TO opsflux_owner USING (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid)) WITH CHECK (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid))")
    op.execute('REVOKE ALL ON sso_domain FROM opsflux_app, opsflux_relay, PUBLIC')
    op.execute('GRANT SELECT, INSERT ON sso_domain TO opsflux_app')
    op.execute('DROP POLICY IF EXISTS organisation_change ON sso_domain')
    op.execute("CREATE POLICY organisation_change ON sso_domain FOR UPDATE TO opsflux_app USING (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid)) WITH CHECK (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid))")
    op.execute('DROP POLICY IF EXISTS organisation_remove ON sso_domain')
    op.execute("CREATE POLICY organisation_remove ON sso_domain FOR DELETE TO opsflux_app USING (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid))")
    op.execute('GRANT UPDATE, DELETE ON sso_domain TO opsflux_app')
    op.execute('DROP POLICY IF EXISTS gate ON sso_domain')
    op.execute('CREATE POLICY gate ON sso_domain FOR SELECT TO opsflux_gate USING (true)')
    op.execute('GRANT SELECT (organisation_id, name, confirmed_at, archived_at) ON sso_domain TO opsflux_gate')
    op.execute('ALTER TABLE sso_provider ENABLE ROW LEVEL SECURITY')
    op.execute('ALTER TABLE sso_provider FORCE ROW LEVEL SECURITY')
    op.execute('DROP POLICY IF EXISTS organisation_read ON sso_provider')
    op.execute("CREATE POLICY organisation_read ON sso_provider FOR SELECT TO opsflux_app USING (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid))")
    op.execute('DROP POLICY IF EXISTS organisation_add ON sso_provider')
    op.execute("CREATE POLICY organisation_add ON sso_provider FOR INSERT TO opsflux_app WITH CHECK (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid))")
    op.execute('DROP POLICY IF EXISTS migration ON sso_provider')
    op.execute("CREATE POLICY migration ON sso_provider FOR ALL TO opsflux_owner USING (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid)) WITH CHECK (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid))")
    op.execute('REVOKE ALL ON sso_provider FROM opsflux_app, opsflux_relay, PUBLIC')
    op.execute('GRANT SELECT, INSERT ON sso_provider TO opsflux_app')
    op.execute('DROP POLICY IF EXISTS organisation_change ON sso_provider')
    op.execute("CREATE POLICY organisation_change ON sso_provider FOR UPDATE TO opsflux_app USING (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid)) WITH CHECK (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid))")
    op.execute('DROP POLICY IF EXISTS organisation_remove ON sso_provider')
    op.execute("CREATE POLICY organisation_remove ON sso_provider FOR DELETE TO opsflux_app USING (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid))")
    op.execute('GRANT UPDATE, DELETE ON sso_provider TO opsflux_app')
    op.execute('ALTER TABLE sso_attempt ENABLE ROW LEVEL SECURITY')
    op.execute('ALTER TABLE sso_attempt FORCE ROW LEVEL SECURITY')
    op.execute('DROP POLICY IF EXISTS organisation_read ON sso_attempt')
    op.execute("CREATE POLICY organisation_read ON sso_attempt FOR SELECT TO opsflux_app USING (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid))")
    op.execute('DROP POLICY IF EXISTS organisation_add ON sso_attempt')
    op.execute("CREATE POLICY organisation_add ON sso_attempt FOR INSERT TO opsflux_app WITH CHECK (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid))")
    op.execute('DROP POLICY IF EXISTS migration ON sso_attempt')
    op.execute("CREATE POLICY migration ON sso_attempt FOR ALL TO opsflux_owner USING (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid)) WITH CHECK (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid))")
    op.execute('REVOKE ALL ON sso_attempt FROM opsflux_app, opsflux_relay, PUBLIC')
    op.execute('GRANT SELECT, INSERT ON sso_attempt TO opsflux_app')
    op.execute('DROP POLICY IF EXISTS organisation_change ON sso_attempt')
    op.execute("CREATE POLICY organisation_change ON sso_attempt FOR UPDATE TO opsflux_app USING (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid)) WITH CHECK (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid))")
    op.execute('DROP POLICY IF EXISTS organisation_remove ON sso_attempt')
    op.execute("CREATE POLICY organisation_remove ON sso_attempt FOR DELETE TO opsflux_app USING (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid))")
    op.execute('GRANT UPDATE, DELETE ON sso_attempt TO opsflux_app')
    op.execute('ALTER TABLE sso_group ENABLE ROW LEVEL SECURITY')
    op.execute('ALTER TABLE sso_group FORCE ROW LEVEL SECURITY')
    op.execute('DROP POLICY IF EXISTS organisation_read ON sso_group')
    op.execute("CREATE POLICY organisation_read ON sso_group FOR SELECT TO opsflux_app USING (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid))")
    op.execute('DROP POLICY IF EXISTS organisation_add ON sso_group')
    op.execute("CREATE POLICY organisation_add ON sso_group FOR INSERT TO opsflux_app WITH CHECK (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid))")
    op.execute('DROP POLICY IF EXISTS migration ON sso_group')
    op.execute("CREATE POLICY migration ON sso_group FOR ALL TO opsflux_owner USING (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid)) WITH CHECK (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid))")
    op.execute('REVOKE ALL ON sso_group FROM opsflux_app, opsflux_relay, PUBLIC')
    op.execute('GRANT SELECT, INSERT ON sso_group TO opsflux_app')
    op.execute('DROP POLICY IF EXISTS organisation_change ON sso_group')
    op.execute("CREATE POLICY organisation_change ON sso_group FOR UPDATE TO opsflux_app USING (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid)) WITH CHECK (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid))")
    op.execute('DROP POLICY IF EXISTS organisation_remove ON sso_group')
    op.execute("CREATE POLICY organisation_remove ON sso_group FOR DELETE TO opsflux_app USING (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid))")
    op.execute('GRANT UPDATE, DELETE ON sso_group TO opsflux_app')
    op.execute('ALTER TABLE sso_link ENABLE ROW LEVEL SECURITY')
    op.execute('ALTER TABLE sso_link FORCE ROW LEVEL SECURITY')
    op.execute('DROP POLICY IF EXISTS organisation_read ON sso_link')
    op.execute("CREATE POLICY organisation_read ON sso_link FOR SELECT TO opsflux_app USING (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid))")
    op.execute('DROP POLICY IF EXISTS organisation_add ON sso_link')
    op.execute("CREATE POLICY organisation_add ON sso_link FOR INSERT TO opsflux_app WITH CHECK (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid))")
    op.execute('DROP POLICY IF EXISTS migration ON sso_link')
    op.execute("CREATE POLICY migration ON sso_link FOR ALL TO opsflux_owner USING (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid)) WITH CHECK (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid))")
    op.execute('REVOKE ALL ON sso_link FROM opsflux_app, opsflux_relay, PUBLIC')
    op.execute('GRANT SELECT, INSERT ON sso_link TO opsflux_app')
    op.execute('DROP POLICY IF EXISTS organisation_change ON sso_link')
    op.execute("CREATE POLICY organisation_change ON sso_link FOR UPDATE TO opsflux_app USING (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid)) WITH CHECK (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid))")
    op.execute('DROP POLICY IF EXISTS organisation_remove ON sso_link')
    op.execute("CREATE POLICY organisation_remove ON sso_link FOR DELETE TO opsflux_app USING (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid))")
    op.execute('GRANT UPDATE, DELETE ON sso_link TO opsflux_app')
    op.execute('GRANT SELECT (confined_to) ON user_session TO opsflux_gate')
    op.execute('GRANT USAGE, CREATE ON SCHEMA public TO opsflux_gate')
    op.execute('SET LOCAL ROLE opsflux_gate')
    for signature, sql in FUNCTIONS.items():
        op.execute(sql)
        op.execute(f'REVOKE ALL ON FUNCTION {signature} FROM PUBLIC')
        op.execute(f'GRANT EXECUTE ON FUNCTION {signature} TO opsflux_app')
    op.execute('RESET ROLE')
    op.execute('REVOKE CREATE ON SCHEMA public FROM opsflux_gate')
    # ### end Alembic commands ###


def downgrade() -> None:
    """Take it back."""
    # ### commands auto generated by Alembic - please adjust! ###
    op.execute('GRANT CREATE ON SCHEMA public TO opsflux_gate')
    op.execute('SET LOCAL ROLE opsflux_gate')
    op.execute('DROP FUNCTION auth_domain(text)')
    op.execute(ENTER_BEFORE)
    op.execute('RESET ROLE')
    op.execute('REVOKE CREATE ON SCHEMA public FROM opsflux_gate')
    op.drop_column('user_session', 'confined_to')
    op.drop_index('uq_sso_link_subject', table_name='sso_link')
    op.drop_index('ix_sso_link_provider_id', table_name='sso_link', postgresql_include=[])
    op.drop_index('ix_sso_link_member_id', table_name='sso_link', postgresql_include=[])
    op.drop_table('sso_link')
    op.drop_index('uq_sso_group_provider_id_group_role_id', table_name='sso_group')
    op.drop_index('ix_sso_group_role_id', table_name='sso_group', postgresql_include=[])
    op.drop_index('ix_sso_group_provider_id', table_name='sso_group', postgresql_include=[])
    op.drop_table('sso_group')
    op.drop_index('uq_sso_attempt_state_hash', table_name='sso_attempt')
    op.drop_index('ix_sso_attempt_provider_id', table_name='sso_attempt', postgresql_include=[])
    op.drop_table('sso_attempt')
    op.drop_index('uq_sso_provider_reference', table_name='sso_provider')
    op.drop_index('uq_sso_provider_name', table_name='sso_provider', postgresql_where=sa.text('archived_at IS NULL'))
    op.drop_index('ix_sso_provider_role_id', table_name='sso_provider', postgresql_include=['archived_at'])
    op.drop_index('ix_sso_provider_name_key', table_name='sso_provider', postgresql_include=['archived_at'])
    op.drop_index('ix_sso_provider_kind', table_name='sso_provider', postgresql_include=['archived_at'])
    op.drop_index('ix_sso_provider_joining', table_name='sso_provider', postgresql_include=['archived_at'])
    op.drop_index('ix_sso_provider_change_set', table_name='sso_provider', postgresql_where=sa.text('change_set_id IS NOT NULL'))
    op.drop_index('ix_sso_provider_active', table_name='sso_provider', postgresql_include=['archived_at'])
    op.drop_table('sso_provider')
    op.drop_index('uq_sso_domain_reference', table_name='sso_domain')
    op.drop_index('uq_sso_domain_name', table_name='sso_domain', postgresql_where=sa.text('archived_at IS NULL'))
    op.drop_index('uq_sso_domain_confirmed', table_name='sso_domain', postgresql_where=sa.text('confirmed_at IS NOT NULL AND archived_at IS NULL'))
    op.drop_index('ix_sso_domain_name_key', table_name='sso_domain', postgresql_include=['archived_at'])
    op.drop_index('ix_sso_domain_confirmed_at', table_name='sso_domain', postgresql_include=['archived_at'])
    op.drop_index('ix_sso_domain_change_set', table_name='sso_domain', postgresql_where=sa.text('change_set_id IS NOT NULL'))
    op.drop_table('sso_domain')
    # ### end Alembic commands ###
