"""The definer functions that answer before an organisation is known. They are the whole list, and belong to a role that only reads columns.

`auth_enter` is asked once per request: session or token, identity, organisation, member and grants come in one answer. What is asked
for is a `session` or a `token` by the hash of its secret, or, once a signature has proved it, an app's session (`access`) or a token
(`lent`) by its id.
"""

from __future__ import annotations

from app.core.people import member_at, role_alone
from app.kernel.schema import define

HEAD = "LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp"

ORGANISATION = """jsonb_build_object('id', o.id, 'slug', o.slug, 'name', o.name, 'currency', o.currency, 'timezone', o.timezone,
  'language', o.language, 'number', o.number, 'week_start', o.week_start,
  'languages', o.languages,
  'erase_after', coalesce(o.erase_after::text, ''),
  'brand', CASE WHEN o.logo_id IS NULL AND o.colour = '' AND o.colour_dark = '' THEN ''
    ELSE left(md5(concat_ws(' ', o.name, o.colour, o.colour_dark, o.logo_id)), 12) END)"""

STANDS = "o.suspended_at IS NULL AND (o.erase_after IS NULL OR o.erase_after > {at})"

# Whether a member of an agency may work for a client at all: one of its own people, active, while the relation holds.
WORKS_FOR = """{member}.status = 'active' AND {member}.archived_at IS NULL AND {member}.agency_id IS NULL AND EXISTS (
      SELECT FROM agency_link l JOIN organisation a ON a.id = l.agency_id \
WHERE l.agency_id = {member}.organisation_id AND l.client_id = {client}
        AND l.accepted_at IS NOT NULL AND l.ended_at IS NULL AND a.suspended_at IS NULL AND a.erase_after IS NULL)"""

# What an app holds lives no longer than the session that it was opened from.
PARENT = """(s.parent_id IS NULL OR EXISTS (SELECT FROM user_session p WHERE p.id = s.parent_id AND p.ended_at IS NULL
          AND p.idle_until > moment AND p.expires_at > moment))"""

# The organisation whose own provider must vouch though it did not: the one that is entered, or the home of whom an agency sends. What
# the place itself vouched for is enough; NULL when nobody asks for more.
UNVOUCHED = """(SELECT a.slug FROM (VALUES ({place}, {member}), ({home}, {own})) AS v(house, person)
      JOIN setting x ON x.organisation_id = v.house AND x.key = 'auth.sso_only' AND x.value #>> '{{}}' NOT IN ('', v.person)
      JOIN organisation a ON a.id = v.house
      WHERE {by} IS DISTINCT FROM {place} AND (v.house = {place} OR {by} IS DISTINCT FROM {home})
      ORDER BY v.house <> {place} LIMIT 1)"""
ENTERED = UNVOUCHED.format(place="place", home="home", by="bound", member="rights::jsonb #>> '{member,id}'",
                           own="rights::jsonb #>> '{home,id}'")
LISTENED = UNVOUCHED.format(place="w.organisation", home="m.agency_id", by="s.confined_to", member="m.id::text", own="h.id::text")

