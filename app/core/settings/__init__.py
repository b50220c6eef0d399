"""Typed settings of an organisation, declared by modules: `settings.get("procurement.first_limit")`."""

from app.core.settings.services import declared, field_of, get, set  # noqa: A004 -- settings.set() is its name

__all__ = ["declared", "field_of", "get", "set"]
