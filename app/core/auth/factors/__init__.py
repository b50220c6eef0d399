"""What proves a person besides the password."""

from app.core.auth.factors.held import holds_any

__all__ = ["holds_any"]