# Gives: how it went in, as small text; what the circumstances need, as JSON text (the same text means the same rights).
define("auth_enter(text, text, text, timestamptz)", f"""
CREATE OR REPLACE FUNCTION auth_enter(kind text, secret text, address text, moment timestamptz,
  OUT proof jsonb, OUT rights text) RETURNS record {HEAD} AS $$
DECLARE who uuid; place uuid; bound uuid; case_id uuid; home uuid; token record; held record; shadow record; passes text;
BEGIN
  IF kind IN ('token', 'lent') THEN
    SELECT t.id, t.organisation_id, t.member_id, t.role_id, t.scopes, t.addresses, t.last_used_at, t.last_used_from,
      t.name, CASE WHEN t.revoked_at IS NOT NULL THEN 'revoked' WHEN t.expires_at <= moment THEN 'expired' END AS dead INTO token
      FROM api_token t WHERE t.id = CASE kind WHEN 'lent' THEN secret::uuid ELSE (SELECT x.id FROM api_token x
        WHERE x.secret_hash = secret OR (x.former_hash = secret AND x.former_until > moment) LIMIT 1) END;
    IF NOT FOUND THEN RETURN; END IF;
    IF token.dead <> '' THEN
      proof := jsonb_build_object('token', token.id, 'place', token.organisation_id, 'dead', token.dead);
      RETURN;
    END IF;
    bound := token.organisation_id;
    SELECT m.identity_id INTO who FROM member m WHERE m.organisation_id = token.organisation_id AND m.id = token.member_id;
    proof := jsonb_build_object('token', token.id, 'identity', who, 'scopes', token.scopes, 'seen', token.last_used_at,
      'from', token.last_used_from, 'addresses', token.addresses, 'place', token.organisation_id);
  ELSE
    SELECT s.id, s.identity_id, s.last_seen_at, s.organisation_id, s.method, s.factor, s.proved_at, s.enrol_by, s.impersonation_id,
      s.confined_to, s.scope, CASE WHEN s.stage = 'full' AND s.enrol_by <= moment THEN 'enrol' ELSE s.stage END AS stage INTO held
      FROM user_session s WHERE s.id = CASE kind WHEN 'access' THEN secret::uuid ELSE (SELECT x.id FROM user_session x
        WHERE x.secret_hash = secret AND x.scope = '') END
        AND s.ended_at IS NULL AND s.idle_until > moment AND s.expires_at > moment
        AND {PARENT};
    IF NOT FOUND THEN RETURN; END IF;
    who := held.identity_id;
    bound := held.confined_to;
    case_id := held.impersonation_id;
    proof := jsonb_build_object('session', held.id, 'identity', who, 'seen', held.last_seen_at, 'organisation', held.organisation_id,
      'stage', held.stage, 'method', held.method, 'factor', held.factor, 'proved', held.proved_at, 'enrol_by', held.enrol_by,
      'confined', held.confined_to, 'scopes', string_to_array(nullif(held.scope, ''), ' '));
  END IF;
  IF NOT EXISTS (SELECT FROM identity i WHERE i.id = who AND i.disabled_at IS NULL) THEN
    proof := NULL;
    RETURN;
  END IF;
  IF proof ->> 'stage' = 'full' AND case_id IS NOT NULL THEN
    SELECT i.id, i.organisation_id, i.target_id, i.until, i.reach INTO shadow
      FROM impersonation i JOIN member a ON a.organisation_id = i.organisation_id AND a.id = i.actor_id
      WHERE i.id = case_id AND i.ended_at IS NULL AND i.until > moment AND a.identity_id = who;
    IF NOT FOUND THEN proof := proof || '{{"stage": "over"}}'; END IF;
  END IF;
  IF address IS NULL OR proof ->> 'stage' <> 'full' THEN RETURN; END IF;
  SELECT s.organisation_id INTO place FROM organisation_slug s WHERE s.slug = address;
  IF NOT FOUND THEN RETURN; END IF;
  SELECT jsonb_build_object('organisation', {ORGANISATION}, 'member', {member_at('moment')})::text, m.agency_id INTO rights, home
    FROM organisation o JOIN member m ON m.organisation_id = o.id
    WHERE o.id = place AND {STANDS.format(at='moment')} AND m.identity_id = who AND m.status = 'active' AND m.archived_at IS NULL;
  IF NOT FOUND OR (place <> bound AND (kind IN ('token', 'lent') OR home IS DISTINCT FROM bound)) THEN
    rights := NULL;
    RETURN;
  END IF;
  IF kind IN ('token', 'lent') THEN
    IF token.role_id IS NOT NULL THEN
      rights := jsonb_set(rights::jsonb, '{{member}}', (rights::jsonb -> 'member') || {role_alone('place', 'token.role_id')}
        || jsonb_build_object('service', jsonb_build_object('id', token.id, 'name', token.name)))::text;
    END IF;
  END IF;
  IF home IS NOT NULL THEN
    SELECT (rights::jsonb || jsonb_build_object('home', {member_at('moment')}))::text INTO rights FROM member m
      WHERE m.organisation_id = home AND m.identity_id = who AND {WORKS_FOR.format(member='m', client='place')};
    IF NOT FOUND THEN
      rights := NULL;
      RETURN;
    END IF;
  END IF;
  passes := {ENTERED};
  IF passes <> '' THEN
    proof := proof || jsonb_build_object('elsewhere', passes);
    rights := NULL;
    RETURN;
  END IF;
  IF case_id IS NOT NULL THEN
    SELECT (rights::jsonb || jsonb_build_object('by', rights::jsonb -> 'member', 'member', {member_at('moment')}, 'case',
        jsonb_build_object('id', shadow.id, 'until', shadow.until, 'reach', shadow.reach)))::text INTO rights
      FROM member m WHERE m.organisation_id = place AND m.organisation_id = shadow.organisation_id AND m.id = shadow.target_id
        AND m.status = 'active' AND m.archived_at IS NULL;
    IF NOT FOUND THEN
      rights := NULL;
      RETURN;
    END IF;
  END IF;
  PERFORM set_config('app.organisation', place::text, true);
END $$""")

