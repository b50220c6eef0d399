"""who may still listen"""

from __future__ import annotations

from alembic import op

revision = 'core_0016'
down_revision = 'core_0015'
branch_labels = None
depends_on = None

SIGNATURE = "auth_living(uuid[], uuid[], timestamptz)"
FUNCTION = """
CREATE OR REPLACE FUNCTION auth_living(places uuid[], sessions uuid[], moment timestamptz) RETURNS TABLE (place uuid, living uuid)
  STABLE LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  RETURN QUERY SELECT w.organisation, s.id FROM unnest(places, sessions) AS w(organisation, wanted)
    JOIN user_session s ON s.id = w.wanted AND s.ended_at IS NULL AND s.idle_until > moment AND s.expires_at > moment
      AND s.stage = 'full' AND (s.enrol_by IS NULL OR s.enrol_by > moment) AND coalesce(s.confined_to, w.organisation) = w.organisation
    JOIN identity i ON i.id = s.identity_id AND i.disabled_at IS NULL
    JOIN member m ON m.organisation_id = w.organisation AND m.identity_id = i.id AND m.status = 'active' AND m.archived_at IS NULL
    JOIN organisation o ON o.id = w.organisation AND o.suspended_at IS NULL AND (o.erase_after IS NULL OR o.erase_after > moment)
    WHERE m.agency_id IS NULL OR EXISTS (SELECT FROM member h WHERE h.organisation_id = m.agency_id AND h.identity_id = i.id
      AND h.status = 'active' AND h.archived_at IS NULL AND h.agency_id IS NULL AND EXISTS (
      SELECT FROM agency_link l JOIN organisation a ON a.id = l.agency_id WHERE l.agency_id = h.organisation_id AND l.client_id = o.id
        AND l.accepted_at IS NOT NULL AND l.ended_at IS NULL AND a.suspended_at IS NULL AND a.erase_after IS NULL));
END $$"""


def upgrade() -> None:
    """Bring the database forward."""
    op.execute('GRANT USAGE, CREATE ON SCHEMA public TO opsflux_gate')
    op.execute('SET LOCAL ROLE opsflux_gate')
    op.execute(FUNCTION)
    op.execute(f'REVOKE ALL ON FUNCTION {SIGNATURE} FROM PUBLIC')
    op.execute(f'GRANT EXECUTE ON FUNCTION {SIGNATURE} TO opsflux_app')
    op.execute('RESET ROLE')
    op.execute('REVOKE CREATE ON SCHEMA public FROM opsflux_gate')


def downgrade() -> None:
    """Take it back."""
    op.execute('SET LOCAL ROLE opsflux_gate')
    op.execute(f'DROP FUNCTION {SIGNATURE}')
    op.execute('RESET ROLE')
