"""The organisations on the other side of one's relations: their names and addresses, which row security hides otherwise."""

from __future__ import annotations

from app.kernel.schema import define

HEAD = "LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp"
HERE = "nullif(current_setting('app.organisation', true), '')::uuid"

# To whom one has only made an offer stays what one typed, an address: the name is theirs to tell, by saying yes.
define("agency_partners()", f"""
CREATE OR REPLACE FUNCTION agency_partners() RETURNS jsonb {HEAD} AS $$
BEGIN
  RETURN (SELECT coalesce(jsonb_object_agg(o.id, jsonb_build_object('slug', o.slug, 'name', CASE WHEN p.told THEN o.name ELSE o.slug END,
      'open', NOT p.told OR (o.suspended_at IS NULL AND o.erase_after IS NULL))), '{{}}')
    FROM (SELECT each.other, bool_or(each.told) AS told FROM (
        SELECT l.agency_id AS other, l.accepted_at IS NOT NULL OR l.offered_by = 'agency' AS told
          FROM agency_link l WHERE l.client_id = {HERE}
        UNION ALL SELECT l.client_id, l.accepted_at IS NOT NULL OR l.offered_by = 'client'
          FROM agency_link l WHERE l.agency_id = {HERE}) each
      GROUP BY each.other) p
    JOIN organisation o ON o.id = p.other);
END $$""")