define("auth_lookup(text)", f"""
CREATE OR REPLACE FUNCTION auth_lookup(address text, OUT identity_id uuid, OUT secret text, OUT disabled boolean, OUT barred boolean)
  RETURNS record {HEAD} AS $$
BEGIN
  SELECT i.id, c.secret, i.disabled_at IS NOT NULL, c.barred_at IS NOT NULL INTO identity_id, secret, disabled, barred
    FROM identity i LEFT JOIN credential c ON c.identity_id = i.id AND c.kind = 'password' WHERE i.email = address;
END $$""")

define("auth_organisations(uuid)", f"""
CREATE OR REPLACE FUNCTION auth_organisations(who uuid) RETURNS jsonb {HEAD} AS $$
BEGIN
  RETURN (SELECT coalesce(jsonb_agg(jsonb_build_object('id', o.id, 'slug', o.slug, 'name', o.name, 'role', r.key,
      'member', m.id, 'called', m.name, 'email', m.email, 'home', m.agency_id, 'own', h.id) ORDER BY o.name), '[]')
    FROM member m JOIN organisation o ON o.id = m.organisation_id JOIN role r ON r.organisation_id = o.id AND r.id = m.role_id
      LEFT JOIN member h ON h.organisation_id = m.agency_id AND h.identity_id = who AND {WORKS_FOR.format(member='h', client='o.id')}
    WHERE m.identity_id = who AND m.status = 'active' AND m.archived_at IS NULL AND {STANDS.format(at='now()')}
      AND (m.agency_id IS NULL OR h.id IS NOT NULL));
END $$""")

# Every member that a person is, in whatever state, of organisations in whatever state; whether they said yes, and may come in now.
define("auth_seats(uuid)", f"""
CREATE OR REPLACE FUNCTION auth_seats(who uuid) RETURNS jsonb {HEAD} AS $$
BEGIN
  RETURN (SELECT coalesce(jsonb_agg(jsonb_build_object('organisation', m.organisation_id, 'member', m.id, 'accepted', m.accepted,
      'archived', m.archived_at IS NOT NULL) ORDER BY m.status <> 'active', m.id), '[]') FROM member m WHERE m.identity_id = who);
END $$""")

# The organisation that a mailbox of the domain confirmed: where its people sign in.
define("auth_domain(text)", f"""
CREATE OR REPLACE FUNCTION auth_domain(domain text) RETURNS text {HEAD} AS $$
BEGIN
  RETURN (SELECT o.slug FROM sso_domain d JOIN organisation o ON o.id = d.organisation_id AND o.suspended_at IS NULL
    WHERE d.name = domain AND d.confirmed_at IS NOT NULL AND d.archived_at IS NULL);
END $$""")

# What each organisation of a person set about sign-in, one object per organisation; what is not set has the declared default.
define("auth_policy(uuid)", f"""
CREATE OR REPLACE FUNCTION auth_policy(who uuid) RETURNS jsonb {HEAD} AS $$
BEGIN
  RETURN (SELECT coalesce(jsonb_agg((SELECT coalesce(jsonb_object_agg(s.key, s.value), '{{}}') FROM setting s
      WHERE s.organisation_id = o.id AND left(s.key, 5) = 'auth.') ORDER BY o.id), '[]')
    FROM member m JOIN organisation o ON o.id = m.organisation_id
    WHERE m.identity_id = who AND m.status = 'active' AND m.archived_at IS NULL AND o.suspended_at IS NULL);
END $$""")

