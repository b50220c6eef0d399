"""organisations with the member"""

from __future__ import annotations

from alembic import op

revision = 'core_0013'
down_revision = 'core_0012'
branch_labels = None
depends_on = None

SIGNATURE = "auth_organisations(uuid)"
BEFORE = """
CREATE OR REPLACE FUNCTION auth_organisations(who uuid) RETURNS jsonb LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  RETURN (SELECT coalesce(jsonb_agg(jsonb_build_object('id', o.id, 'slug', o.slug, 'name', o.name, 'role', r.key) ORDER BY o.name), '[]')
    FROM member m JOIN organisation o ON o.id = m.organisation_id JOIN role r ON r.organisation_id = o.id AND r.id = m.role_id
    WHERE m.identity_id = who AND m.status = 'active' AND m.archived_at IS NULL AND o.suspended_at IS NULL);
END $$"""
AFTER = """
CREATE OR REPLACE FUNCTION auth_organisations(who uuid) RETURNS jsonb LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  RETURN (SELECT coalesce(jsonb_agg(jsonb_build_object('id', o.id, 'slug', o.slug, 'name', o.name, 'role', r.key,
      'member', m.id, 'called', m.name, 'email', m.email) ORDER BY o.name), '[]')
    FROM member m JOIN organisation o ON o.id = m.organisation_id JOIN role r ON r.organisation_id = o.id AND r.id = m.role_id
    WHERE m.identity_id = who AND m.status = 'active' AND m.archived_at IS NULL AND o.suspended_at IS NULL);
END $$"""


def _function(sql: str) -> None:
    """Make the function of the gate as the gate makes it itself."""
    op.execute('GRANT USAGE, CREATE ON SCHEMA public TO opsflux_gate')
    op.execute('SET LOCAL ROLE opsflux_gate')
    op.execute(sql)
    op.execute(f'REVOKE ALL ON FUNCTION {SIGNATURE} FROM PUBLIC')
    op.execute(f'GRANT EXECUTE ON FUNCTION {SIGNATURE} TO opsflux_app')
    op.execute('RESET ROLE')
    op.execute('REVOKE CREATE ON SCHEMA public FROM opsflux_gate')


def upgrade() -> None:
    """Bring the database forward."""
    _function(AFTER)


def downgrade() -> None:
    """Take it back."""
    _function(BEFORE)
