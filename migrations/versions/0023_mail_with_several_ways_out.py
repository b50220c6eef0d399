"""mail with several ways out"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = 'core_0023'
down_revision = 'core_0022'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the database forward."""
    op.create_table('mail_block',
    sa.Column('organisation_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('reference', sa.Text(), nullable=False),
    sa.Column('address', sa.Text(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('said', sa.Text(), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('created_by', sa.Uuid(), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('updated_by', sa.Uuid(), nullable=False),
    sa.Column('archived_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('change_set_id', sa.Uuid(), nullable=True),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.CheckConstraint("reason IN ('bounce', 'complaint', 'wish', 'manual')", name='ck_mail_block_reason'),
    sa.PrimaryKeyConstraint('organisation_id', 'id', name='pk_mail_block'),
    info={'tenanted': True, 'append_only': False, 'relay': ()}
    )
    op.create_index('ix_mail_block_address', 'mail_block', ['organisation_id', 'address', 'id'], unique=False, postgresql_include=['archived_at'])
    op.create_index('ix_mail_block_change_set', 'mail_block', ['organisation_id', 'change_set_id'], unique=False, postgresql_where=sa.text('change_set_id IS NOT NULL'))
    op.create_index('ix_mail_block_created_at', 'mail_block', ['organisation_id', 'created_at', 'id'], unique=False, postgresql_include=['archived_at'])
    op.create_index('ix_mail_block_reason', 'mail_block', ['organisation_id', 'reason', 'id'], unique=False, postgresql_include=['archived_at'])
    op.create_index('uq_mail_block_address', 'mail_block', ['organisation_id', 'address'], unique=True, postgresql_where=sa.text('archived_at IS NULL'))
    op.create_index('uq_mail_block_reference', 'mail_block', ['organisation_id', 'reference'], unique=True)
    op.create_table('mail_provider',
    sa.Column('organisation_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('reference', sa.Text(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('active', sa.Boolean(), nullable=False),
    sa.Column('place', sa.BigInteger(), nullable=False),
    sa.Column('address', sa.Text(), nullable=True),
    sa.Column('account', sa.Text(), nullable=True),
    sa.Column('region', sa.Text(), nullable=True),
    sa.Column('per_minute', sa.BigInteger(), nullable=False),
    sa.Column('sealed', sa.LargeBinary(), nullable=True),
    sa.Column('name_key', sa.Text(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('created_by', sa.Uuid(), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('updated_by', sa.Uuid(), nullable=False),
    sa.Column('archived_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('change_set_id', sa.Uuid(), nullable=True),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.CheckConstraint("kind IN ('smtp', 'sendgrid', 'ses', 'mailgun')", name='ck_mail_provider_kind'),
    sa.PrimaryKeyConstraint('organisation_id', 'id', name='pk_mail_provider'),
    info={'tenanted': True, 'append_only': False, 'relay': ()}
    )
    op.create_index('ix_mail_provider_active', 'mail_provider', ['organisation_id', 'active', 'id'], unique=False, postgresql_include=['archived_at'])
    op.create_index('ix_mail_provider_change_set', 'mail_provider', ['organisation_id', 'change_set_id'], unique=False, postgresql_where=sa.text('change_set_id IS NOT NULL'))
    op.create_index('ix_mail_provider_kind', 'mail_provider', ['organisation_id', 'kind', 'id'], unique=False, postgresql_include=['archived_at'])
    op.create_index('ix_mail_provider_name_key', 'mail_provider', ['organisation_id', 'name_key', 'id'], unique=False, postgresql_include=['archived_at'])
    op.create_index('ix_mail_provider_per_minute', 'mail_provider', ['organisation_id', 'per_minute', 'id'], unique=False, postgresql_include=['archived_at'])
    op.create_index('ix_mail_provider_place', 'mail_provider', ['organisation_id', 'place', 'id'], unique=False, postgresql_include=['archived_at'])
    op.create_index('uq_mail_provider_reference', 'mail_provider', ['organisation_id', 'reference'], unique=True)
    op.create_table('mail_way',
    sa.Column('organisation_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('failures', sa.Integer(), nullable=False),
    sa.Column('away_until', sa.DateTime(timezone=True), nullable=True),
    sa.Column('last_error', sa.Text(), nullable=False),
    sa.Column('minute', sa.DateTime(timezone=True), nullable=True),
    sa.Column('taken', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('organisation_id', 'id', name='pk_mail_way'),
    info={'tenanted': True, 'append_only': False, 'relay': ()}
    )
    op.create_index('uq_mail_way_name', 'mail_way', ['organisation_id', 'name'], unique=True)
    op.add_column('mail_message', sa.Column('priority', sa.Text(), server_default='normal', nullable=False))
    op.add_column('mail_message', sa.Column('refusals', sa.Integer(), server_default='0', nullable=False))
    op.add_column('mail_message', sa.Column('sent_to', sa.Text(), server_default='', nullable=False))
    op.add_column('mail_message', sa.Column('way', sa.Text(), server_default='', nullable=False))
    op.create_check_constraint('ck_mail_message_priority', 'mail_message', "priority IN ('urgent', 'normal', 'bulk')")
    op.drop_constraint('ck_mail_message_state', 'mail_message', type_='check')
    op.create_check_constraint(
        'ck_mail_message_state', 'mail_message',
        "state IN ('waiting', 'sending', 'sent', 'failed', 'cancelled', 'bounced', 'blocked')")
    op.create_index('ix_mail_message_message_id', 'mail_message', ['organisation_id', 'message_id'], unique=False)
    op.add_column('outbox', sa.Column('rank', sa.SmallInteger(), server_default='0', nullable=False))
    op.drop_index(op.f('ix_outbox_due'), table_name='outbox', postgresql_where="(state = 'waiting'::text)")
    op.create_index('ix_outbox_due', 'outbox', ['organisation_id', 'rank', 'due_at', 'id'], unique=False, postgresql_where=sa.text("state = 'waiting'"))
    op.execute('ALTER TABLE mail_block ENABLE ROW LEVEL SECURITY')
    op.execute('ALTER TABLE mail_block FORCE ROW LEVEL SECURITY')
    op.execute('DROP POLICY IF EXISTS organisation_read ON mail_block')
    op.execute("CREATE POLICY organisation_read ON mail_block FOR SELECT TO opsflux_app USING (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid))")
    op.execute('DROP POLICY IF EXISTS organisation_add ON mail_block')
    op.execute("CREATE POLICY organisation_add ON mail_block FOR INSERT TO opsflux_app WITH CHECK (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid))")
    op.execute('DROP POLICY IF EXISTS migration ON mail_block')
    op.execute("CREATE POLICY migration ON mail_block FOR ALL TO opsflux_owner USING (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid)) WITH CHECK (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid))")
    op.execute('REVOKE ALL ON mail_block FROM opsflux_app, opsflux_relay, PUBLIC')
    op.execute('GRANT SELECT, INSERT ON mail_block TO opsflux_app')
    op.execute('DROP POLICY IF EXISTS organisation_change ON mail_block')
    op.execute("CREATE POLICY organisation_change ON mail_block FOR UPDATE TO opsflux_app USING (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid)) WITH CHECK (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid))")
    op.execute('DROP POLICY IF EXISTS organisation_remove ON mail_block')
    op.execute("CREATE POLICY organisation_remove ON mail_block FOR DELETE TO opsflux_app USING (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid))")
    op.execute('GRANT UPDATE, DELETE ON mail_block TO opsflux_app')
    op.execute('ALTER TABLE mail_provider ENABLE ROW LEVEL SECURITY')
    op.execute('ALTER TABLE mail_provider FORCE ROW LEVEL SECURITY')
    op.execute('DROP POLICY IF EXISTS organisation_read ON mail_provider')
    op.execute("CREATE POLICY organisation_read ON mail_provider FOR SELECT TO opsflux_app USING (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid))")
    op.execute('DROP POLICY IF EXISTS organisation_add ON mail_provider')
    op.execute("CREATE POLICY organisation_add ON mail_provider FOR INSERT TO opsflux_app WITH CHECK (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid))")
    op.execute('DROP POLICY IF EXISTS migration ON mail_provider')
    op.execute("CREATE POLICY migration ON mail_provider FOR ALL TO opsflux_owner USING (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid)) WITH CHECK (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid))")
    op.execute('REVOKE ALL ON mail_provider FROM opsflux_app, opsflux_relay, PUBLIC')
    op.execute('GRANT SELECT, INSERT ON mail_provider TO opsflux_app')
    op.execute('DROP POLICY IF EXISTS organisation_change ON mail_provider')
    op.execute("CREATE POLICY organisation_change ON mail_provider FOR UPDATE TO opsflux_app USING (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid)) WITH CHECK (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid))")
    op.execute('DROP POLICY IF EXISTS organisation_remove ON mail_provider')
    op.execute("CREATE POLICY organisation_remove ON mail_provider FOR DELETE TO opsflux_app USING (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid))")
    op.execute('GRANT UPDATE, DELETE ON mail_provider TO opsflux_app')
    op.execute('ALTER TABLE mail_way ENABLE ROW LEVEL SECURITY')
    op.execute('ALTER TABLE mail_way FORCE ROW LEVEL SECURITY')
    op.execute('DROP POLICY IF EXISTS organisation_read ON mail_way')
    op.execute("CREATE POLICY organisation_read ON mail_way FOR SELECT TO opsflux_app USING (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid))")
    op.execute('DROP POLICY IF EXISTS organisation_add ON mail_way')
    op.execute("CREATE POLICY organisation_add ON mail_way FOR INSERT TO opsflux_app WITH CHECK (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid))")
    op.execute('DROP POLICY IF EXISTS migration ON mail_way')
    op.execute("CREATE POLICY migration ON mail_way FOR ALL TO opsflux_owner USING (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid)) WITH CHECK (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid))")
    op.execute('REVOKE ALL ON mail_way FROM opsflux_app, opsflux_relay, PUBLIC')
    op.execute('GRANT SELECT, INSERT ON mail_way TO opsflux_app')
    op.execute('DROP POLICY IF EXISTS organisation_change ON mail_way')
    op.execute("CREATE POLICY organisation_change ON mail_way FOR UPDATE TO opsflux_app USING (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid)) WITH CHECK (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid))")
    op.execute('DROP POLICY IF EXISTS organisation_remove ON mail_way')
    op.execute("CREATE POLICY organisation_remove ON mail_way FOR DELETE TO opsflux_app USING (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid))")
    op.execute('GRANT UPDATE, DELETE ON mail_way TO opsflux_app')


def downgrade() -> None:
    """Take it back."""
    op.drop_index('ix_outbox_due', table_name='outbox', postgresql_where=sa.text("state = 'waiting'"))
    op.create_index(op.f('ix_outbox_due'), 'outbox', ['organisation_id', 'due_at', 'id'], unique=False, postgresql_where="(state = 'waiting'::text)")
    op.drop_column('outbox', 'rank')
    op.drop_index('ix_mail_message_message_id', table_name='mail_message')
    op.drop_constraint('ck_mail_message_state', 'mail_message', type_='check')
    op.execute("ALTER TABLE mail_message ADD CONSTRAINT ck_mail_message_state CHECK "
               "(state IN ('waiting', 'sending', 'sent', 'failed', 'cancelled')) NOT VALID")
    op.drop_constraint('ck_mail_message_priority', 'mail_message', type_='check')
    op.drop_column('mail_message', 'way')
    op.drop_column('mail_message', 'sent_to')
    op.drop_column('mail_message', 'refusals')
    op.drop_column('mail_message', 'priority')
    op.drop_index('uq_mail_way_name', table_name='mail_way')
    op.drop_table('mail_way')
    op.drop_index('uq_mail_provider_reference', table_name='mail_provider')
    op.drop_index('ix_mail_provider_place', table_name='mail_provider', postgresql_include=['archived_at'])
    op.drop_index('ix_mail_provider_per_minute', table_name='mail_provider', postgresql_include=['archived_at'])
    op.drop_index('ix_mail_provider_name_key', table_name='mail_provider', postgresql_include=['archived_at'])
    op.drop_index('ix_mail_provider_kind', table_name='mail_provider', postgresql_include=['archived_at'])
    op.drop_index('ix_mail_provider_change_set', table_name='mail_provider', postgresql_where=sa.text('change_set_id IS NOT NULL'))
    op.drop_index('ix_mail_provider_active', table_name='mail_provider', postgresql_include=['archived_at'])
    op.drop_table('mail_provider')
    op.drop_index('uq_mail_block_reference', table_name='mail_block')
    op.drop_index('uq_mail_block_address', table_name='mail_block', postgresql_where=sa.text('archived_at IS NULL'))
    op.drop_index('ix_mail_block_reason', table_name='mail_block', postgresql_include=['archived_at'])
    op.drop_index('ix_mail_block_created_at', table_name='mail_block', postgresql_include=['archived_at'])
    op.drop_index('ix_mail_block_change_set', table_name='mail_block', postgresql_where=sa.text('change_set_id IS NOT NULL'))
    op.drop_index('ix_mail_block_address', table_name='mail_block', postgresql_include=['archived_at'])
    op.drop_table('mail_block')
