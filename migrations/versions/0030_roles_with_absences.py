"""roles with absences"""

from __future__ import annotations

from alembic import op

revision = 'core_0030'
down_revision = 'core_0029'
branch_labels = None
depends_on = None

GIVEN = (("member", "calendar.absence.view", "own"), ("member", "calendar.absence.create", "own"), ("member", "calendar.absence.edit", "own"),
         ("member", "calendar.absence.archive", "own"), ("manager", "approvals.queue.oversee", "company"))


def upgrade() -> None:
    """Bring the database forward: organisations that exist already give what new ones do."""
    _walls('NO FORCE')
    for role, pattern, scope in GIVEN:
        op.execute("INSERT INTO role_grant (organisation_id, id, role_id, pattern, scope) "
                   f"SELECT r.organisation_id, gen_random_uuid(), r.id, '{pattern}', '{scope}' FROM role r "
                   f"WHERE r.system AND r.key = '{role}' ON CONFLICT DO NOTHING")
    _walls('FORCE')


def downgrade() -> None:
    """Take it back."""
    _walls('NO FORCE')
    for role, pattern, scope in GIVEN:
        op.execute("DELETE FROM role_grant g USING role r WHERE r.organisation_id = g.organisation_id AND r.id = g.role_id "
                   f"AND r.system AND r.key = '{role}' AND g.pattern = '{pattern}' AND g.scope = '{scope}'")
    _walls('FORCE')


def _walls(forced: str) -> None:
    """Let the owner of the tables see the roles of all organisations, who sees one organisation's alone while row security is forced."""
    for table in ('role', 'role_grant'):
        op.execute(f'ALTER TABLE {table} {forced} ROW LEVEL SECURITY')
