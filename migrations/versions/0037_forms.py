"""forms"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = 'core_0037'
down_revision = 'core_0036'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the database forward."""
    op.create_table('form_definition',
    sa.Column('organisation_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('reference', sa.Text(), nullable=False),
    sa.Column('title', sa.Text(), nullable=False),
    sa.Column('code', sa.Text(), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('stage', sa.Text(), nullable=False),
    sa.Column('definition', sa.Text(), nullable=False),
    sa.Column('activated_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('title_key', sa.Text(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('created_by', sa.Uuid(), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('updated_by', sa.Uuid(), nullable=False),
    sa.Column('archived_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('change_set_id', sa.Uuid(), nullable=True),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.CheckConstraint("stage IN ('draft', 'active', 'retired')", name='ck_form_definition_stage'),
    sa.PrimaryKeyConstraint('organisation_id', 'id', name='pk_form_definition'),
    info={'tenanted': True, 'append_only': False, 'relay': ()}
    )
    op.create_index('ix_form_definition_activated_at', 'form_definition', ['organisation_id', 'activated_at', 'id'], unique=False, postgresql_include=['archived_at'])
    op.create_index('ix_form_definition_change_set', 'form_definition', ['organisation_id', 'change_set_id'], unique=False, postgresql_where=sa.text('change_set_id IS NOT NULL'))
    op.create_index('ix_form_definition_number', 'form_definition', ['organisation_id', 'number', 'id'], unique=False, postgresql_include=['archived_at'])
    op.create_index('ix_form_definition_stage', 'form_definition', ['organisation_id', 'stage', 'id'], unique=False, postgresql_include=['archived_at'])
    op.create_index('ix_form_definition_title_key', 'form_definition', ['organisation_id', 'title_key', 'id'], unique=False, postgresql_include=['archived_at'])
    op.create_index('uq_form_definition_active', 'form_definition', ['organisation_id', 'stage', 'code'], unique=True, postgresql_where=sa.text("stage = 'active'"))
    op.create_index('uq_form_definition_number', 'form_definition', ['organisation_id', 'code', 'number'], unique=True)
    op.create_index('uq_form_definition_reference', 'form_definition', ['organisation_id', 'reference'], unique=True)
    op.execute('ALTER TABLE form_definition ENABLE ROW LEVEL SECURITY')
    op.execute('ALTER TABLE form_definition FORCE ROW LEVEL SECURITY')
    op.execute('DROP POLICY IF EXISTS organisation_read ON form_definition')
    op.execute("CREATE POLICY organisation_read ON form_definition FOR SELECT TO opsflux_app USING (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid))")
    op.execute('DROP POLICY IF EXISTS organisation_add ON form_definition')
    op.execute("CREATE POLICY organisation_add ON form_definition FOR INSERT TO opsflux_app WITH CHECK (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid))")
    op.execute('DROP POLICY IF EXISTS migration ON form_definition')
    op.execute("CREATE POLICY migration ON form_definition FOR ALL TO opsflux_owner USING (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid)) WITH CHECK (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid))")
    op.execute('REVOKE ALL ON form_definition FROM opsflux_app, opsflux_relay, PUBLIC')
    op.execute('GRANT SELECT, INSERT ON form_definition TO opsflux_app')
    op.execute('DROP POLICY IF EXISTS organisation_change ON form_definition')
    op.execute("CREATE POLICY organisation_change ON form_definition FOR UPDATE TO opsflux_app USING (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid)) WITH CHECK (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid))")
    op.execute('DROP POLICY IF EXISTS organisation_remove ON form_definition')
    op.execute("CREATE POLICY organisation_remove ON form_definition FOR DELETE TO opsflux_app USING (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid))")
    op.execute('GRANT UPDATE, DELETE ON form_definition TO opsflux_app')


def downgrade() -> None:
    """Take it back."""
    op.drop_table('form_definition')
