"""How often the API is asked, and what came with the key of a call"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = 'core_0039'
down_revision = 'core_0038'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the database forward."""
    op.create_table('api_usage',
    sa.Column('organisation_id', sa.Uuid(), nullable=False),
    sa.Column('minute', sa.DateTime(timezone=True), nullable=False),
    sa.Column('endpoint', sa.Text(), nullable=False),
    sa.Column('consumer_id', sa.Uuid(), nullable=False),
    sa.Column('by_token', sa.Boolean(), nullable=False),
    sa.Column('status', sa.Integer(), nullable=False),
    sa.Column('calls', sa.Integer(), nullable=False),
    sa.Column('milliseconds', sa.BigInteger(), nullable=False),
    sa.Column('spread', postgresql.ARRAY(sa.Integer()), nullable=False),
    sa.PrimaryKeyConstraint('organisation_id', 'minute', 'endpoint', 'consumer_id', 'status', name='pk_api_usage'),
    info={'tenanted': True}
    )
    op.add_column('used_key', sa.Column('content', sa.Text(), server_default='', nullable=False))
    op.execute('ALTER TABLE api_usage ENABLE ROW LEVEL SECURITY')
    op.execute('ALTER TABLE api_usage FORCE ROW LEVEL SECURITY')
    op.execute('DROP POLICY IF EXISTS organisation_read ON api_usage')
    op.execute("CREATE POLICY organisation_read ON api_usage FOR SELECT TO opsflux_app USING (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid))")
    op.execute('DROP POLICY IF EXISTS organisation_add ON api_usage')
    op.execute("CREATE POLICY organisation_add ON api_usage FOR INSERT TO opsflux_app WITH CHECK (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid))")
    op.execute('DROP POLICY IF EXISTS migration ON api_usage')
    op.execute("CREATE POLICY migration ON api_usage FOR ALL TO opsflux_owner USING (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid)) WITH CHECK (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid))")
    op.execute('REVOKE ALL ON api_usage FROM opsflux_app, opsflux_relay, PUBLIC')
    op.execute('GRANT SELECT, INSERT ON api_usage TO opsflux_app')
    op.execute('DROP POLICY IF EXISTS organisation_change ON api_usage')
    op.execute("CREATE POLICY organisation_change ON api_usage FOR UPDATE TO opsflux_app USING (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid)) WITH CHECK (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid))")
    op.execute('DROP POLICY IF EXISTS organisation_remove ON api_usage')
    op.execute("CREATE POLICY organisation_remove ON api_usage FOR DELETE TO opsflux_app USING (organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid))")
    op.execute('GRANT UPDATE, DELETE ON api_usage TO opsflux_app')


def downgrade() -> None:
    """Take it back."""
    op.drop_column('used_key', 'content')
    op.drop_table('api_usage')
