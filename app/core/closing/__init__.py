"""Deleting an organisation: asked for, waited for with everything to be taken along, then done, by a job, with nothing of it left."""

from app.core.closing.services import ask, withdraw

__all__ = ["ask", "withdraw"]
