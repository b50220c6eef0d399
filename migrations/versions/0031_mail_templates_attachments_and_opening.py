"""mail templates, attachments and opening"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = 'core_0031'
down_revision = 'core_0030'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the database forward."""
    op.create_table('mail_wording',
    sa.Column('organisation_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('reference', sa.Text(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('language', sa.Text(), nullable=False),
    sa.Column('active', sa.Boolean(), nullable=False),
    sa.Column('subject', sa.Text(), nullable=False),
    sa.Column('body', sa.Text(), nullable=False),
    sa.Column('button', sa.Text(), nullable=True),
    sa.Column('subject_key', sa.Text(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('created_by', sa.Uuid(), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('updated_by', sa.Uuid(), nullable=False),
    sa.Column('archived_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('change_set_id', sa.Uuid(), nullable=True),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('organisation_id', 'id', name='pk_mail_wording'),
    info={'tenanted': True, 'append_only': False, 'relay': ()}
    )
    op.create_index('ix_mail_wording_active', 'mail_wording', ['organisation_id', 'active', 'id'], unique=False, postgresql_include=['archived_at'])
    op.create_index('ix_mail_wording_change_set', 'mail_wording', ['organisation_id', 'change_set_id'], unique=False, postgresql_where=sa.text('change_set_id IS NOT NULL'))
    op.create_index('ix_mail_wording_kind', 'mail_wording', ['organisation_id', 'kind', 'id'], unique=False, postgresql_include=['archived_at'])
    op.create_index('ix_mail_wording_language', 'mail_wording', ['organisation_id', 'language', 'id'], unique=False, postgresql_include=['archived_at'])
    op.create_index('ix_mail_wording_subject_key', 'mail_wording', ['organisation_id', 'subject_key', 'id'], unique=False, postgresql_include=['archived_at'])
    op.create_index('uq_mail_wording_reference', 'mail_wording', ['organisation_id', 'reference'], unique=True)
    op.add_column('mail_message', sa.Column('enclosed', postgresql.JSONB(astext_type=sa.Text()), server_default='[]', nullable=False))
    op.add_column('mail_message', sa.Column('tracked', sa.Boolean(), server_default='false', nullable=False))
    op.add_column('mail_message', sa.Column('opens', sa.Integer(), server_default='0', nullable=False))
    op.add_column('mail_message', sa.Column('opened_at', sa.DateTime(timezone=True), nullable=True))
    op.execute('ALTER TABLE mail_wording ENABLE ROW LEVEL SECURITY')
    op.execute('ALTER TABLE mail_wording FORCE ROW LEVEL SECURITY')
    op.execute('DROP POLICY IF EXISTS organisation_read ON mail_wording')
    op.execute("CREATE POLICY organisation_read ON mail_wording FOR SELECT TO opsflux_app USING (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid))")
    op.execute('DROP POLICY IF EXISTS organisation_add ON mail_wording')
    op.execute("CREATE POLICY organisation_add ON mail_wording FOR INSERT TO opsflux_app WITH CHECK (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid))")
    op.execute('DROP POLICY IF EXISTS migration ON mail_wording')
    op.execute("CREATE POLICY migration ON mail_wording FOR ALL TO opsflux_owner USING (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid)) WITH CHECK (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid))")
    op.execute('REVOKE ALL ON mail_wording FROM opsflux_app, opsflux_relay, PUBLIC')
    op.execute('GRANT SELECT, INSERT ON mail_wording TO opsflux_app')
    op.execute('DROP POLICY IF EXISTS organisation_change ON mail_wording')
    op.execute("CREATE POLICY organisation_change ON mail_wording FOR UPDATE TO opsflux_app USING (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid)) WITH CHECK (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid))")
    op.execute('DROP POLICY IF EXISTS organisation_remove ON mail_wording')
    op.execute("CREATE POLICY organisation_remove ON mail_wording FOR DELETE TO opsflux_app USING (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid))")
    op.execute('GRANT UPDATE, DELETE ON mail_wording TO opsflux_app')


def downgrade() -> None:
    """Take it back."""
    op.drop_column('mail_message', 'opened_at')
    op.drop_column('mail_message', 'opens')
    op.drop_column('mail_message', 'tracked')
    op.drop_column('mail_message', 'enclosed')
    op.drop_index('uq_mail_wording_reference', table_name='mail_wording')
    op.drop_index('ix_mail_wording_subject_key', table_name='mail_wording', postgresql_include=['archived_at'])
    op.drop_index('ix_mail_wording_language', table_name='mail_wording', postgresql_include=['archived_at'])
    op.drop_index('ix_mail_wording_kind', table_name='mail_wording', postgresql_include=['archived_at'])
    op.drop_index('ix_mail_wording_change_set', table_name='mail_wording', postgresql_where=sa.text('change_set_id IS NOT NULL'))
    op.drop_index('ix_mail_wording_active', table_name='mail_wording', postgresql_include=['archived_at'])
    op.drop_table('mail_wording')
