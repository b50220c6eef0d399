"""What proves a person besides the password."""

from app.core.auth.factors.held import Held, held_by, holds_any

__all__ = ["Held", "held_by", "holds_any"]
