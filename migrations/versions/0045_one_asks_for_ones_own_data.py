"""one asks for one's own data"""

from __future__ import annotations

from alembic import op

revision = 'core_0045'
down_revision = 'core_0044'
branch_labels = None
depends_on = None

ASKED = ('privacy.person_request.create', 'privacy.person_request.view', 'privacy.person_request.fulfil', 'people.member.choose')
ROLES = ('viewer', 'client', 'auditor')


def upgrade() -> None:
    """Bring the database forward."""
    _walls('NO FORCE')
    for role in ROLES:
        for pattern in ASKED:
            op.execute("INSERT INTO role_grant (organisation_id, id, role_id, pattern, scope) "
                       f"SELECT r.organisation_id, gen_random_uuid(), r.id, '{pattern}', 'own' FROM role r "
                       f"WHERE r.system AND r.key = '{role}' ON CONFLICT DO NOTHING")
    _walls('FORCE')


def downgrade() -> None:
    """Take it back."""
    _walls('NO FORCE')
    for role in ROLES:
        for pattern in ASKED:
            op.execute("DELETE FROM role_grant g USING role r WHERE r.organisation_id = g.organisation_id AND r.id = g.role_id "
                       f"AND r.system AND r.key = '{role}' AND g.pattern = '{pattern}' AND g.scope = 'own'")
    _walls('FORCE')


def _walls(forced: str) -> None:
    """Let the owner of the tables see the roles of all organisations, who sees one organisation's alone while row security is forced."""
    for table in ('role', 'role_grant'):
        op.execute(f'ALTER TABLE {table} {forced} ROW LEVEL SECURITY')
