"""What can be found: one row per record, and the words that were ever used, for correcting typing errors."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Index, Text
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.records import Tenanted
from app.kernel.schema import define


class SearchEntry(Tenanted):
    """The words of one record, weighted A to D, each led by the organisation's number; `id` is the record's."""

    __tablename__ = "search_entry"

    resource: Mapped[str] = mapped_column(Text)
    reference: Mapped[str] = mapped_column(Text)
    words: Mapped[Any] = mapped_column(TSVECTOR)


class SearchWord(Tenanted):
    """A word in use. The same word may stand here twice: looking for it first would make imports wait for each other."""

    __tablename__ = "search_word"

    word: Mapped[str] = mapped_column(Text)


_entry: Any = SearchEntry.__table__
_entry.info["gate"] = ("organisation_id", "id", "resource", "reference", "words")
Index("ix_search_entry_words", _entry.c.words, postgresql_using="gin", postgresql_with={"fastupdate": "on"})
Index("ix_search_entry_reference", _entry.c.organisation_id, _entry.c.reference)

# `@@` is not leakproof, so under row security it would be asked of every row of the organisation. The function stands above row
# security and keeps to the organisation itself; the number that leads each word makes tenant and match one index condition.
CANDIDATES = 2_000
define("search_find(text, text, text[], integer)", f"""
CREATE OR REPLACE FUNCTION search_find(wanted text, exact text, resources text[], most integer)
RETURNS TABLE (id uuid, resource text, rank real)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off SET plan_cache_mode = force_custom_plan
AS $body$
BEGIN
  RETURN QUERY
  SELECT found.id, found.resource, ts_rank('{{0.1, 0.2, 0.5, 1.0}}', found.words, wanted::tsquery) AS rank
  FROM (SELECT e.id, e.resource, e.words FROM public.search_entry e
        WHERE e.words @@ wanted::tsquery
          AND e.organisation_id = nullif(current_setting('app.organisation', true), '')::uuid
          AND (resources IS NULL OR e.resource = ANY (resources))
        LIMIT greatest(most, {CANDIDATES})) AS found
  ORDER BY found.words @@ exact::tsquery DESC, rank DESC, found.id DESC LIMIT most;
END $body$""")

define("search_ids(text, text, integer)", """
CREATE OR REPLACE FUNCTION search_ids(wanted text, kind text, most integer) RETURNS SETOF uuid
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off SET plan_cache_mode = force_custom_plan
AS $body$
BEGIN
  RETURN QUERY
  SELECT e.id FROM public.search_entry e
  WHERE e.words @@ wanted::tsquery
    AND e.organisation_id = nullif(current_setting('app.organisation', true), '')::uuid
    AND e.resource = kind
  LIMIT most;
END $body$""")
