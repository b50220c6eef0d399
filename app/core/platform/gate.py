"""What the platform may know of the organisations: their names, states and figures; never a record of theirs. Each function asks first
whether the identity keeps the platform."""

from __future__ import annotations

from app.kernel.schema import define

HEAD = "LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp"
KEEPS = "EXISTS (SELECT FROM platform_admin a WHERE a.identity_id = keeper AND a.ended_at IS NULL)"

define("platform_organisations(uuid)", f"""
CREATE OR REPLACE FUNCTION platform_organisations(keeper uuid) RETURNS jsonb {HEAD} AS $$
BEGIN
  IF NOT {KEEPS} THEN RETURN NULL; END IF;
  RETURN (SELECT coalesce(jsonb_agg(jsonb_build_object('id', o.id, 'slug', o.slug, 'name', o.name, 'created', o.created_at,
      'suspended', o.suspended_at, 'erase_after', o.erase_after,
      'members', (SELECT count(*) FROM member m WHERE m.organisation_id = o.id AND m.status = 'active' AND m.archived_at IS NULL),
      'bytes', (SELECT coalesce(sum(f.size), 0) FROM stored_file f WHERE f.organisation_id = o.id),
      'seen', (SELECT max(s.last_seen_at) FROM user_session s WHERE s.organisation_id = o.id)) ORDER BY o.name, o.slug), '[]')
    FROM organisation o);
END $$""")

define("platform_settings()", f"""
CREATE OR REPLACE FUNCTION platform_settings() RETURNS jsonb {HEAD} AS $$
BEGIN
  RETURN (SELECT coalesce(jsonb_object_agg(p.key, p.value), '{{}}') FROM platform_setting p);
END $$""")

define("platform_set(uuid, text, jsonb)", f"""
CREATE OR REPLACE FUNCTION platform_set(keeper uuid, name text, said jsonb) RETURNS boolean {HEAD} AS $$
BEGIN
  IF NOT {KEEPS} THEN RETURN false; END IF;
  INSERT INTO platform_setting (key, value) VALUES (name, said) ON CONFLICT (key) DO UPDATE SET value = excluded.value;
  RETURN true;
END $$""")
