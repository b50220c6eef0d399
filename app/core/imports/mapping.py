"""Which column goes to which field: the form in which it is guessed, changed by hand, saved, and shipped with the demo."""

from __future__ import annotations

from collections.abc import Mapping as MappingType
from dataclasses import asdict, dataclass, field
from typing import Any

from flask_babel import gettext as _

from app.kernel.errors import Invalid
from app.kernel.fields import Field, fields_of
from app.kernel.manifest import Resource


@dataclass(frozen=True)
class Place:
    """Where one column goes. `date` is a strptime shape, `decimal` the mark before decimals; `sure` is False for a guess to be checked."""

    field: str
    date: str = ""
    decimal: str = ""
    sure: bool = True


@dataclass(frozen=True)
class Mapping:
    """Columns by header, values that are the same in every row, the references whose missing records are made, and the sheet of a
    workbook that has several."""

    columns: MappingType[str, Place]
    constants: MappingType[str, str] = field(default_factory=dict)
    create_missing: tuple[str, ...] = ()
    sheet: str = ""

    def to_json(self) -> dict[str, Any]:
        """As it is saved."""
        columns = {header: {k: v for k, v in asdict(place).items() if v not in ("", True)} for header, place in self.columns.items()}
        saved = {"columns": columns, "constants": dict(self.constants), "create_missing": list(self.create_missing)}
        return {**saved, "sheet": self.sheet} if self.sheet else saved

    @classmethod
    def from_json(cls, saved: MappingType[str, Any]) -> Mapping:
        """As it was saved, or as a person wrote it into a file; raises `Invalid` when it is not understood."""
        try:
            columns = {str(header): Place(**({"field": place} if isinstance(place, str) else dict(place)))
                       for header, place in dict(saved["columns"]).items()}
            constants = {str(k): str(v) for k, v in dict(saved.get("constants", {})).items()}
            return cls(columns, constants, tuple(saved.get("create_missing", ())), str(saved.get("sheet", "")))
        except (KeyError, TypeError, ValueError) as error:
            raise Invalid({"mapping": [_("This mapping is not understood: %(reason)s", reason=str(error)[:200])]}) from error

    def checked(self, resource: Resource) -> Mapping:
        """Itself; raises `Invalid` when it names a field twice, or one that cannot be imported."""
        known, errors = importable(resource), []
        taken: set[str] = set()
        for header, place in self.columns.items():
            if place.field not in known:
                errors.append(_("“%(header)s” goes to “%(field)s”, which cannot be imported.", header=header, field=place.field[:60]))
            elif place.field in self.constants:
                errors.append(_("“%(field)s” comes from a column and is given for every row: choose one.", field=known[place.field].label))
            elif place.field in taken:
                errors.append(_("Two columns go to “%(field)s”.", field=known[place.field].label))
            taken.add(place.field)
        errors += [_("“%(field)s” cannot be imported.", field=name[:60]) for name in self.constants if name not in known]
        errors += [_("Missing records of “%(field)s” cannot be made here.", field=name[:60])
                   for name in self.create_missing if name not in resource.create_missing]
        if not self.columns:
            errors.append(_("Say of at least one column where it goes."))
        if errors:
            raise Invalid({"mapping": errors})
        return self

    def fits(self, headers: list[str]) -> bool:
        """Whether a file with these heads can be read with it."""
        return all(header in headers for header in self.columns)


def importable(resource: Resource) -> dict[str, Field]:
    """The fields that a file can fill: those of the form, and the key by which rows are recognised."""
    fields = fields_of(resource.model)
    names = dict.fromkeys((*(name for names in resource.form.values() for name in names), resource.import_key or "reference"))
    return {name: fields[name] for name in names if name in fields and fields[name].kind != "file"}


def needed(resource: Resource) -> list[Field]:
    """The fields without which no record can be made."""
    return [f for f in importable(resource).values() if f.required and f.default is None and f.widget != "currency" and f.kind != "boolean"]
