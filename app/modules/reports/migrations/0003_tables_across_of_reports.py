"""tables across of reports"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = 'reports_0003'
down_revision = 'reports_0002'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the database forward."""
    op.add_column('reports_report', sa.Column('across', sa.Text(), nullable=True))


def downgrade() -> None:
    """Take it back."""
    op.drop_column('reports_report', 'across')
