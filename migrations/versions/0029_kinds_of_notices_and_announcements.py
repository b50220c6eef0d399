"""kinds of notices and announcements"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = 'core_0029'
down_revision = 'core_0028'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the database forward. Whether a notice was critical becomes its priority, by a change of type: row security hides no row from it."""
    op.create_table('notification_mute',
    sa.Column('organisation_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('member_id', sa.Uuid(), nullable=False),
    sa.Column('record_id', sa.Uuid(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('organisation_id', 'id', name='pk_notification_mute'),
    info={'tenanted': True, 'append_only': False, 'relay': ()}
    )
    op.create_index('uq_notification_mute_member_id_record_id', 'notification_mute', ['organisation_id', 'member_id', 'record_id'], unique=True)
    op.create_table('announcement',
    sa.Column('organisation_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('reference', sa.Text(), nullable=False),
    sa.Column('title', sa.Text(), nullable=False),
    sa.Column('body', sa.Text(), nullable=True),
    sa.Column('category', sa.Text(), nullable=False),
    sa.Column('priority', sa.Text(), nullable=False),
    sa.Column('group_id', sa.Uuid(), nullable=True),
    sa.Column('send_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('begins_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('ends_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('status', sa.Text(), nullable=False),
    sa.Column('sent_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('reached', sa.BigInteger(), nullable=False),
    sa.Column('title_key', sa.Text(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('created_by', sa.Uuid(), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('updated_by', sa.Uuid(), nullable=False),
    sa.Column('archived_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('change_set_id', sa.Uuid(), nullable=True),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.CheckConstraint("category IN ('system', 'business', 'social', 'alert')", name='ck_announcement_category'),
    sa.CheckConstraint("priority IN ('low', 'normal', 'high', 'critical')", name='ck_announcement_priority'),
    sa.CheckConstraint("status IN ('scheduled', 'sent', 'cancelled')", name='ck_announcement_status'),
    sa.ForeignKeyConstraint(['organisation_id', 'group_id'], ['member_group.organisation_id', 'member_group.id'], name='fk_announcement_group_id'),
    sa.PrimaryKeyConstraint('organisation_id', 'id', name='pk_announcement'),
    info={'tenanted': True, 'append_only': False, 'relay': ()}
    )
    op.create_index('ix_announcement_category', 'announcement', ['organisation_id', 'category', 'id'], unique=False, postgresql_include=['archived_at'])
    op.create_index('ix_announcement_change_set', 'announcement', ['organisation_id', 'change_set_id'], unique=False, postgresql_where=sa.text('change_set_id IS NOT NULL'))
    op.create_index('ix_announcement_group_id', 'announcement', ['organisation_id', 'group_id', 'id'], unique=False, postgresql_include=['archived_at'])
    op.create_index('ix_announcement_priority', 'announcement', ['organisation_id', 'priority', 'id'], unique=False, postgresql_include=['archived_at'])
    op.create_index('ix_announcement_reached', 'announcement', ['organisation_id', 'reached', 'id'], unique=False, postgresql_include=['archived_at'])
    op.create_index('ix_announcement_send_at', 'announcement', ['organisation_id', 'send_at', 'id'], unique=False, postgresql_include=['archived_at'])
    op.create_index('ix_announcement_status', 'announcement', ['organisation_id', 'status', 'id'], unique=False, postgresql_include=['archived_at'])
    op.create_index('ix_announcement_title_key', 'announcement', ['organisation_id', 'title_key', 'id'], unique=False, postgresql_include=['archived_at'])
    op.create_index('uq_announcement_reference', 'announcement', ['organisation_id', 'reference'], unique=True)
    op.add_column('notification', sa.Column('category', sa.Text(), server_default='business', nullable=False))
    op.add_column('notification', sa.Column('announcement_id', sa.Uuid(), nullable=True))
    op.create_index('ix_notification_announcement_id', 'notification', ['organisation_id', 'announcement_id'], unique=False, postgresql_where=sa.text('announcement_id IS NOT NULL'))
    op.create_foreign_key('fk_notification_announcement_id', 'notification', 'announcement', ['organisation_id', 'announcement_id'], ['organisation_id', 'id'])
    op.alter_column('notification', 'critical', new_column_name='priority')
    op.execute("ALTER TABLE notification ALTER COLUMN priority TYPE text USING CASE WHEN priority THEN 'critical' ELSE 'normal' END")
    op.create_check_constraint('ck_notification_category', 'notification', "category IN ('system', 'business', 'social', 'alert')")
    op.create_check_constraint('ck_notification_priority', 'notification', "priority IN ('low', 'normal', 'high', 'critical')")
    op.execute('ALTER TABLE notification_mute ENABLE ROW LEVEL SECURITY')
    op.execute('ALTER TABLE notification_mute FORCE ROW LEVEL SECURITY')
    op.execute('DROP POLICY IF EXISTS organisation_read ON notification_mute')
    op.execute("CREATE POLICY organisation_read ON notification_mute FOR SELECT TO opsflux_app USING (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid))")
    op.execute('DROP POLICY IF EXISTS organisation_add ON notification_mute')
    op.execute("CREATE POLICY organisation_add ON notification_mute FOR INSERT TO opsflux_app WITH CHECK (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid))")
    op.execute('DROP POLICY IF EXISTS migration ON notification_mute')
    op.execute("CREATE POLICY migration ON notification_mute FOR ALL TO opsflux_owner USING (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid)) WITH CHECK (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid))")
    op.execute('REVOKE ALL ON notification_mute FROM opsflux_app, opsflux_relay, PUBLIC')
    op.execute('GRANT SELECT, INSERT ON notification_mute TO opsflux_app')
    op.execute('DROP POLICY IF EXISTS organisation_change ON notification_mute')
    op.execute("CREATE POLICY organisation_change ON notification_mute FOR UPDATE TO opsflux_app USING (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid)) WITH CHECK (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid))")
    op.execute('DROP POLICY IF EXISTS organisation_remove ON notification_mute')
    op.execute("CREATE POLICY organisation_remove ON notification_mute FOR DELETE TO opsflux_app USING (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid))")
    op.execute('GRANT UPDATE, DELETE ON notification_mute TO opsflux_app')
    op.execute('ALTER TABLE announcement ENABLE ROW LEVEL SECURITY')
    op.execute('ALTER TABLE announcement FORCE ROW LEVEL SECURITY')
    op.execute('DROP POLICY IF EXISTS organisation_read ON announcement')
    op.execute("CREATE POLICY organisation_read ON announcement FOR SELECT TO opsflux_app USING (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid))")
    op.execute('DROP POLICY IF EXISTS organisation_add ON announcement')
    op.execute("CREATE POLICY organisation_add ON announcement FOR INSERT TO opsflux_app WITH CHECK (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid))")
    op.execute('DROP POLICY IF EXISTS migration ON announcement')
    op.execute("CREATE POLICY migration ON announcement FOR ALL TO opsflux_owner USING (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid)) WITH CHECK (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid))")
    op.execute('REVOKE ALL ON announcement FROM opsflux_app, opsflux_relay, PUBLIC')
    op.execute('GRANT SELECT, INSERT ON announcement TO opsflux_app')
    op.execute('DROP POLICY IF EXISTS organisation_change ON announcement')
    op.execute("CREATE POLICY organisation_change ON announcement FOR UPDATE TO opsflux_app USING (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid)) WITH CHECK (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid))")
    op.execute('DROP POLICY IF EXISTS organisation_remove ON announcement')
    op.execute("CREATE POLICY organisation_remove ON announcement FOR DELETE TO opsflux_app USING (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid))")
    op.execute('GRANT UPDATE, DELETE ON announcement TO opsflux_app')


def downgrade() -> None:
    """Take it back."""
    op.drop_constraint('ck_notification_priority', 'notification', type_='check')
    op.drop_constraint('ck_notification_category', 'notification', type_='check')
    op.execute("ALTER TABLE notification ALTER COLUMN priority TYPE boolean USING priority = 'critical'")
    op.alter_column('notification', 'priority', new_column_name='critical')
    op.drop_constraint('fk_notification_announcement_id', 'notification', type_='foreignkey')
    op.drop_index('ix_notification_announcement_id', table_name='notification', postgresql_where=sa.text('announcement_id IS NOT NULL'))
    op.drop_column('notification', 'announcement_id')
    op.drop_column('notification', 'category')
    op.drop_index('uq_announcement_reference', table_name='announcement')
    op.drop_index('ix_announcement_title_key', table_name='announcement', postgresql_include=['archived_at'])
    op.drop_index('ix_announcement_status', table_name='announcement', postgresql_include=['archived_at'])
    op.drop_index('ix_announcement_send_at', table_name='announcement', postgresql_include=['archived_at'])
    op.drop_index('ix_announcement_reached', table_name='announcement', postgresql_include=['archived_at'])
    op.drop_index('ix_announcement_priority', table_name='announcement', postgresql_include=['archived_at'])
    op.drop_index('ix_announcement_group_id', table_name='announcement', postgresql_include=['archived_at'])
    op.drop_index('ix_announcement_change_set', table_name='announcement', postgresql_where=sa.text('change_set_id IS NOT NULL'))
    op.drop_index('ix_announcement_category', table_name='announcement', postgresql_include=['archived_at'])
    op.drop_table('announcement')
    op.drop_index('uq_notification_mute_member_id_record_id', table_name='notification_mute')
    op.drop_table('notification_mute')
