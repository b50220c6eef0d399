"""The people, places and departments of one organisation of the demo, once they exist."""

from __future__ import annotations

from dataclasses import dataclass, field

from app.core.organisations import Department, Site
from app.core.people import Member
from app.demo.cast import House


@dataclass
class Staff:
    """Who and what the records of an organisation refer to."""

    house: House
    sites: list[Site] = field(default_factory=list)
    departments: dict[str, Department] = field(default_factory=dict)
    members: list[Member] = field(default_factory=list)
    named: dict[str, Member] = field(default_factory=dict)

    @property
    def leads(self) -> list[Member]:
        """The named people, without those who only look."""
        return [self.named[post.name] for post in self.house.posts if post.role in ("owner", "admin", "manager", "approver")]

    def with_role(self, role: str) -> list[Member]:
        """The named people who hold a role, as their main or as a further one."""
        return [self.named[post.name] for post in self.house.posts if role in (post.role, *post.further)]
