"""`ui`: the kit's macros as one Jinja global, so that a template imports nothing and a block renders alone."""

from __future__ import annotations

from typing import Any

from jinja2 import Environment
from jinja2.runtime import Macro

FILES = ("ui/kit.html", "ui/fields.html", "ui/inputs.html", "ui/lists.html", "ui/feedback.html", "ui/details.html", "ui/overlays.html")


class Kit:
    """Finds a macro by its name in the files of `templates/ui/`."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self._where: dict[str, str] = {}

    def __getattr__(self, name: str) -> Macro:
        if name.startswith("_"):
            raise AttributeError(name)
        if name not in self._where:
            self._where = self._index()
        if name not in self._where:
            raise AttributeError(f"the kit has no macro “{name}”; it has {', '.join(sorted(self._where))}")
        found: Macro = getattr(self._environment.get_template(self._where[name]).module, name)
        if not self._environment.auto_reload:
            self.__dict__[name] = found  # found without this detour from now on
        return found

    def _index(self) -> dict[str, str]:
        where: dict[str, str] = {}
        for file in FILES:
            for name, thing in vars(self._environment.get_template(file).module).items():
                if isinstance(thing, Macro):
                    if name in where:
                        raise LookupError(f"macro “{name}” is in {where[name]} and in {file}")
                    where[name] = file
        return where

    def names(self) -> list[str]:
        """Every macro, for the component page and the tests."""
        self._where = self._where or self._index()
        return sorted(self._where)


def install_kit(environment: Environment) -> None:
    """Give templates `ui`."""
    environment.globals["ui"] = Kit(environment)


def initials(name: Any) -> str:
    """“Mara Keller” → MK."""
    words = [word for word in str(name).split() if word[:1].isalnum()]
    return "".join(word[0] for word in (words[:1] + words[-1:] if len(words) > 1 else words)).upper()
