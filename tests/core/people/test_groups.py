"""Who is in a group, as its form says it."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from app.core.people import GroupMember
from app.kernel.door import perform_one
from tests.core.stand import Stand

AT = ("owner", "auditor", "member")


@pytest.mark.parametrize("kept", [("auditor", "member"), ("member", "owner"), ("owner",), ("member", "auditor", "owner"), ()])
def test_whoever_is_struck_from_the_form_leaves_and_the_others_stay(app: Flask, kept: tuple[str, ...]) -> None:
    """The lines have no order, and nobody is in a group twice: not even while it is written."""
    stand = Stand()
    ids = {role: actor.id for role, actor in stand.actors.items()}

    def lines(roles: tuple[str, ...]) -> list[dict[str, Any]]:
        return [{"member": str(ids[role])} for role in roles]

    with stand.work():
        group = perform_one("people.group", "create", None, {"name": "Crew", "kind": "functional", "lines": lines(AT)}).record.id
    with stand.work():
        perform_one("people.group", "edit", group, {"lines": lines(kept)})
    with stand.work() as work:
        assert set(work.scalars(select(GroupMember.member_id).where(GroupMember.group_id == group))) == {ids[role] for role in kept}