# Which of these sessions may still enter the organisation that stands at the same place, as the same person: open streams are held
# against it. A case is the impersonation in which a session sees what another sees; the nil one is none.
define("auth_living(uuid[], uuid[], uuid[], timestamptz)", f"""
CREATE OR REPLACE FUNCTION auth_living(places uuid[], sessions uuid[], cases uuid[], moment timestamptz)
  RETURNS TABLE (place uuid, living uuid, shadow uuid) STABLE {HEAD} AS $$
BEGIN
  RETURN QUERY SELECT w.organisation, s.id, w.seen_as FROM unnest(places, sessions, cases) AS w(organisation, wanted, seen_as)
    JOIN user_session s ON s.id = w.wanted AND s.ended_at IS NULL AND s.idle_until > moment AND s.expires_at > moment
      AND {PARENT}
      AND s.stage = 'full' AND (s.enrol_by IS NULL OR s.enrol_by > moment)
      AND coalesce(s.impersonation_id, '00000000-0000-0000-0000-000000000000') = w.seen_as
    JOIN identity i ON i.id = s.identity_id AND i.disabled_at IS NULL
    JOIN member m ON m.organisation_id = w.organisation AND m.identity_id = i.id AND m.status = 'active' AND m.archived_at IS NULL
    JOIN organisation o ON o.id = w.organisation AND {STANDS.format(at='moment')}
    LEFT JOIN member h ON h.organisation_id = m.agency_id AND h.identity_id = i.id AND {WORKS_FOR.format(member='h', client='o.id')}
    WHERE (m.agency_id IS NULL OR h.id IS NOT NULL)
      AND (s.confined_to IS NULL OR s.confined_to = w.organisation OR s.confined_to = m.agency_id)
      AND (s.impersonation_id IS NULL OR EXISTS (SELECT FROM impersonation k JOIN member t
        ON t.organisation_id = k.organisation_id AND t.id = k.target_id AND t.status = 'active' AND t.archived_at IS NULL
        WHERE k.id = s.impersonation_id AND k.organisation_id = w.organisation AND k.actor_id = m.id
          AND k.ended_at IS NULL AND k.until > moment))
      AND {LISTENED} IS NULL;
END $$""")

define("auth_passkey(text)", f"""
CREATE OR REPLACE FUNCTION auth_passkey(credential text, OUT passkey uuid, OUT who uuid, OUT key bytea, OUT uses bigint)
  RETURNS record {HEAD} AS $$
BEGIN
  SELECT p.id, p.identity_id, p.public_key, p.sign_count INTO passkey, who, key, uses FROM passkey p
    JOIN identity i ON i.id = p.identity_id AND i.disabled_at IS NULL WHERE p.credential_id = credential;
END $$""")

# Whether something that works once is used now for the first time: a challenge, an assertion. Kept until it could work no more.
define("auth_spend(text, timestamptz, timestamptz)", f"""
CREATE OR REPLACE FUNCTION auth_spend(proof text, until timestamptz, moment timestamptz) RETURNS boolean {HEAD} AS $$
BEGIN
  DELETE FROM spent_proof p WHERE p.expires_at <= moment;
  INSERT INTO spent_proof (proof_hash, expires_at) VALUES (proof, until) ON CONFLICT DO NOTHING;
  RETURN FOUND;
END $$""")

define("auth_identities(text[])", f"""
CREATE OR REPLACE FUNCTION auth_identities(addresses text[]) RETURNS TABLE (address text, who uuid) {HEAD} AS $$
BEGIN
  INSERT INTO identity (id, email, created_at)
    SELECT gen_random_uuid(), a, now() FROM unnest(addresses) AS a ORDER BY a ON CONFLICT (email) DO NOTHING;
  RETURN QUERY SELECT i.email, i.id FROM identity i WHERE i.email = ANY (addresses);
END $$""")

define("auth_link(text, timestamptz)", f"""
CREATE OR REPLACE FUNCTION auth_link(secret text, moment timestamptz, OUT link uuid, OUT who uuid, OUT email text, OUT purpose text,
  OUT about jsonb) RETURNS record {HEAD} AS $$
BEGIN
  SELECT l.id, l.identity_id, i.email, l.purpose, l.about INTO link, who, email, purpose, about
    FROM sign_in_link l JOIN identity i ON i.id = l.identity_id
    WHERE l.secret_hash = secret AND l.used_at IS NULL AND l.expires_at > moment AND i.disabled_at IS NULL;
END $$""")

