"""Second factors"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = 'core_0004'
down_revision = 'core_0003'
branch_labels = None
depends_on = None

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
  'language', o.language, 'number', o.number), 'member', jsonb_build_object('id', m.id, 'name', m.name, 'email', m.email, 'identity_id', m.identity_id, 'language', m.language,
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
    SELECT coalesce(jsonb_agg(id ORDER BY id), '[]') FROM below)))::text INTO rights
    FROM organisation o JOIN member m ON m.organisation_id = o.id
    WHERE o.id = place AND o.suspended_at IS NULL AND m.identity_id = who AND m.active AND m.archived_at IS NULL;
  IF FOUND THEN PERFORM set_config('app.organisation', place::text, true); END IF;
END $$""",
    "auth_policy(uuid)": """
CREATE OR REPLACE FUNCTION auth_policy(who uuid) RETURNS jsonb LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  RETURN (SELECT coalesce(jsonb_agg((SELECT coalesce(jsonb_object_agg(s.key, s.value), '{}') FROM setting s
      WHERE s.organisation_id = o.id AND left(s.key, 5) = 'auth.') ORDER BY o.id), '[]')
    FROM member m JOIN organisation o ON o.id = m.organisation_id
    WHERE m.identity_id = who AND m.active AND m.archived_at IS NULL AND o.suspended_at IS NULL);
END $$""",
    "auth_passkey(text)": """
CREATE OR REPLACE FUNCTION auth_passkey(credential text, OUT passkey uuid, OUT who uuid, OUT key bytea, OUT uses bigint)
  RETURNS record LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  SELECT p.id, p.identity_id, p.public_key, p.sign_count INTO passkey, who, key, uses FROM passkey p
    JOIN identity i ON i.id = p.identity_id AND i.disabled_at IS NULL WHERE p.credential_id = credential;
END $$""",
    "auth_spend(text, timestamptz, timestamptz)": """
CREATE OR REPLACE FUNCTION auth_spend(proof text, until timestamptz, moment timestamptz) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  DELETE FROM spent_proof p WHERE p.expires_at <= moment;
  INSERT INTO spent_proof (proof_hash, expires_at) VALUES (proof, until) ON CONFLICT DO NOTHING;
  RETURN FOUND;
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
    SELECT s.id, s.identity_id, s.last_seen_at, s.organisation_id INTO held FROM user_session s
      WHERE s.secret_hash = secret AND s.ended_at IS NULL AND s.idle_until > moment AND s.expires_at > moment;
    IF NOT FOUND THEN RETURN; END IF;
    who := held.identity_id;
    proof := jsonb_build_object('session', held.id, 'identity', who, 'seen', held.last_seen_at, 'organisation', held.organisation_id);
  END IF;
  IF NOT EXISTS (SELECT FROM identity i WHERE i.id = who AND i.disabled_at IS NULL) THEN
    proof := NULL;
    RETURN;
  END IF;
  IF address IS NULL THEN RETURN; END IF;
  SELECT s.organisation_id INTO place FROM organisation_slug s WHERE s.slug = address;
  IF NOT FOUND OR place <> bound THEN RETURN; END IF;
  SELECT jsonb_build_object('organisation', jsonb_build_object('id', o.id, 'slug', o.slug, 'name', o.name, 'currency', o.currency, 'timezone', o.timezone,
  'language', o.language, 'number', o.number), 'member', jsonb_build_object('id', m.id, 'name', m.name, 'email', m.email, 'identity_id', m.identity_id, 'language', m.language,
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
    SELECT coalesce(jsonb_agg(id ORDER BY id), '[]') FROM below)))::text INTO rights
    FROM organisation o JOIN member m ON m.organisation_id = o.id
    WHERE o.id = place AND o.suspended_at IS NULL AND m.identity_id = who AND m.active AND m.archived_at IS NULL;
  IF FOUND THEN PERFORM set_config('app.organisation', place::text, true); END IF;
END $$"""


