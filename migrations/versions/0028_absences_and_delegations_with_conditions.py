"""absences and delegations with conditions"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = 'core_0028'
down_revision = 'core_0027'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the database forward."""
    op.create_table('absence',
    sa.Column('organisation_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('reference', sa.Text(), nullable=False),
    sa.Column('member_id', sa.Uuid(), nullable=False),
    sa.Column('starts_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ends_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('timezone', sa.Text(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('cover_id', sa.Uuid(), nullable=True),
    sa.Column('note', sa.Text(), nullable=True),
    sa.Column('source', sa.Text(), nullable=False),
    sa.Column('uid', sa.Text(), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('created_by', sa.Uuid(), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('updated_by', sa.Uuid(), nullable=False),
    sa.Column('archived_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('change_set_id', sa.Uuid(), nullable=True),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.CheckConstraint("kind IN ('leave', 'offshore', 'travel', 'training', 'sick', 'other')", name='ck_absence_kind'),
    sa.CheckConstraint("source IN ('person', 'ical', 'leave', 'rotation')", name='ck_absence_source'),
    sa.ForeignKeyConstraint(['organisation_id', 'cover_id'], ['member.organisation_id', 'member.id'], name='fk_absence_cover_id'),
    sa.ForeignKeyConstraint(['organisation_id', 'member_id'], ['member.organisation_id', 'member.id'], name='fk_absence_member_id'),
    sa.PrimaryKeyConstraint('organisation_id', 'id', name='pk_absence'),
    info={'tenanted': True, 'append_only': False, 'relay': ()}
    )
    op.create_index('ix_absence_change_set', 'absence', ['organisation_id', 'change_set_id'], unique=False, postgresql_where=sa.text('change_set_id IS NOT NULL'))
    op.create_index('ix_absence_cover_id', 'absence', ['organisation_id', 'cover_id', 'id'], unique=False, postgresql_include=['archived_at'])
    op.create_index('ix_absence_ends_at', 'absence', ['organisation_id', 'ends_at', 'id'], unique=False, postgresql_include=['archived_at'])
    op.create_index('ix_absence_kind', 'absence', ['organisation_id', 'kind', 'id'], unique=False, postgresql_include=['archived_at'])
    op.create_index('ix_absence_member_id', 'absence', ['organisation_id', 'member_id', 'id'], unique=False, postgresql_include=['archived_at'])
    op.create_index('ix_absence_now', 'absence', ['organisation_id', 'ends_at', 'starts_at'], unique=False)
    op.create_index('ix_absence_source', 'absence', ['organisation_id', 'source', 'id'], unique=False, postgresql_include=['archived_at'])
    op.create_index('ix_absence_starts_at', 'absence', ['organisation_id', 'starts_at', 'id'], unique=False, postgresql_include=['archived_at'])
    op.create_index('uq_absence_reference', 'absence', ['organisation_id', 'reference'], unique=True)
    op.create_index('uq_absence_uid', 'absence', ['organisation_id', 'member_id', 'uid'], unique=True, postgresql_where=sa.text('uid IS NOT NULL AND archived_at IS NULL'))
    op.add_column('approval_delegation', sa.Column('condition', sa.Text(), nullable=True))
    op.add_column('approval_delegation', sa.Column('rule', sa.Text(), nullable=True))
    op.add_column('approval_delegation', sa.Column('further', sa.Boolean(), server_default=sa.text('false'), nullable=False))
    op.add_column('approval_seat', sa.Column('further', postgresql.ARRAY(sa.Uuid()), nullable=True))
    op.execute('ALTER TABLE absence ENABLE ROW LEVEL SECURITY')
    op.execute('ALTER TABLE absence FORCE ROW LEVEL SECURITY')
    op.execute('DROP POLICY IF EXISTS organisation_read ON absence')
    op.execute("CREATE POLICY organisation_read ON absence FOR SELECT TO opsflux_app USING (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid))")
    op.execute('DROP POLICY IF EXISTS organisation_add ON absence')
    op.execute("CREATE POLICY organisation_add ON absence FOR INSERT TO opsflux_app WITH CHECK (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid))")
    op.execute('DROP POLICY IF EXISTS migration ON absence')
    op.execute("CREATE POLICY migration ON absence FOR ALL TO opsflux_owner USING (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid)) WITH CHECK (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid))")
    op.execute('REVOKE ALL ON absence FROM opsflux_app, opsflux_relay, PUBLIC')
    op.execute('GRANT SELECT, INSERT ON absence TO opsflux_app')
    op.execute('DROP POLICY IF EXISTS organisation_change ON absence')
    op.execute("CREATE POLICY organisation_change ON absence FOR UPDATE TO opsflux_app USING (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid)) WITH CHECK (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid))")
    op.execute('DROP POLICY IF EXISTS organisation_remove ON absence')
    op.execute("CREATE POLICY organisation_remove ON absence FOR DELETE TO opsflux_app USING (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid))")
    op.execute('GRANT UPDATE, DELETE ON absence TO opsflux_app')


def downgrade() -> None:
    """Take it back."""
    op.drop_column('approval_seat', 'further')
    op.drop_column('approval_delegation', 'further')
    op.drop_column('approval_delegation', 'rule')
    op.drop_column('approval_delegation', 'condition')
    op.drop_index('uq_absence_uid', table_name='absence', postgresql_where=sa.text('uid IS NOT NULL AND archived_at IS NULL'))
    op.drop_index('uq_absence_reference', table_name='absence')
    op.drop_index('ix_absence_starts_at', table_name='absence', postgresql_include=['archived_at'])
    op.drop_index('ix_absence_source', table_name='absence', postgresql_include=['archived_at'])
    op.drop_index('ix_absence_now', table_name='absence')
    op.drop_index('ix_absence_member_id', table_name='absence', postgresql_include=['archived_at'])
    op.drop_index('ix_absence_kind', table_name='absence', postgresql_include=['archived_at'])
    op.drop_index('ix_absence_ends_at', table_name='absence', postgresql_include=['archived_at'])
    op.drop_index('ix_absence_cover_id', table_name='absence', postgresql_include=['archived_at'])
    op.drop_index('ix_absence_change_set', table_name='absence', postgresql_where=sa.text('change_set_id IS NOT NULL'))
    op.drop_table('absence')