# Whose refresh token it is: looking at it does not use it up.
define("auth_refresh(text, timestamptz)", f"""
CREATE OR REPLACE FUNCTION auth_refresh(secret text, moment timestamptz, OUT refresh uuid, OUT held uuid, OUT who uuid, OUT spent boolean)
  RETURNS record {HEAD} AS $$
BEGIN
  SELECT r.id, r.session_id, r.identity_id, r.used_at IS NOT NULL INTO refresh, held, who, spent
    FROM refresh_token r JOIN identity i ON i.id = r.identity_id
    WHERE r.secret_hash = secret AND (r.used_at IS NOT NULL OR r.expires_at > moment) AND i.disabled_at IS NULL;
END $$""")

# Ends a person's own tokens in every organisation; gives how many. Service tokens are not theirs.
define("auth_revoke(uuid, timestamptz)", f"""
CREATE OR REPLACE FUNCTION auth_revoke(person uuid, moment timestamptz) RETURNS integer {HEAD} AS $$
DECLARE ended integer;
BEGIN
  UPDATE api_token t SET revoked_at = moment FROM member m
    WHERE m.identity_id = person AND t.organisation_id = m.organisation_id AND t.member_id = m.id AND t.role_id IS NULL
      AND t.revoked_at IS NULL;
  GET DIAGNOSTICS ended = ROW_COUNT;
  RETURN ended;
END $$""")

# Whether somebody signed in fully in this browser before: such a one is counted by itself, so that no stranger locks its owner out.
define("auth_device(text, text)", f"""
CREATE OR REPLACE FUNCTION auth_device(address text, device text) RETURNS boolean {HEAD} AS $$
BEGIN
  RETURN EXISTS (SELECT FROM known_device d JOIN identity i ON i.id = d.identity_id WHERE i.email = address AND d.secret_hash = device);
END $$""")

# Counts before anything is verified, so that many at once cannot slip through; gives the seconds to wait, 0 to go on.
define("auth_attempt(text, text, timestamptz)", f"""
CREATE OR REPLACE FUNCTION auth_attempt(person text, place text, moment timestamptz) RETURNS integer {HEAD} AS $$
DECLARE tries integer; first timestamptz; span interval := interval '15 minutes';
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('sign-in ' || place, 0));
  DELETE FROM sign_in_attempt a WHERE a.at <= moment - span AND (a.source = place OR a.account = person);
  SELECT count(*), min(a.at) INTO tries, first FROM sign_in_attempt a WHERE a.account = person AND a.source = place;
  IF tries >= 5 THEN RETURN greatest(1, ceil(extract(epoch FROM first + span - moment)))::integer; END IF;
  SELECT count(*), min(a.at) INTO tries, first FROM sign_in_attempt a WHERE a.source = place;
  IF tries >= 100 THEN RETURN greatest(1, ceil(extract(epoch FROM first + span - moment)))::integer; END IF;
  INSERT INTO sign_in_attempt (account, source, at) VALUES (person, place, moment);
  RETURN 0;
END $$""")

define("auth_forget(text, text)", f"""
CREATE OR REPLACE FUNCTION auth_forget(person text, place text) RETURNS void {HEAD} AS $$
BEGIN
  DELETE FROM sign_in_attempt a WHERE a.account = person AND a.source = place;
END $$""")

define("auth_place(text)", f"""
CREATE OR REPLACE FUNCTION auth_place(address text) RETURNS uuid {HEAD} AS $$
BEGIN
  RETURN (SELECT s.organisation_id FROM organisation_slug s WHERE address IS NULL OR s.slug = address LIMIT 1);
END $$""")

# Whether any organisation lets people sign in by a link; says nothing of which.
define("auth_offers_links()", f"""
CREATE OR REPLACE FUNCTION auth_offers_links() RETURNS boolean {HEAD} AS $$
BEGIN
  RETURN EXISTS (SELECT FROM setting s WHERE s.key = 'auth.magic_link' AND s.value = 'true'::jsonb);
END $$""")
