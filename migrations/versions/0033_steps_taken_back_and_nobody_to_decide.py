"""steps of a draft taken back, requests moved to another version, and requests that nobody can decide"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = 'core_0033'
down_revision = 'core_0032'
branch_labels = None
depends_on = None

VERBS = ('approve', 'return', 'reject', 'ask', 'answer', 'delegate', 'snooze', 'comment', 'escalate', 'undo', 'request', 'void', 'withdraw',
         'effect')


def upgrade() -> None:
    """Bring the database forward."""
    op.add_column('workflow_version', sa.Column('past', postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'"), nullable=False))
    op.add_column('approval_request', sa.Column('nobody_since', sa.DateTime(timezone=True), nullable=True))
    op.create_index('ix_approval_request_nobody', 'approval_request', ['organisation_id', 'state', 'nobody_since', 'id'], unique=False,
                    postgresql_where=sa.text('nobody_since IS NOT NULL'))
    _verbs((*VERBS, 'move'))


def downgrade() -> None:
    """Take it back: that a request was moved stays in its story, as a comment."""
    for table, column in (('approval_request', 'last_verb'), ('approval_decision', 'verb')):
        op.execute(f'ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY')  # the owner of the tables sees the rows of all organisations
        op.execute(f"UPDATE {table} SET {column} = 'comment' WHERE {column} = 'move'")
        op.execute(f'ALTER TABLE {table} FORCE ROW LEVEL SECURITY')
    _verbs(VERBS)
    op.drop_index('ix_approval_request_nobody', table_name='approval_request', postgresql_where=sa.text('nobody_since IS NOT NULL'))
    op.drop_column('approval_request', 'nobody_since')
    op.drop_column('workflow_version', 'past')


def _verbs(known: tuple[str, ...]) -> None:
    """What can happen to a request."""
    for table, column in (('approval_request', 'last_verb'), ('approval_decision', 'verb')):
        name, listed = f'ck_{table}_{column}', ', '.join(f"'{each}'" for each in known)
        op.drop_constraint(name, table, type_='check')
        op.create_check_constraint(name, table, f'{column} IN ({listed})')
