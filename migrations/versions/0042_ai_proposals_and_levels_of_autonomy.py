"""AI proposals and levels of autonomy"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = 'core_0042'
down_revision = 'core_0041'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the database forward."""
    op.create_table('autonomy_level',
    sa.Column('organisation_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('reference', sa.Text(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('level', sa.Text(), nullable=False),
    sa.Column('unvalidated', sa.Boolean(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('created_by', sa.Uuid(), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('updated_by', sa.Uuid(), nullable=False),
    sa.Column('archived_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('change_set_id', sa.Uuid(), nullable=True),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.CheckConstraint("level IN ('GREEN', 'ORANGE', 'RED')", name='ck_autonomy_level_level'),
    sa.PrimaryKeyConstraint('organisation_id', 'id', name='pk_autonomy_level'),
    info={'tenanted': True, 'append_only': False, 'relay': ()}
    )
    op.create_index('ix_autonomy_level_change_set', 'autonomy_level', ['organisation_id', 'change_set_id'], unique=False, postgresql_where=sa.text('change_set_id IS NOT NULL'))
    op.create_index('ix_autonomy_level_kind', 'autonomy_level', ['organisation_id', 'kind', 'id'], unique=False, postgresql_include=['archived_at'])
    op.create_index('ix_autonomy_level_level', 'autonomy_level', ['organisation_id', 'level', 'id'], unique=False, postgresql_include=['archived_at'])
    op.create_index('ix_autonomy_level_unvalidated', 'autonomy_level', ['organisation_id', 'unvalidated', 'id'], unique=False, postgresql_include=['archived_at'])
    op.create_index('uq_autonomy_level_kind', 'autonomy_level', ['organisation_id', 'kind'], unique=True)
    op.create_index('uq_autonomy_level_reference', 'autonomy_level', ['organisation_id', 'reference'], unique=True)
    op.create_table('ai_proposal',
    sa.Column('organisation_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('reference', sa.Text(), nullable=False),
    sa.Column('title', sa.Text(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('level', sa.Text(), nullable=False),
    sa.Column('status', sa.Text(), nullable=False),
    sa.Column('produced', sa.Text(), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('confidence', sa.Numeric(precision=24, scale=4), nullable=True),
    sa.Column('cost', sa.Numeric(precision=24, scale=4), nullable=False),
    sa.Column('currency', sa.Text(), nullable=False),
    sa.Column('provider', sa.Text(), nullable=True),
    sa.Column('model', sa.Text(), nullable=True),
    sa.Column('evidence_hash', sa.Text(), nullable=False),
    sa.Column('decided_by_id', sa.Uuid(), nullable=True),
    sa.Column('decided_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('remark', sa.Text(), nullable=True),
    sa.Column('used_by_id', sa.Uuid(), nullable=True),
    sa.Column('used_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('unvalidated', sa.Boolean(), nullable=False),
    sa.Column('inputs', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('sources', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('about_kind', sa.Text(), nullable=True),
    sa.Column('about_id', sa.Uuid(), nullable=True),
    sa.Column('about_reference', sa.Text(), nullable=True),
    sa.Column('title_key', sa.Text(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('created_by', sa.Uuid(), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('updated_by', sa.Uuid(), nullable=False),
    sa.Column('archived_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('change_set_id', sa.Uuid(), nullable=True),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.CheckConstraint("level IN ('GREEN', 'ORANGE', 'RED')", name='ck_ai_proposal_level'),
    sa.CheckConstraint("status <> 'AUTO_APPROVED' OR level = 'GREEN'", name='ck_ai_proposal_automatic'),
    sa.CheckConstraint("status IN ('PENDING', 'APPROVED', 'REJECTED', 'MODIFIED_APPROVED', 'AUTO_APPROVED')", name='ck_ai_proposal_status'),
    sa.CheckConstraint("used_at IS NULL OR status IN ('APPROVED', 'MODIFIED_APPROVED', 'AUTO_APPROVED') OR (level = 'ORANGE' AND unvalidated)", name='ck_ai_proposal_used'),
    sa.ForeignKeyConstraint(['organisation_id', 'decided_by_id'], ['member.organisation_id', 'member.id'], name='fk_ai_proposal_decided_by_id'),
    sa.ForeignKeyConstraint(['organisation_id', 'used_by_id'], ['member.organisation_id', 'member.id'], name='fk_ai_proposal_used_by_id'),
    sa.PrimaryKeyConstraint('organisation_id', 'id', name='pk_ai_proposal'),
    info={'tenanted': True, 'append_only': False, 'relay': ()}
    )
    op.create_index('ix_ai_proposal_about', 'ai_proposal', ['organisation_id', 'about_id'], unique=False)
    op.create_index('ix_ai_proposal_change_set', 'ai_proposal', ['organisation_id', 'change_set_id'], unique=False, postgresql_where=sa.text('change_set_id IS NOT NULL'))
    op.create_index('ix_ai_proposal_decided_at', 'ai_proposal', ['organisation_id', 'decided_at', 'id'], unique=False, postgresql_include=['archived_at'])
    op.create_index('ix_ai_proposal_decided_by_id', 'ai_proposal', ['organisation_id', 'decided_by_id', 'id'], unique=False, postgresql_include=['archived_at'])
    op.create_index('ix_ai_proposal_kind', 'ai_proposal', ['organisation_id', 'kind', 'id'], unique=False, postgresql_include=['archived_at'])
    op.create_index('ix_ai_proposal_level', 'ai_proposal', ['organisation_id', 'level', 'id'], unique=False, postgresql_include=['archived_at'])
    op.create_index('ix_ai_proposal_status', 'ai_proposal', ['organisation_id', 'status', 'id'], unique=False, postgresql_include=['archived_at'])
    op.create_index('ix_ai_proposal_title_key', 'ai_proposal', ['organisation_id', 'title_key', 'id'], unique=False, postgresql_include=['archived_at'])
    op.create_index('ix_ai_proposal_unvalidated', 'ai_proposal', ['organisation_id', 'unvalidated', 'id'], unique=False, postgresql_include=['archived_at'])
    op.create_index('ix_ai_proposal_used_at', 'ai_proposal', ['organisation_id', 'used_at', 'id'], unique=False, postgresql_include=['archived_at'])
    op.create_index('ix_ai_proposal_used_by_id', 'ai_proposal', ['organisation_id', 'used_by_id', 'id'], unique=False, postgresql_include=['archived_at'])
    op.create_index('uq_ai_proposal_reference', 'ai_proposal', ['organisation_id', 'reference'], unique=True)
    op.execute('ALTER TABLE autonomy_level ENABLE ROW LEVEL SECURITY')
    op.execute('ALTER TABLE autonomy_level FORCE ROW LEVEL SECURITY')
    op.execute('DROP POLICY IF EXISTS organisation_read ON autonomy_level')
    op.execute("CREATE POLICY organisation_read ON autonomy_level FOR SELECT TO opsflux_app USING (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid))")
    op.execute('DROP POLICY IF EXISTS organisation_add ON autonomy_level')
    op.execute("CREATE POLICY organisation_add ON autonomy_level FOR INSERT TO opsflux_app WITH CHECK (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid))")
    op.execute('DROP POLICY IF EXISTS migration ON autonomy_level')
    op.execute("CREATE POLICY migration ON autonomy_level FOR ALL TO opsflux_owner USING (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid)) WITH CHECK (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid))")
    op.execute('REVOKE ALL ON autonomy_level FROM opsflux_app, opsflux_relay, PUBLIC')
    op.execute('GRANT SELECT, INSERT ON autonomy_level TO opsflux_app')
    op.execute('DROP POLICY IF EXISTS organisation_change ON autonomy_level')
    op.execute("CREATE POLICY organisation_change ON autonomy_level FOR UPDATE TO opsflux_app USING (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid)) WITH CHECK (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid))")
    op.execute('DROP POLICY IF EXISTS organisation_remove ON autonomy_level')
    op.execute("CREATE POLICY organisation_remove ON autonomy_level FOR DELETE TO opsflux_app USING (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid))")
    op.execute('GRANT UPDATE, DELETE ON autonomy_level TO opsflux_app')
    op.execute('ALTER TABLE ai_proposal ENABLE ROW LEVEL SECURITY')
    op.execute('ALTER TABLE ai_proposal FORCE ROW LEVEL SECURITY')
    op.execute('DROP POLICY IF EXISTS organisation_read ON ai_proposal')
    op.execute("CREATE POLICY organisation_read ON ai_proposal FOR SELECT TO opsflux_app USING (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid))")
    op.execute('DROP POLICY IF EXISTS organisation_add ON ai_proposal')
    op.execute("CREATE POLICY organisation_add ON ai_proposal FOR INSERT TO opsflux_app WITH CHECK (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid))")
    op.execute('DROP POLICY IF EXISTS migration ON ai_proposal')
    op.execute("CREATE POLICY migration ON ai_proposal FOR ALL TO opsflux_owner USING (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid)) WITH CHECK (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid))")
    op.execute('REVOKE ALL ON ai_proposal FROM opsflux_app, opsflux_relay, PUBLIC')
    op.execute('GRANT SELECT, INSERT ON ai_proposal TO opsflux_app')
    op.execute('DROP POLICY IF EXISTS organisation_change ON ai_proposal')
    op.execute("CREATE POLICY organisation_change ON ai_proposal FOR UPDATE TO opsflux_app USING (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid)) WITH CHECK (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid))")
    op.execute('DROP POLICY IF EXISTS organisation_remove ON ai_proposal')
    op.execute("CREATE POLICY organisation_remove ON ai_proposal FOR DELETE TO opsflux_app USING (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid))")
    op.execute('GRANT UPDATE, DELETE ON ai_proposal TO opsflux_app')


def downgrade() -> None:
    """Take it back."""
    op.drop_table('ai_proposal')
    op.drop_table('autonomy_level')
