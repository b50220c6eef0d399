"""Whether any organisation lets people sign in by a link"""

from __future__ import annotations

from alembic import op

revision = 'core_0009'
down_revision = 'core_0008'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the database forward."""
    op.execute('GRANT USAGE, CREATE ON SCHEMA public TO opsflux_gate')
    op.execute('SET LOCAL ROLE opsflux_gate')
    op.execute("""
CREATE OR REPLACE FUNCTION auth_offers_links() RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  RETURN EXISTS (SELECT FROM setting s WHERE s.key = 'auth.magic_link' AND s.value = 'true'::jsonb);
END $$""")
    op.execute('REVOKE ALL ON FUNCTION auth_offers_links() FROM PUBLIC')
    op.execute('GRANT EXECUTE ON FUNCTION auth_offers_links() TO opsflux_app')
    op.execute('RESET ROLE')
    op.execute('REVOKE CREATE ON SCHEMA public FROM opsflux_gate')


def downgrade() -> None:
    """Take it back."""
    op.execute('SET LOCAL ROLE opsflux_gate')
    op.execute('DROP FUNCTION auth_offers_links()')
    op.execute('RESET ROLE')
