"""Catalogues of words: extracted from the code and templates, kept in step, compiled, and checked for gaps."""

from app.core.translations.catalogues import LANGUAGES, compile_all, problems, update_all

__all__ = ["LANGUAGES", "compile_all", "problems", "update_all"]
