"""requests on graphs"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = 'core_0026'
down_revision = 'core_0025'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the database forward. A request from before has no version: it is read as the declared graph, at its level."""
    op.add_column('approval_request', sa.Column('version_id', sa.Uuid(), nullable=True))
    op.add_column('approval_request', sa.Column('standing', postgresql.JSONB(astext_type=sa.Text()), server_default='{}', nullable=False))
    op.alter_column('approval_request', 'standing', server_default=None)
    op.alter_column('approval_request', 'escalate_at', existing_type=sa.DateTime(timezone=True), nullable=True)


def downgrade() -> None:
    """Take it back."""
    op.execute('ALTER TABLE approval_request NO FORCE ROW LEVEL SECURITY')
    op.execute("UPDATE approval_request SET escalate_at = due_at WHERE escalate_at IS NULL")
    op.execute('ALTER TABLE approval_request FORCE ROW LEVEL SECURITY')
    op.alter_column('approval_request', 'escalate_at', existing_type=sa.DateTime(timezone=True), nullable=False)
    op.drop_column('approval_request', 'standing')
    op.drop_column('approval_request', 'version_id')
