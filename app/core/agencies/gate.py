"""The organisations on the other side of one's relations: their names and addresses, which row security hides otherwise."""

from __future__ import annotations

from app.kernel.schema import define

HEAD = "LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp"
HERE = "nullif(current_setting('app.organisation', true), '')::uuid"

define("agency_partners()", f"""
CREATE OR REPLACE FUNCTION agency_partners() RETURNS jsonb {HEAD} AS $$
BEGIN
  RETURN (SELECT coalesce(jsonb_object_agg(o.id, jsonb_build_object('slug', o.slug, 'name', o.name,
      'open', o.suspended_at IS NULL AND o.erase_after IS NULL)), '{{}}') FROM organisation o
    WHERE o.id IN (SELECT l.agency_id FROM agency_link l WHERE l.client_id = {HERE}
      UNION SELECT l.client_id FROM agency_link l WHERE l.agency_id = {HERE}));
END $$""")
