"""answers to forms"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = 'requests_0002'
down_revision = 'requests_0001'
branch_labels = None
depends_on = 'core_0037'

KINDS = "'leave', 'travel', 'permit', 'contract', 'deployment', 'letter', 'import_change_set', 'policy_document'"
MORE = "'resource', 'decision', 'risk', 'form'"


def upgrade() -> None:
    """Bring the database forward."""
    op.add_column('requests_request', sa.Column('form', sa.Text(), nullable=True))
    op.add_column('requests_request', sa.Column('answers', postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True))
    op.add_column('requests_request', sa.Column('risk_level', sa.Text(), nullable=True))
    op.drop_constraint('ck_requests_request_kind', 'requests_request', type_='check')
    op.create_check_constraint('ck_requests_request_kind', 'requests_request', f"kind IN ({KINDS}, {MORE})")
    op.create_check_constraint('ck_requests_request_risk_level', 'requests_request', "risk_level IN ('low', 'medium', 'high', 'critical')")
    op.create_index('ix_requests_request_form', 'requests_request', ['organisation_id', 'form', 'id'], unique=False, postgresql_include=['archived_at'])
    op.create_index('ix_requests_request_risk_level', 'requests_request', ['organisation_id', 'risk_level', 'id'], unique=False, postgresql_include=['archived_at'])


def downgrade() -> None:
    """Take it back; what only a form asked for goes with its answers."""
    op.drop_index('ix_requests_request_risk_level', table_name='requests_request', postgresql_include=['archived_at'])
    op.drop_index('ix_requests_request_form', table_name='requests_request', postgresql_include=['archived_at'])
    op.drop_constraint('ck_requests_request_risk_level', 'requests_request', type_='check')
    op.drop_constraint('ck_requests_request_kind', 'requests_request', type_='check')
    op.execute(f"ALTER TABLE requests_request ADD CONSTRAINT ck_requests_request_kind CHECK (kind IN ({KINDS})) NOT VALID")  # those of other kinds may stay
    op.drop_column('requests_request', 'risk_level')
    op.drop_column('requests_request', 'answers')
    op.drop_column('requests_request', 'form')
