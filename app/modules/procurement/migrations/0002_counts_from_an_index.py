"""Counts from an index; why a requisition was cancelled"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = 'procurement_0002'
down_revision = 'procurement_0001'
branch_labels = None
depends_on = None

# What lists are filtered and sorted by: counting the records in use reads the index alone.
INDEXES = {
    'procurement_supplier': ('contact_key', 'created_at', 'name_key', 'remittance_email'),
    'procurement_payment': ('amount', 'capital_or_revenue', 'category_key', 'department_id', 'paid_on', 'purpose_key', 'status', 'supplier_id', 'transaction_number_key'),
    'procurement_requisition': ('created_at', 'department_id', 'needed_by', 'site_id', 'status', 'supplier_id', 'title_key', 'total'),
    'procurement_journal_line': ('account_key', 'amount', 'department_id', 'payment_id', 'posted_on', 'supplier_id'),
}


def _lists(included: list[str]) -> None:
    for table, columns in INDEXES.items():
        for column in columns:
            op.drop_index(f'ix_{table}_{column}', table)
            op.create_index(f'ix_{table}_{column}', table, ['organisation_id', column, 'id'], postgresql_include=included)


def upgrade() -> None:
    """Bring the database forward."""
    _lists(['archived_at'])
    op.add_column('procurement_requisition', sa.Column('cancelled_for', sa.Text(), nullable=True))


def downgrade() -> None:
    """Take it back."""
    op.drop_column('procurement_requisition', 'cancelled_for')
    _lists([])
