"""tags on any record"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = 'core_0046'
down_revision = 'core_0045'
branch_labels = None
depends_on = None

MINE = "organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid)"


def upgrade() -> None:
    """Bring the database forward."""
    op.create_table('tag',
    sa.Column('organisation_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('reference', sa.Text(), nullable=False),
    sa.Column('title', sa.Text(), nullable=False),
    sa.Column('colour', sa.Text(), nullable=False),
    sa.Column('merged_into_id', sa.Uuid(), nullable=True),
    sa.Column('title_key', sa.Text(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('created_by', sa.Uuid(), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('updated_by', sa.Uuid(), nullable=False),
    sa.Column('archived_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('change_set_id', sa.Uuid(), nullable=True),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.CheckConstraint("colour IN ('plain', 'grey', 'green', 'amber', 'red')", name='ck_tag_colour'),
    sa.ForeignKeyConstraint(['organisation_id', 'merged_into_id'], ['tag.organisation_id', 'tag.id'], name='fk_tag_merged_into_id'),
    sa.PrimaryKeyConstraint('organisation_id', 'id', name='pk_tag'),
    info={'tenanted': True, 'append_only': False, 'relay': ()}
    )
    op.create_index('ix_tag_change_set', 'tag', ['organisation_id', 'change_set_id'], unique=False, postgresql_where=sa.text('change_set_id IS NOT NULL'))
    for column in ('colour', 'created_at', 'merged_into_id', 'title_key'):
        op.create_index(f'ix_tag_{column}', 'tag', ['organisation_id', column, 'id'], unique=False, postgresql_include=['archived_at'])
    op.create_index('uq_tag_reference', 'tag', ['organisation_id', 'reference'], unique=True)
    op.create_index('uq_tag_title_key', 'tag', ['organisation_id', 'title_key'], unique=True)
    op.create_table('tagging',
    sa.Column('organisation_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('tag_id', sa.Uuid(), nullable=False),
    sa.Column('resource', sa.Text(), nullable=False),
    sa.Column('record_id', sa.Uuid(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('created_by', sa.Uuid(), nullable=False),
    sa.ForeignKeyConstraint(['organisation_id', 'tag_id'], ['tag.organisation_id', 'tag.id'], name='fk_tagging_tag_id', ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('organisation_id', 'id', name='pk_tagging'),
    info={'tenanted': True, 'append_only': False, 'relay': ()}
    )
    op.create_index('ix_tagging_tag_id', 'tagging', ['organisation_id', 'tag_id', 'resource', 'record_id'], unique=False)
    op.create_index('uq_tagging', 'tagging', ['organisation_id', 'record_id', 'tag_id'], unique=True)
    for table in ('tag', 'tagging'):
        _protect(table)


def downgrade() -> None:
    """Take it back."""
    op.drop_table('tagging')
    op.drop_table('tag')


def _protect(table: str) -> None:
    """The second wall around a table: only the rows of the organisation at hand."""
    op.execute(f'ALTER TABLE {table} ENABLE ROW LEVEL SECURITY')
    op.execute(f'ALTER TABLE {table} FORCE ROW LEVEL SECURITY')
    op.execute(f'CREATE POLICY organisation_read ON {table} FOR SELECT TO opsflux_app USING ({MINE})')
    op.execute(f'CREATE POLICY organisation_add ON {table} FOR INSERT TO opsflux_app WITH CHECK ({MINE})')
    op.execute(f'CREATE POLICY migration ON {table} FOR ALL TO opsflux_owner USING ({MINE}) WITH CHECK ({MINE})')
    op.execute(f'REVOKE ALL ON {table} FROM opsflux_app, opsflux_relay, PUBLIC')
    op.execute(f'GRANT SELECT, INSERT ON {table} TO opsflux_app')
    op.execute(f'CREATE POLICY organisation_change ON {table} FOR UPDATE TO opsflux_app USING ({MINE}) WITH CHECK ({MINE})')
    op.execute(f'CREATE POLICY organisation_remove ON {table} FOR DELETE TO opsflux_app USING ({MINE})')
    op.execute(f'GRANT UPDATE, DELETE ON {table} TO opsflux_app')
