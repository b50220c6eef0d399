"""the trail stays"""

from __future__ import annotations

from alembic import op

revision = 'core_0017'
down_revision = 'core_0016'
branch_labels = None
depends_on = None

TABLES = ('audit_entry', 'audit_link', 'audit_checkpoint', 'audit_purged')
# The gate alone removes, by its own functions: what the law no longer asks for, and an organisation that is over.
STAY = """
CREATE FUNCTION audit_stays() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  IF TG_OP = 'DELETE' AND current_user = 'opsflux_gate' THEN RETURN OLD; END IF;
  RAISE insufficient_privilege USING MESSAGE = format('%s of %I is refused: the audit trail is append-only', TG_OP, TG_TABLE_NAME);
END $$"""


def upgrade() -> None:
    """Bring the database forward."""
    op.execute(STAY)
    op.execute('REVOKE ALL ON FUNCTION audit_stays() FROM PUBLIC')
    for table in TABLES:
        op.execute(f'CREATE TRIGGER audit_stays BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION audit_stays()')
        op.execute(f'CREATE TRIGGER audit_stays_whole BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION audit_stays()')


def downgrade() -> None:
    """Take it back."""
    for table in TABLES:
        op.execute(f'DROP TRIGGER audit_stays ON {table}')
        op.execute(f'DROP TRIGGER audit_stays_whole ON {table}')
    op.execute('DROP FUNCTION audit_stays()')
