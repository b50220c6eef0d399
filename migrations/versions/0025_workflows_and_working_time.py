"""workflows and working time"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = 'core_0025'
down_revision = 'core_0024'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the database forward."""
    op.create_table('duty_rota',
    sa.Column('organisation_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('reference', sa.Text(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('purpose', sa.Text(), nullable=True),
    sa.Column('name_key', sa.Text(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('created_by', sa.Uuid(), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('updated_by', sa.Uuid(), nullable=False),
    sa.Column('archived_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('change_set_id', sa.Uuid(), nullable=True),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('organisation_id', 'id', name='pk_duty_rota'),
    info={'tenanted': True, 'append_only': False, 'relay': ()}
    )
    op.create_index('ix_duty_rota_change_set', 'duty_rota', ['organisation_id', 'change_set_id'], unique=False, postgresql_where=sa.text('change_set_id IS NOT NULL'))
    op.create_index('ix_duty_rota_name_key', 'duty_rota', ['organisation_id', 'name_key', 'id'], unique=False, postgresql_include=['archived_at'])
    op.create_index('uq_duty_rota_name', 'duty_rota', ['organisation_id', 'name_key'], unique=True, postgresql_where=sa.text('archived_at IS NULL'))
    op.create_index('uq_duty_rota_reference', 'duty_rota', ['organisation_id', 'reference'], unique=True)
    op.create_table('workflow',
    sa.Column('organisation_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('reference', sa.Text(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('approval', sa.Text(), nullable=False),
    sa.Column('action', sa.Text(), nullable=False),
    sa.Column('name_key', sa.Text(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('created_by', sa.Uuid(), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('updated_by', sa.Uuid(), nullable=False),
    sa.Column('archived_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('change_set_id', sa.Uuid(), nullable=True),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('organisation_id', 'id', name='pk_workflow'),
    info={'tenanted': True, 'append_only': False, 'relay': ()}
    )
    op.create_index('ix_workflow_change_set', 'workflow', ['organisation_id', 'change_set_id'], unique=False, postgresql_where=sa.text('change_set_id IS NOT NULL'))
    op.create_index('uq_workflow_approval', 'workflow', ['organisation_id', 'approval', 'action'], unique=True)
    op.create_index('uq_workflow_reference', 'workflow', ['organisation_id', 'reference'], unique=True)
    op.create_table('work_calendar',
    sa.Column('organisation_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('reference', sa.Text(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('site_id', sa.Uuid(), nullable=True),
    sa.Column('timezone', sa.Text(), nullable=False),
    sa.Column('name_key', sa.Text(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('created_by', sa.Uuid(), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('updated_by', sa.Uuid(), nullable=False),
    sa.Column('archived_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('change_set_id', sa.Uuid(), nullable=True),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['organisation_id', 'site_id'], ['site.organisation_id', 'site.id'], name='fk_work_calendar_site_id'),
    sa.PrimaryKeyConstraint('organisation_id', 'id', name='pk_work_calendar'),
    info={'tenanted': True, 'append_only': False, 'relay': ()}
    )
    op.create_index('ix_work_calendar_change_set', 'work_calendar', ['organisation_id', 'change_set_id'], unique=False, postgresql_where=sa.text('change_set_id IS NOT NULL'))
    op.create_index('ix_work_calendar_name_key', 'work_calendar', ['organisation_id', 'name_key', 'id'], unique=False, postgresql_include=['archived_at'])
    op.create_index('ix_work_calendar_site_id', 'work_calendar', ['organisation_id', 'site_id', 'id'], unique=False, postgresql_include=['archived_at'])
    op.create_index('uq_work_calendar_name', 'work_calendar', ['organisation_id', 'name_key'], unique=True, postgresql_where=sa.text('archived_at IS NULL'))
    op.create_index('uq_work_calendar_reference', 'work_calendar', ['organisation_id', 'reference'], unique=True)
    op.create_table('workflow_version',
    sa.Column('organisation_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('reference', sa.Text(), nullable=False),
    sa.Column('workflow_id', sa.Uuid(), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('origin', sa.Text(), nullable=False),
    sa.Column('stage', sa.Text(), nullable=False),
    sa.Column('graph', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('graph_hash', sa.Text(), nullable=False),
    sa.Column('note', sa.Text(), nullable=True),
    sa.Column('activated_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('created_by', sa.Uuid(), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('updated_by', sa.Uuid(), nullable=False),
    sa.Column('archived_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('change_set_id', sa.Uuid(), nullable=True),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.CheckConstraint("origin IN ('declared', 'drawn')", name='ck_workflow_version_origin'),
    sa.CheckConstraint("stage IN ('draft', 'active', 'retired')", name='ck_workflow_version_stage'),
    sa.ForeignKeyConstraint(['organisation_id', 'workflow_id'], ['workflow.organisation_id', 'workflow.id'], name='fk_workflow_version_workflow'),
    sa.PrimaryKeyConstraint('organisation_id', 'id', name='pk_workflow_version'),
    info={'tenanted': True, 'append_only': False, 'relay': ()}
    )
    op.create_index('ix_workflow_version_change_set', 'workflow_version', ['organisation_id', 'change_set_id'], unique=False, postgresql_where=sa.text('change_set_id IS NOT NULL'))
    op.create_index('uq_workflow_version_active', 'workflow_version', ['organisation_id', 'workflow_id'], unique=True, postgresql_where=sa.text("stage = 'active'"))
    op.create_index('uq_workflow_version_declared', 'workflow_version', ['organisation_id', 'workflow_id', 'graph_hash'], unique=True, postgresql_where=sa.text("origin = 'declared'"))
    op.create_index('uq_workflow_version_number', 'workflow_version', ['organisation_id', 'workflow_id', 'number'], unique=True)
    op.create_index('uq_workflow_version_reference', 'workflow_version', ['organisation_id', 'reference'], unique=True)
    op.create_table('duty_turn',
    sa.Column('organisation_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('reference', sa.Text(), nullable=False),
    sa.Column('rota_id', sa.Uuid(), nullable=False),
    sa.Column('member_id', sa.Uuid(), nullable=False),
    sa.Column('starts_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ends_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('created_by', sa.Uuid(), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('updated_by', sa.Uuid(), nullable=False),
    sa.Column('archived_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('change_set_id', sa.Uuid(), nullable=True),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['organisation_id', 'member_id'], ['member.organisation_id', 'member.id'], name='fk_duty_turn_member_id'),
    sa.ForeignKeyConstraint(['organisation_id', 'rota_id'], ['duty_rota.organisation_id', 'duty_rota.id'], name='fk_duty_turn_rota_id'),
    sa.PrimaryKeyConstraint('organisation_id', 'id', name='pk_duty_turn'),
    info={'tenanted': True, 'append_only': False, 'relay': ()}
    )
    op.create_index('ix_duty_turn_change_set', 'duty_turn', ['organisation_id', 'change_set_id'], unique=False, postgresql_where=sa.text('change_set_id IS NOT NULL'))
    op.create_index('ix_duty_turn_ends_at', 'duty_turn', ['organisation_id', 'ends_at', 'id'], unique=False, postgresql_include=['archived_at'])
    op.create_index('ix_duty_turn_member_id', 'duty_turn', ['organisation_id', 'member_id', 'id'], unique=False, postgresql_include=['archived_at'])
    op.create_index('ix_duty_turn_now', 'duty_turn', ['organisation_id', 'rota_id', 'ends_at', 'starts_at'], unique=False)
    op.create_index('ix_duty_turn_rota_id', 'duty_turn', ['organisation_id', 'rota_id', 'id'], unique=False, postgresql_include=['archived_at'])
    op.create_index('ix_duty_turn_starts_at', 'duty_turn', ['organisation_id', 'starts_at', 'id'], unique=False, postgresql_include=['archived_at'])
    op.create_index('uq_duty_turn_reference', 'duty_turn', ['organisation_id', 'reference'], unique=True)
    op.create_table('holiday',
    sa.Column('organisation_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('reference', sa.Text(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('starts_on', sa.Date(), nullable=False),
    sa.Column('ends_on', sa.Date(), nullable=True),
    sa.Column('calendar_id', sa.Uuid(), nullable=True),
    sa.Column('name_key', sa.Text(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('created_by', sa.Uuid(), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('updated_by', sa.Uuid(), nullable=False),
    sa.Column('archived_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('change_set_id', sa.Uuid(), nullable=True),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['organisation_id', 'calendar_id'], ['work_calendar.organisation_id', 'work_calendar.id'], name='fk_holiday_calendar_id'),
    sa.PrimaryKeyConstraint('organisation_id', 'id', name='pk_holiday'),
    info={'tenanted': True, 'append_only': False, 'relay': ()}
    )
    op.create_index('ix_holiday_calendar_id', 'holiday', ['organisation_id', 'calendar_id', 'id'], unique=False, postgresql_include=['archived_at'])
    op.create_index('ix_holiday_change_set', 'holiday', ['organisation_id', 'change_set_id'], unique=False, postgresql_where=sa.text('change_set_id IS NOT NULL'))
    op.create_index('ix_holiday_ends_on', 'holiday', ['organisation_id', 'ends_on', 'id'], unique=False, postgresql_include=['archived_at'])
    op.create_index('ix_holiday_name_key', 'holiday', ['organisation_id', 'name_key', 'id'], unique=False, postgresql_include=['archived_at'])
    op.create_index('ix_holiday_starts_on', 'holiday', ['organisation_id', 'starts_on', 'id'], unique=False, postgresql_include=['archived_at'])
    op.create_index('uq_holiday_reference', 'holiday', ['organisation_id', 'reference'], unique=True)
    op.create_table('work_shift',
    sa.Column('organisation_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('calendar_id', sa.Uuid(), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('weekday', sa.Text(), nullable=False),
    sa.Column('opens', sa.Text(), nullable=False),
    sa.Column('closes', sa.Text(), nullable=False),
    sa.CheckConstraint("weekday IN ('1', '2', '3', '4', '5', '6', '7')", name='ck_work_shift_weekday'),
    sa.ForeignKeyConstraint(['organisation_id', 'calendar_id'], ['work_calendar.organisation_id', 'work_calendar.id'], name='fk_work_shift_calendar_id'),
    sa.PrimaryKeyConstraint('organisation_id', 'id', name='pk_work_shift'),
    info={'tenanted': True, 'append_only': False, 'relay': ()}
    )
    op.create_index('ix_work_shift_calendar_id', 'work_shift', ['organisation_id', 'calendar_id', 'id'], unique=False, postgresql_include=[])
    op.execute('ALTER TABLE duty_rota ENABLE ROW LEVEL SECURITY')
    op.execute('ALTER TABLE duty_rota FORCE ROW LEVEL SECURITY')
    op.execute('DROP POLICY IF EXISTS organisation_read ON duty_rota')
    op.execute("CREATE POLICY organisation_read ON duty_rota FOR SELECT TO opsflux_app USING (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid))")
    op.execute('DROP POLICY IF EXISTS organisation_add ON duty_rota')
    op.execute("CREATE POLICY organisation_add ON duty_rota FOR INSERT TO opsflux_app WITH CHECK (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid))")
    op.execute('DROP POLICY IF EXISTS migration ON duty_rota')
    op.execute("CREATE POLICY migration ON duty_rota FOR ALL TO opsflux_owner USING (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid)) WITH CHECK (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid))")
    op.execute('REVOKE ALL ON duty_rota FROM opsflux_app, opsflux_relay, PUBLIC')
    op.execute('GRANT SELECT, INSERT ON duty_rota TO opsflux_app')
    op.execute('DROP POLICY IF EXISTS organisation_change ON duty_rota')
    op.execute("CREATE POLICY organisation_change ON duty_rota FOR UPDATE TO opsflux_app USING (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid)) WITH CHECK (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid))")
    op.execute('DROP POLICY IF EXISTS organisation_remove ON duty_rota')
    op.execute("CREATE POLICY organisation_remove ON duty_rota FOR DELETE TO opsflux_app USING (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid))")
    op.execute('GRANT UPDATE, DELETE ON duty_rota TO opsflux_app')
    op.execute('ALTER TABLE workflow ENABLE ROW LEVEL SECURITY')
    op.execute('ALTER TABLE workflow FORCE ROW LEVEL SECURITY')
    op.execute('DROP POLICY IF EXISTS organisation_read ON workflow')
    op.execute("CREATE POLICY organisation_read ON workflow FOR SELECT TO opsflux_app USING (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid))")
    op.execute('DROP POLICY IF EXISTS organisation_add ON workflow')
    op.execute("CREATE POLICY organisation_add ON workflow FOR INSERT TO opsflux_app WITH CHECK (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid))")
    op.execute('DROP POLICY IF EXISTS migration ON workflow')
    op.execute("CREATE POLICY migration ON workflow FOR ALL TO opsflux_owner USING (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid)) WITH CHECK (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid))")
    op.execute('REVOKE ALL ON workflow FROM opsflux_app, opsflux_relay, PUBLIC')
    op.execute('GRANT SELECT, INSERT ON workflow TO opsflux_app')
    op.execute('DROP POLICY IF EXISTS organisation_change ON workflow')
    op.execute("CREATE POLICY organisation_change ON workflow FOR UPDATE TO opsflux_app USING (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid)) WITH CHECK (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid))")
    op.execute('DROP POLICY IF EXISTS organisation_remove ON workflow')
    op.execute("CREATE POLICY organisation_remove ON workflow FOR DELETE TO opsflux_app USING (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid))")
    op.execute('GRANT UPDATE, DELETE ON workflow TO opsflux_app')
    op.execute('ALTER TABLE work_calendar ENABLE ROW LEVEL SECURITY')
    op.execute('ALTER TABLE work_calendar FORCE ROW LEVEL SECURITY')
    op.execute('DROP POLICY IF EXISTS organisation_read ON work_calendar')
    op.execute("CREATE POLICY organisation_read ON work_calendar FOR SELECT TO opsflux_app USING (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid))")
    op.execute('DROP POLICY IF EXISTS organisation_add ON work_calendar')
    op.execute("CREATE POLICY organisation_add ON work_calendar FOR INSERT TO opsflux_app WITH CHECK (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid))")
    op.execute('DROP POLICY IF EXISTS migration ON work_calendar')
    op.execute("CREATE POLICY migration ON work_calendar FOR ALL TO opsflux_owner USING (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid)) WITH CHECK (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid))")
    op.execute('REVOKE ALL ON work_calendar FROM opsflux_app, opsflux_relay, PUBLIC')
    op.execute('GRANT SELECT, INSERT ON work_calendar TO opsflux_app')
    op.execute('DROP POLICY IF EXISTS organisation_change ON work_calendar')
    op.execute("CREATE POLICY organisation_change ON work_calendar FOR UPDATE TO opsflux_app USING (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid)) WITH CHECK (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid))")
    op.execute('DROP POLICY IF EXISTS organisation_remove ON work_calendar')
    op.execute("CREATE POLICY organisation_remove ON work_calendar FOR DELETE TO opsflux_app USING (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid))")
    op.execute('GRANT UPDATE, DELETE ON work_calendar TO opsflux_app')
    op.execute('ALTER TABLE workflow_version ENABLE ROW LEVEL SECURITY')
    op.execute('ALTER TABLE workflow_version FORCE ROW LEVEL SECURITY')
    op.execute('DROP POLICY IF EXISTS organisation_read ON workflow_version')
    op.execute("CREATE POLICY organisation_read ON workflow_version FOR SELECT TO opsflux_app USING (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid))")
    op.execute('DROP POLICY IF EXISTS organisation_add ON workflow_version')
    op.execute("CREATE POLICY organisation_add ON workflow_version FOR INSERT TO opsflux_app WITH CHECK (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid))")
    op.execute('DROP POLICY IF EXISTS migration ON workflow_version')
    op.execute("CREATE POLICY migration ON workflow_version FOR ALL TO opsflux_owner USING (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid)) WITH CHECK (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid))")
    op.execute('REVOKE ALL ON workflow_version FROM opsflux_app, opsflux_relay, PUBLIC')
    op.execute('GRANT SELECT, INSERT ON workflow_version TO opsflux_app')
    op.execute('DROP POLICY IF EXISTS organisation_change ON workflow_version')
    op.execute("CREATE POLICY organisation_change ON workflow_version FOR UPDATE TO opsflux_app USING (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid)) WITH CHECK (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid))")
    op.execute('DROP POLICY IF EXISTS organisation_remove ON workflow_version')
    op.execute("CREATE POLICY organisation_remove ON workflow_version FOR DELETE TO opsflux_app USING (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid))")
    op.execute('GRANT UPDATE, DELETE ON workflow_version TO opsflux_app')
    op.execute('ALTER TABLE duty_turn ENABLE ROW LEVEL SECURITY')
    op.execute('ALTER TABLE duty_turn FORCE ROW LEVEL SECURITY')
    op.execute('DROP POLICY IF EXISTS organisation_read ON duty_turn')
    op.execute("CREATE POLICY organisation_read ON duty_turn FOR SELECT TO opsflux_app USING (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid))")
    op.execute('DROP POLICY IF EXISTS organisation_add ON duty_turn')
    op.execute("CREATE POLICY organisation_add ON duty_turn FOR INSERT TO opsflux_app WITH CHECK (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid))")
    op.execute('DROP POLICY IF EXISTS migration ON duty_turn')
    op.execute("CREATE POLICY migration ON duty_turn FOR ALL TO opsflux_owner USING (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid)) WITH CHECK (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid))")
    op.execute('REVOKE ALL ON duty_turn FROM opsflux_app, opsflux_relay, PUBLIC')
    op.execute('GRANT SELECT, INSERT ON duty_turn TO opsflux_app')
    op.execute('DROP POLICY IF EXISTS organisation_change ON duty_turn')
    op.execute("CREATE POLICY organisation_change ON duty_turn FOR UPDATE TO opsflux_app USING (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid)) WITH CHECK (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid))")
    op.execute('DROP POLICY IF EXISTS organisation_remove ON duty_turn')
    op.execute("CREATE POLICY organisation_remove ON duty_turn FOR DELETE TO opsflux_app USING (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid))")
    op.execute('GRANT UPDATE, DELETE ON duty_turn TO opsflux_app')
    op.execute('ALTER TABLE holiday ENABLE ROW LEVEL SECURITY')
    op.execute('ALTER TABLE holiday FORCE ROW LEVEL SECURITY')
    op.execute('DROP POLICY IF EXISTS organisation_read ON holiday')
    op.execute("CREATE POLICY organisation_read ON holiday FOR SELECT TO opsflux_app USING (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid))")
    op.execute('DROP POLICY IF EXISTS organisation_add ON holiday')
    op.execute("CREATE POLICY organisation_add ON holiday FOR INSERT TO opsflux_app WITH CHECK (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid))")
    op.execute('DROP POLICY IF EXISTS migration ON holiday')
    op.execute("CREATE POLICY migration ON holiday FOR ALL TO opsflux_owner USING (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid)) WITH CHECK (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid))")
    op.execute('REVOKE ALL ON holiday FROM opsflux_app, opsflux_relay, PUBLIC')
    op.execute('GRANT SELECT, INSERT ON holiday TO opsflux_app')
    op.execute('DROP POLICY IF EXISTS organisation_change ON holiday')
    op.execute("CREATE POLICY organisation_change ON holiday FOR UPDATE TO opsflux_app USING (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid)) WITH CHECK (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid))")
    op.execute('DROP POLICY IF EXISTS organisation_remove ON holiday')
    op.execute("CREATE POLICY organisation_remove ON holiday FOR DELETE TO opsflux_app USING (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid))")
    op.execute('GRANT UPDATE, DELETE ON holiday TO opsflux_app')
    op.execute('ALTER TABLE work_shift ENABLE ROW LEVEL SECURITY')
    op.execute('ALTER TABLE work_shift FORCE ROW LEVEL SECURITY')
    op.execute('DROP POLICY IF EXISTS organisation_read ON work_shift')
    op.execute("CREATE POLICY organisation_read ON work_shift FOR SELECT TO opsflux_app USING (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid))")
    op.execute('DROP POLICY IF EXISTS organisation_add ON work_shift')
    op.execute("CREATE POLICY organisation_add ON work_shift FOR INSERT TO opsflux_app WITH CHECK (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid))")
    op.execute('DROP POLICY IF EXISTS migration ON work_shift')
    op.execute("CREATE POLICY migration ON work_shift FOR ALL TO opsflux_owner USING (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid)) WITH CHECK (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid))")
    op.execute('REVOKE ALL ON work_shift FROM opsflux_app, opsflux_relay, PUBLIC')
    op.execute('GRANT SELECT, INSERT ON work_shift TO opsflux_app')
    op.execute('DROP POLICY IF EXISTS organisation_change ON work_shift')
    op.execute("CREATE POLICY organisation_change ON work_shift FOR UPDATE TO opsflux_app USING (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid)) WITH CHECK (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid))")
    op.execute('DROP POLICY IF EXISTS organisation_remove ON work_shift')
    op.execute("CREATE POLICY organisation_remove ON work_shift FOR DELETE TO opsflux_app USING (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid))")
    op.execute('GRANT UPDATE, DELETE ON work_shift TO opsflux_app')


def downgrade() -> None:
    """Take it back."""
    op.drop_index('ix_work_shift_calendar_id', table_name='work_shift', postgresql_include=[])
    op.drop_table('work_shift')
    op.drop_index('uq_holiday_reference', table_name='holiday')
    op.drop_index('ix_holiday_starts_on', table_name='holiday', postgresql_include=['archived_at'])
    op.drop_index('ix_holiday_name_key', table_name='holiday', postgresql_include=['archived_at'])
    op.drop_index('ix_holiday_ends_on', table_name='holiday', postgresql_include=['archived_at'])
    op.drop_index('ix_holiday_change_set', table_name='holiday', postgresql_where=sa.text('change_set_id IS NOT NULL'))
    op.drop_index('ix_holiday_calendar_id', table_name='holiday', postgresql_include=['archived_at'])
    op.drop_table('holiday')
    op.drop_index('uq_duty_turn_reference', table_name='duty_turn')
    op.drop_index('ix_duty_turn_starts_at', table_name='duty_turn', postgresql_include=['archived_at'])
    op.drop_index('ix_duty_turn_rota_id', table_name='duty_turn', postgresql_include=['archived_at'])
    op.drop_index('ix_duty_turn_now', table_name='duty_turn')
    op.drop_index('ix_duty_turn_member_id', table_name='duty_turn', postgresql_include=['archived_at'])
    op.drop_index('ix_duty_turn_ends_at', table_name='duty_turn', postgresql_include=['archived_at'])
    op.drop_index('ix_duty_turn_change_set', table_name='duty_turn', postgresql_where=sa.text('change_set_id IS NOT NULL'))
    op.drop_table('duty_turn')
    op.drop_index('uq_workflow_version_reference', table_name='workflow_version')
    op.drop_index('uq_workflow_version_number', table_name='workflow_version')
    op.drop_index('uq_workflow_version_declared', table_name='workflow_version', postgresql_where=sa.text("origin = 'declared'"))
    op.drop_index('uq_workflow_version_active', table_name='workflow_version', postgresql_where=sa.text("stage = 'active'"))
    op.drop_index('ix_workflow_version_change_set', table_name='workflow_version', postgresql_where=sa.text('change_set_id IS NOT NULL'))
    op.drop_table('workflow_version')
    op.drop_index('uq_work_calendar_reference', table_name='work_calendar')
    op.drop_index('uq_work_calendar_name', table_name='work_calendar', postgresql_where=sa.text('archived_at IS NULL'))
    op.drop_index('ix_work_calendar_site_id', table_name='work_calendar', postgresql_include=['archived_at'])
    op.drop_index('ix_work_calendar_name_key', table_name='work_calendar', postgresql_include=['archived_at'])
    op.drop_index('ix_work_calendar_change_set', table_name='work_calendar', postgresql_where=sa.text('change_set_id IS NOT NULL'))
    op.drop_table('work_calendar')
    op.drop_index('uq_workflow_reference', table_name='workflow')
    op.drop_index('uq_workflow_approval', table_name='workflow')
    op.drop_index('ix_workflow_change_set', table_name='workflow', postgresql_where=sa.text('change_set_id IS NOT NULL'))
    op.drop_table('workflow')
    op.drop_index('uq_duty_rota_reference', table_name='duty_rota')
    op.drop_index('uq_duty_rota_name', table_name='duty_rota', postgresql_where=sa.text('archived_at IS NULL'))
    op.drop_index('ix_duty_rota_name_key', table_name='duty_rota', postgresql_include=['archived_at'])
    op.drop_index('ix_duty_rota_change_set', table_name='duty_rota', postgresql_where=sa.text('change_set_id IS NOT NULL'))
    op.drop_table('duty_rota')
