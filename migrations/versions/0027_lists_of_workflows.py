"""lists of workflows"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = 'core_0027'
down_revision = 'core_0026'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the database forward."""
    op.drop_index('uq_workflow_version_active', table_name='workflow_version', postgresql_where=sa.text("stage = 'active'"))
    op.create_index('uq_workflow_version_active', 'workflow_version', ['organisation_id', 'stage', 'workflow_id'], unique=True,
                    postgresql_where=sa.text("stage = 'active'"))
    op.create_index('ix_workflow_name_key', 'workflow', ['organisation_id', 'name_key', 'id'], unique=False, postgresql_include=['archived_at'])
    op.create_index('ix_workflow_version_activated_at', 'workflow_version', ['organisation_id', 'activated_at', 'id'], unique=False, postgresql_include=['archived_at'])
    op.create_index('ix_workflow_version_number', 'workflow_version', ['organisation_id', 'number', 'id'], unique=False, postgresql_include=['archived_at'])
    op.create_index('ix_workflow_version_origin', 'workflow_version', ['organisation_id', 'origin', 'id'], unique=False, postgresql_include=['archived_at'])
    op.create_index('ix_workflow_version_stage', 'workflow_version', ['organisation_id', 'stage', 'id'], unique=False, postgresql_include=['archived_at'])
    op.create_index('ix_workflow_version_workflow_id', 'workflow_version', ['organisation_id', 'workflow_id', 'id'], unique=False, postgresql_include=['archived_at'])


def downgrade() -> None:
    """Take it back."""
    op.drop_index('uq_workflow_version_active', table_name='workflow_version', postgresql_where=sa.text("stage = 'active'"))
    op.create_index('uq_workflow_version_active', 'workflow_version', ['organisation_id', 'workflow_id'], unique=True,
                    postgresql_where=sa.text("stage = 'active'"))
    op.drop_index('ix_workflow_version_workflow_id', table_name='workflow_version', postgresql_include=['archived_at'])
    op.drop_index('ix_workflow_version_stage', table_name='workflow_version', postgresql_include=['archived_at'])
    op.drop_index('ix_workflow_version_origin', table_name='workflow_version', postgresql_include=['archived_at'])
    op.drop_index('ix_workflow_version_number', table_name='workflow_version', postgresql_include=['archived_at'])
    op.drop_index('ix_workflow_version_activated_at', table_name='workflow_version', postgresql_include=['archived_at'])
    op.drop_index('ix_workflow_name_key', table_name='workflow', postgresql_include=['archived_at'])
