"""The look of an organisation: its logo and colours on pages, in mails and on paper, and nobody else's."""

from app.core.branding.colours import ink_on
from app.core.branding.look import Look, look, look_of, picture

__all__ = ["Look", "ink_on", "look", "look_of", "picture"]
