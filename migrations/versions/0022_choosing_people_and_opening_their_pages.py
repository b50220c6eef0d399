"""choosing people needs less than opening their pages; a group may belong to a department"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = 'core_0022'
down_revision = 'core_0021'
branch_labels = None
depends_on = None

THEIRS = ("people.member.view", "people.invitation.view", "people.group.view")


def upgrade() -> None:
    """Bring the database forward."""
    op.add_column('member_group', sa.Column('department_id', sa.Uuid(), nullable=True))
    op.create_foreign_key('fk_member_group_department_id', 'member_group', 'department',
                          ['organisation_id', 'department_id'], ['organisation_id', 'id'])
    op.create_index('ix_member_group_department_id', 'member_group', ['organisation_id', 'department_id', 'id'], unique=False,
                    postgresql_include=['archived_at'])
    _walls('NO FORCE')
    _swap("people.*.view", "people.*.choose")
    for pattern in THEIRS:
        op.execute("INSERT INTO role_grant (organisation_id, id, role_id, pattern, scope) "
                   f"SELECT r.organisation_id, gen_random_uuid(), r.id, '{pattern}', 'department' FROM role r "
                   "WHERE r.system AND r.key = 'manager' ON CONFLICT DO NOTHING")
    _walls('FORCE')


def downgrade() -> None:
    """Take it back."""
    _walls('NO FORCE')
    for pattern in THEIRS:
        op.execute("DELETE FROM role_grant g USING role r WHERE r.organisation_id = g.organisation_id AND r.id = g.role_id "
                   f"AND r.system AND r.key = 'manager' AND g.pattern = '{pattern}' AND g.scope = 'department'")
    _swap("people.*.choose", "people.*.view")
    _walls('FORCE')
    op.drop_index('ix_member_group_department_id', table_name='member_group', postgresql_include=['archived_at'])
    op.drop_constraint('fk_member_group_department_id', 'member_group', type_='foreignkey')
    op.drop_column('member_group', 'department_id')


def _walls(forced: str) -> None:
    """Let the owner of the tables see the roles of all organisations, who sees one organisation's alone while row security is forced."""
    for table in ('role', 'role_grant'):
        op.execute(f'ALTER TABLE {table} {forced} ROW LEVEL SECURITY')


def _swap(former: str, pattern: str) -> None:
    op.execute("DELETE FROM role_grant g USING role r, role_grant has WHERE r.organisation_id = g.organisation_id AND r.id = g.role_id "
               "AND r.system AND r.key = 'member' AND has.organisation_id = g.organisation_id AND has.role_id = g.role_id "
               f"AND g.pattern = '{former}' AND has.pattern = '{pattern}' AND has.scope = g.scope AND g.condition IS NULL")
    op.execute(f"UPDATE role_grant g SET pattern = '{pattern}' FROM role r WHERE r.organisation_id = g.organisation_id "
               f"AND r.id = g.role_id AND r.system AND r.key = 'member' AND g.pattern = '{former}' AND g.condition IS NULL")
