"""Counts from an index"""

from __future__ import annotations

from alembic import op

revision = 'hse_0002'
down_revision = 'hse_0001'
branch_labels = None
depends_on = None

# What lists are filtered and sorted by: counting the records in use reads the index alone.
INDEXES = {
    'hse_incident': ('actual_risk', 'counted_as', 'department_id', 'kind', 'occurred_at', 'potential_risk', 'site_id', 'status', 'title_key'),
    'hse_corrective_action': ('due_on', 'incident_id', 'owner_id', 'state', 'title_key'),
}


def _lists(included: list[str]) -> None:
    for table, columns in INDEXES.items():
        for column in columns:
            op.drop_index(f'ix_{table}_{column}', table)
            op.create_index(f'ix_{table}_{column}', table, ['organisation_id', column, 'id'], postgresql_include=included)


def upgrade() -> None:
    """Bring the database forward."""
    _lists(['archived_at'])


def downgrade() -> None:
    """Take it back."""
    _lists([])
