"""key pairs for what SAML encrypts"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = 'core_0020'
down_revision = 'core_0019'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the database forward."""
    op.add_column('sso_provider', sa.Column('certificate', sa.Text(), nullable=True))
    op.add_column('sso_provider', sa.Column('sealed_pair', sa.LargeBinary(), nullable=True))


def downgrade() -> None:
    """Take it back."""
    op.drop_column('sso_provider', 'sealed_pair')
    op.drop_column('sso_provider', 'certificate')
