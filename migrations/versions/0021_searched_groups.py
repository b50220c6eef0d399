"""groups that are searched in directories"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = 'core_0021'
down_revision = 'core_0020'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the database forward."""
    op.add_column('sso_provider', sa.Column('groups_base', sa.Text(), nullable=True))
    op.add_column('sso_provider', sa.Column('groups_filter', sa.Text(), nullable=True))


def downgrade() -> None:
    """Take it back."""
    op.drop_column('sso_provider', 'groups_filter')
    op.drop_column('sso_provider', 'groups_base')
