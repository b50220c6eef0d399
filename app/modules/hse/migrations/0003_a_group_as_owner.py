"""a group as owner"""

from __future__ import annotations

from alembic import op

revision = 'hse_0003'
down_revision = 'hse_0002'
branch_labels = None
depends_on = None

OWNER = 'fk_hse_corrective_action_owner_id'


def upgrade() -> None:
    """Bring the database forward."""
    op.drop_constraint(OWNER, 'hse_corrective_action', type_='foreignkey')


def downgrade() -> None:
    """Take it back."""
    op.execute(f"ALTER TABLE hse_corrective_action ADD CONSTRAINT {OWNER} FOREIGN KEY (organisation_id, owner_id) "
               "REFERENCES member (organisation_id, id) NOT VALID")  # groups that stand there already may stay
