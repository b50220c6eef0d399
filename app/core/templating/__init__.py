"""The one sandbox of templates that people write: variables, conditionals, loops; rendered by limited child processes."""

from app.core.templating.services import Source, WrongTemplate, check, render

__all__ = ["Source", "WrongTemplate", "check", "render"]
