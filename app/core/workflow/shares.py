"""How many must agree: of the people asked at a step, or of the branches of a parallel one. The same sum for both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

ShareRule = Literal["all", "any", "count", "percent"]
RULES: tuple[ShareRule, ...] = ("all", "any", "count", "percent")
HUNDRED = 100


@dataclass(frozen=True)
class Share:
    """All, any, a number or a percentage. More than there are means all of them."""

    rule: ShareRule = "any"
    value: int = 0

    def of(self, total: int) -> int:
        """How many of so many; at least one as long as there is one."""
        wanted = {"all": total, "any": 1, "count": self.value, "percent": -(-total * self.value // HUNDRED)}[self.rule]
        return min(max(wanted, 1), total)

    def verdict(self, total: int, agreed: int, refused: int) -> str:
        """`approved` once enough agreed, `rejected` once enough no longer can, empty while it is open. Of nothing, all have agreed."""
        needed = self.of(total)
        if agreed >= needed:
            return "approved"
        return "rejected" if total - refused < needed else ""

    @property
    def makes_sense(self) -> bool:
        """Whether its number is one that can be meant."""
        if self.rule == "percent":
            return 0 < self.value <= HUNDRED
        return self.value > 0 if self.rule == "count" else self.value == 0


ALL, ANY = Share("all"), Share("any")
