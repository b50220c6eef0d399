"""What only the gate may do: set the moment after which an organisation is deleted, and then take away what is only ever added to.

The moment follows the clock of the database and lies a week ahead at least: whoever holds the application cannot erase a trail today.
"""

from __future__ import annotations

from app.core.platform.settings import SHORTEST
from app.kernel.schema import define

HEAD = "LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp"
HERE = "nullif(current_setting('app.organisation', true), '')::uuid"

define("organisation_close(integer)", f"""
CREATE OR REPLACE FUNCTION organisation_close(days integer) RETURNS timestamptz {HEAD} AS $$
DECLARE until timestamptz;
BEGIN
  UPDATE organisation o SET erase_after = now() + make_interval(days => greatest(days, {SHORTEST}))
    WHERE o.id = {HERE} AND o.erase_after IS NULL RETURNING o.erase_after INTO until;
  RETURN until;
END $$""")

# Whether it is open again; not once the moment has passed.
define("organisation_reopen()", f"""
CREATE OR REPLACE FUNCTION organisation_reopen() RETURNS boolean {HEAD} AS $$
BEGIN
  UPDATE organisation o SET erase_after = NULL WHERE o.id = {HERE} AND o.erase_after > now();
  RETURN FOUND;
END $$""")

# Takes a portion of a table that is only ever added to, once the moment has passed; gives how many rows went.
define("organisation_erase(text, integer)", f"""
CREATE OR REPLACE FUNCTION organisation_erase(name text, most integer) RETURNS bigint {HEAD} AS $$
DECLARE taken bigint;
BEGIN
  IF NOT EXISTS (SELECT FROM organisation o WHERE o.id = {HERE} AND o.erase_after <= now()) THEN
    RAISE insufficient_privilege USING MESSAGE = 'this organisation is not to be erased now';
  END IF;
  EXECUTE format('DELETE FROM public.%1$I t WHERE t.organisation_id = $1 AND t.id IN '
    '(SELECT s.id FROM public.%1$I s WHERE s.organisation_id = $1 LIMIT $2)', name) USING {HERE}, most;
  GET DIAGNOSTICS taken = ROW_COUNT;
  RETURN taken;
END $$""")

# Whether somebody belongs anywhere else: to another organisation, in whatever state, or to those who keep the platform; or is asked to
# join one, and may still say yes.
define("organisation_elsewhere(uuid)", f"""
CREATE OR REPLACE FUNCTION organisation_elsewhere(who uuid) RETURNS boolean {HEAD} AS $$
BEGIN
  RETURN EXISTS (SELECT FROM member m WHERE m.identity_id = who AND m.organisation_id <> {HERE})
    OR EXISTS (SELECT FROM platform_admin a WHERE a.identity_id = who)
    OR EXISTS (SELECT FROM identity i JOIN invitation v ON v.email = i.email WHERE i.id = who AND v.organisation_id <> {HERE}
      AND v.status = 'open' AND v.archived_at IS NULL AND v.expires_at > now());
END $$""")
