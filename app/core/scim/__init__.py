"""SCIM 2.0 (RFC 7643, RFC 7644): a directory elsewhere takes people on, keeps them up to date, and takes their access away."""

from app.core.scim.keeping import forget

__all__ = ["forget"]