def upgrade() -> None:
    """Bring the database forward."""
    # ### commands auto generated by Alembic - please adjust! ###
    op.create_table('lost_factor',
    sa.Column('organisation_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('member_id', sa.Uuid(), nullable=False),
    sa.Column('identity_id', sa.Uuid(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('source', sa.Text(), nullable=False),
    sa.Column('asked_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('first_by', sa.Uuid(), nullable=True),
    sa.Column('first_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('second_by', sa.Uuid(), nullable=True),
    sa.Column('due_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('ended_by', sa.Uuid(), nullable=True),
    sa.Column('outcome', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('organisation_id', 'id', name='pk_lost_factor'),
    info={'tenanted': True, 'append_only': False, 'relay': ()}
    )
    op.create_index('ix_lost_factor_member_id', 'lost_factor', ['organisation_id', 'member_id'], unique=False)
    op.create_index('uq_lost_factor_open', 'lost_factor', ['organisation_id', 'identity_id'], unique=True, postgresql_where=sa.text('ended_at IS NULL'))
    op.create_table('spent_proof',
    sa.Column('proof_hash', sa.Text(), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('proof_hash', name=op.f('pk_spent_proof')),
    info={'exception': 'spent before anybody is known', 'gate': ('proof_hash', 'expires_at'), 'own': '', 'grants': 'SELECT, INSERT, UPDATE, DELETE', 'gate_writes': True}
    )
    op.create_index(op.f('ix_spent_proof_expires_at'), 'spent_proof', ['expires_at'], unique=False)
    op.create_table('passkey',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('identity_id', sa.Uuid(), nullable=False),
    sa.Column('credential_id', sa.Text(), nullable=False),
    sa.Column('public_key', sa.LargeBinary(), nullable=False),
    sa.Column('sign_count', sa.BigInteger(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('transports', postgresql.ARRAY(sa.Text()), nullable=False),
    sa.Column('backed_up', sa.Boolean(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('last_used_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['identity_id'], ['identity.id'], name='fk_passkey_identity_id'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_passkey')),
    sa.UniqueConstraint('credential_id', name=op.f('uq_passkey_credential_id')),
    info={'exception': 'found by what a browser offers, before anybody is known', 'gate': ('id', 'identity_id', 'credential_id', 'public_key', 'sign_count'), 'own': 'identity_id', 'grants': 'SELECT, INSERT, UPDATE, DELETE', 'gate_writes': False}
    )
    op.create_index(op.f('ix_passkey_identity_id'), 'passkey', ['identity_id'], unique=False)
    op.create_table('recovery_code',
    sa.Column('identity_id', sa.Uuid(), nullable=False),
    sa.Column('code_hash', sa.Text(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('used_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['identity_id'], ['identity.id'], name='fk_recovery_code_identity_id'),
    sa.PrimaryKeyConstraint('identity_id', 'code_hash', name=op.f('pk_recovery_code')),
    info={'exception': 'belongs to an identity, not to an organisation', 'gate': (), 'own': 'identity_id', 'grants': 'SELECT, INSERT, UPDATE, DELETE', 'gate_writes': False}
    )
    op.create_table('second_factor',
    sa.Column('identity_id', sa.Uuid(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('secret', sa.LargeBinary(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('confirmed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('last_used_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('last_step', sa.BigInteger(), nullable=False),
    sa.Column('code_hash', sa.Text(), nullable=True),
    sa.Column('code_until', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['identity_id'], ['identity.id'], name='fk_second_factor_identity_id'),
    sa.PrimaryKeyConstraint('identity_id', 'kind', name=op.f('pk_second_factor')),
    info={'exception': 'belongs to an identity, not to an organisation', 'gate': (), 'own': 'identity_id', 'grants': 'SELECT, INSERT, UPDATE, DELETE', 'gate_writes': False}
    )
    op.add_column('identity', sa.Column('factor_asked_at', sa.DateTime(timezone=True), nullable=True))
    op.add_column('user_session', sa.Column('stage', sa.Text(), server_default='full', nullable=False))
    op.add_column('user_session', sa.Column('method', sa.Text(), server_default='password', nullable=False))
    op.add_column('user_session', sa.Column('factor', sa.Text(), server_default='', nullable=False))
    op.add_column('user_session', sa.Column('proved_at', sa.DateTime(timezone=True), nullable=True))
    op.add_column('user_session', sa.Column('enrol_by', sa.DateTime(timezone=True), nullable=True))
    op.execute('ALTER TABLE lost_factor ENABLE ROW LEVEL SECURITY')
    op.execute('ALTER TABLE lost_factor FORCE ROW LEVEL SECURITY')
    op.execute('DROP POLICY IF EXISTS organisation_read ON lost_factor')
    op.execute("CREATE POLICY organisation_read ON lost_factor FOR SELECT TO opsflux_app USING (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid))")
    op.execute('DROP POLICY IF EXISTS organisation_add ON lost_factor')
    op.execute("CREATE POLICY organisation_add ON lost_factor FOR INSERT TO opsflux_app WITH CHECK (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid))")
    op.execute('DROP POLICY IF EXISTS migration ON lost_factor')
    op.execute("CREATE POLICY migration ON lost_factor FOR ALL TO opsflux_owner USING (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid)) WITH CHECK (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid))")
    op.execute('REVOKE ALL ON lost_factor FROM opsflux_app, opsflux_relay, PUBLIC')
    op.execute('GRANT SELECT, INSERT ON lost_factor TO opsflux_app')
    op.execute('DROP POLICY IF EXISTS organisation_change ON lost_factor')
    op.execute("CREATE POLICY organisation_change ON lost_factor FOR UPDATE TO opsflux_app USING (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid)) WITH CHECK (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid))")
    op.execute('DROP POLICY IF EXISTS organisation_remove ON lost_factor')
    op.execute("CREATE POLICY organisation_remove ON lost_factor FOR DELETE TO opsflux_app USING (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid))")
    op.execute('GRANT UPDATE, DELETE ON lost_factor TO opsflux_app')
    op.execute('ALTER TABLE spent_proof ENABLE ROW LEVEL SECURITY')
    op.execute('ALTER TABLE spent_proof FORCE ROW LEVEL SECURITY')
    op.execute('REVOKE ALL ON spent_proof FROM opsflux_app, opsflux_relay, PUBLIC')
    op.execute('DROP POLICY IF EXISTS migration ON spent_proof')
    op.execute('CREATE POLICY migration ON spent_proof FOR ALL TO opsflux_owner USING (true) WITH CHECK (true)')
    op.execute('DROP POLICY IF EXISTS gate_change ON spent_proof')
    op.execute('CREATE POLICY gate_change ON spent_proof FOR ALL TO opsflux_gate USING (true) WITH CHECK (true)')
    op.execute('GRANT INSERT, UPDATE, DELETE ON spent_proof TO opsflux_gate')
    op.execute('DROP POLICY IF EXISTS gate ON spent_proof')
    op.execute('CREATE POLICY gate ON spent_proof FOR SELECT TO opsflux_gate USING (true)')
    op.execute('GRANT SELECT (proof_hash, expires_at) ON spent_proof TO opsflux_gate')
    op.execute('ALTER TABLE passkey ENABLE ROW LEVEL SECURITY')
    op.execute('ALTER TABLE passkey FORCE ROW LEVEL SECURITY')
    op.execute('REVOKE ALL ON passkey FROM opsflux_app, opsflux_relay, PUBLIC')
    op.execute('DROP POLICY IF EXISTS migration ON passkey')
    op.execute('CREATE POLICY migration ON passkey FOR ALL TO opsflux_owner USING (true) WITH CHECK (true)')
    op.execute('DROP POLICY IF EXISTS own ON passkey')
    op.execute("CREATE POLICY own ON passkey FOR ALL TO opsflux_app USING (identity_id = (SELECT nullif(current_setting('app.identity', true), '')::uuid)) WITH CHECK (identity_id = (SELECT nullif(current_setting('app.identity', true), '')::uuid))")
    op.execute('GRANT SELECT, INSERT, UPDATE, DELETE ON passkey TO opsflux_app')
    op.execute('DROP POLICY IF EXISTS gate ON passkey')
    op.execute('CREATE POLICY gate ON passkey FOR SELECT TO opsflux_gate USING (true)')
    op.execute('GRANT SELECT (id, identity_id, credential_id, public_key, sign_count) ON passkey TO opsflux_gate')
    op.execute('ALTER TABLE recovery_code ENABLE ROW LEVEL SECURITY')
    op.execute('ALTER TABLE recovery_code FORCE ROW LEVEL SECURITY')
    op.execute('REVOKE ALL ON recovery_code FROM opsflux_app, opsflux_relay, PUBLIC')
    op.execute('DROP POLICY IF EXISTS migration ON recovery_code')
    op.execute('CREATE POLICY migration ON recovery_code FOR ALL TO opsflux_owner USING (true) WITH CHECK (true)')
    op.execute('DROP POLICY IF EXISTS own ON recovery_code')
    op.execute("CREATE POLICY own ON recovery_code FOR ALL TO opsflux_app USING (identity_id = (SELECT nullif(current_setting('app.identity', true), '')::uuid)) WITH CHECK (identity_id = (SELECT nullif(current_setting('app.identity', true), '')::uuid))")
    op.execute('GRANT SELECT, INSERT, UPDATE, DELETE ON recovery_code TO opsflux_app')
    op.execute('ALTER TABLE second_factor ENABLE ROW LEVEL SECURITY')
    op.execute('ALTER TABLE second_factor FORCE ROW LEVEL SECURITY')
    op.execute('REVOKE ALL ON second_factor FROM opsflux_app, opsflux_relay, PUBLIC')
    op.execute('DROP POLICY IF EXISTS migration ON second_factor')
    op.execute('CREATE POLICY migration ON second_factor FOR ALL TO opsflux_owner USING (true) WITH CHECK (true)')
    op.execute('DROP POLICY IF EXISTS own ON second_factor')
    op.execute("CREATE POLICY own ON second_factor FOR ALL TO opsflux_app USING (identity_id = (SELECT nullif(current_setting('app.identity', true), '')::uuid)) WITH CHECK (identity_id = (SELECT nullif(current_setting('app.identity', true), '')::uuid))")
    op.execute('GRANT SELECT, INSERT, UPDATE, DELETE ON second_factor TO opsflux_app')
    op.execute('GRANT SELECT (stage, method, factor, proved_at, enrol_by) ON user_session TO opsflux_gate')
    op.execute('DROP POLICY IF EXISTS gate ON setting')
    op.execute('CREATE POLICY gate ON setting FOR SELECT TO opsflux_gate USING (true)')
    op.execute('GRANT SELECT (organisation_id, key, value) ON setting TO opsflux_gate')
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
    for signature in list(FUNCTIONS)[1:]:
        op.execute(f'DROP FUNCTION {signature}')
    op.execute(ENTER_BEFORE)
    op.execute('RESET ROLE')
    op.execute('REVOKE CREATE ON SCHEMA public FROM opsflux_gate')
    op.execute('DROP POLICY IF EXISTS gate ON setting')
    op.execute('REVOKE SELECT (organisation_id, key, value) ON setting FROM opsflux_gate')
    op.drop_column('user_session', 'enrol_by')
    op.drop_column('user_session', 'proved_at')
    op.drop_column('user_session', 'factor')
    op.drop_column('user_session', 'method')
    op.drop_column('user_session', 'stage')
    op.drop_column('identity', 'factor_asked_at')
    op.drop_table('second_factor')
    op.drop_table('recovery_code')
    op.drop_index(op.f('ix_passkey_identity_id'), table_name='passkey')
    op.drop_table('passkey')
    op.drop_index(op.f('ix_spent_proof_expires_at'), table_name='spent_proof')
    op.drop_table('spent_proof')
    op.drop_index('uq_lost_factor_open', table_name='lost_factor', postgresql_where=sa.text('ended_at IS NULL'))
    op.drop_index('ix_lost_factor_member_id', table_name='lost_factor')
    op.drop_table('lost_factor')
    # ### end Alembic commands ###
