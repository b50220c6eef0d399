"""Two tags that mean the same become one."""

from __future__ import annotations

from uuid import UUID

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import delete, select, update
from sqlalchemy.orm import aliased

from app.core.tags.models import Tag, Tagging
from app.kernel import clock
from app.kernel.current import current
from app.kernel.db import session
from app.kernel.errors import Invalid
from app.kernel.fields import Form, reference


class Merging(Form):
    """Into which tag."""

    into_id = reference("tag", _l("Merge into"), help=_l("Every record that wears this tag wears the other one instead."))


def merge(tag: Tag, into_id: UUID) -> Tag:
    """Give all that wears `tag` the other one instead, and put `tag` away; its name means the other from now on."""
    into = session().get(Tag, (current.organisation.id, into_id))
    if into is None or into.id == tag.id or into.archived_at is not None:
        raise Invalid({"into": [_("Choose another tag that is in use.")]})
    here, other = Tagging.organisation_id == current.organisation.id, aliased(Tagging)
    both = select(other.record_id).where(other.organisation_id == current.organisation.id, other.tag_id == into.id)
    work = session()
    work.execute(delete(Tagging).where(here, Tagging.tag_id == tag.id, Tagging.record_id.in_(both))
                 .execution_options(synchronize_session=False))
    work.execute(update(Tagging).where(here, Tagging.tag_id == tag.id).values(tag_id=into.id).execution_options(synchronize_session=False))
    for earlier in work.scalars(select(Tag).where(Tag.organisation_id == current.organisation.id, Tag.merged_into_id == tag.id)):
        earlier.merged_into_id = into.id
    tag.merged_into_id, tag.archived_at = into.id, clock.now()
    return tag
