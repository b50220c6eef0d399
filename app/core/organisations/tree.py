"""The tree of departments has no circles."""

from __future__ import annotations

from flask_babel import gettext as _
from sqlalchemy import select

from app.core.organisations.models import Department
from app.kernel.db import session
from app.kernel.errors import Invalid


def before_save(department: Department) -> None:
    """Refuse a parent that is the department itself or stands below it."""
    above, steps = department.parent_id, 0
    while above is not None and department.id is not None and steps < 50:
        if above == department.id:
            raise Invalid({"parent": [_("A department cannot be part of itself or of one below it.")]})
        with session().no_autoflush:
            above = session().scalar(select(Department.parent_id).where(Department.id == above))
        steps += 1
