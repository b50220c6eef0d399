"""The closed registry of modules: found by folder, checked at start, frozen once checked."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable, Iterator
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from app.kernel.ai_actions import check as check_ai_action
from app.kernel.errors import DeclarationError
from app.kernel.fields import Field, fields_of
from app.kernel.ledgers import complete
from app.kernel.manifest import SECTIONS, Action, AIAction, Approval, Ledger, Module, ReportOf, Resource, RunType, Setting, Tile
from app.kernel.records import list_index
from app.kernel.reports import check as check_report
from app.kernel.run_types import check as check_run
from app.kernel.tiles import check as check_tile

RESERVED_ACTIONS = frozenset(
    {"view", "choose", "create", "edit", "archive", "restore", "import", "export", "delete", "manage", "approve", "new", "history", "tag"}
)
BUILT_IN = {"created_at", "updated_at", "created_by", "updated_by", "archived_at", "reference"}


class Registry:
    """What is declared, by name. Everything that reads a declaration asks here."""

    def __init__(self) -> None:
        self.modules: dict[str, Module] = {}
        self.resources: dict[str, Resource] = {}
        self.approvals: dict[str, Approval] = {}
        self.settings: dict[str, Setting] = {}
        self.runs: dict[str, RunType] = {}
        self.forms: dict[str, tuple[Any, Any]] = {}
        self.ai_actions: dict[str, AIAction] = {}
        self.tiles: dict[str, Tile] = {}
        self.reports: dict[str, ReportOf] = {}
        self.ledgers: dict[str, Ledger] = {}
        self.frozen = False

    def add(self, module: Module) -> Module:
        """Take a module in; refuses a name used twice and a word that means nothing, naming the nearest right one."""
        if self.frozen:
            raise DeclarationError(f"Module “{module.name}” came after the start: put it into app/modules/{module.name}/manifest.py.")
        self._unused(module.name, self.modules, "module")
        said = (module.section, *(item.section for item in module.menu), *(each.section for each in module.resources if each.section))
        for section in said:
            known(section, SECTIONS, f"module {module.name}: section")
        checked = tuple(self._resource(module, resource) for resource in module.resources)
        module = replace(module, resources=checked, ledgers=tuple(complete(module, each) for each in module.ledgers))
        self.modules[module.name] = module
        for resource in checked:
            self._unused(resource.key, self.resources, "resource")
            self.resources[resource.key] = resource
        for ledger in module.ledgers:
            self._unused(ledger.key, self.reported, "resource or ledger")
            self.ledgers[ledger.key] = ledger
        for approval in module.approvals:
            self._unused(approval.key, self.approvals, "approval")
            self.approvals[approval.key] = approval
        for setting in module.settings:
            self._unused(setting.key, self.settings, "setting")
            self.settings[setting.key] = setting
        for run in module.runs:
            check_run(module.name, run)
            self._unused(run.key, self.runs, "run")
            self.runs[run.key] = run
        for code, said in module.forms.items():
            self._unused(code, self.forms, "form")
            self.forms[code] = said
        for kind in module.ai_actions:
            check_ai_action(kind)
            self._unused(kind.key, self.ai_actions, "AI action")
            self.ai_actions[kind.key] = kind
        for tile in module.tiles:
            self._unused(tile.key, self.tiles, "tile")
            self.tiles[tile.key] = tile
        for report in module.reports:
            self._unused(report.key, self.reports, "report")
            self.reports[report.key] = report
        return module

    def close(self) -> None:
        """Check what needs all modules to be known, then refuse any further one."""
        for resource in self.resources.values():
            for action in resource.actions:
                self._approvals_known(resource, action)
            for related in resource.related:
                other = self.resource(known(related.resource, self.resources, f"{resource.key}: related"))
                known(related.field, fields_of(other.model), f"{resource.key}: related {other.key} through")
            self._searched_names(resource)
        for tile in self.tiles.values():
            self._tile(tile)
        for approval in self.approvals.values():
            for level in approval.levels:
                if level.above:
                    known(level.above, self.settings, f"approval {approval.key}: level “{level.approvers}” is above the setting")
        for report in self.reports.values():
            check_report(report, self.reported, self.of_table)
        self.frozen = True

    def resource(self, key: str) -> Resource:
        """The resource `hse.incident`; a wrong key is an error that names the nearest right one."""
        return self.resources[known(key, self.resources, "resource")]

    @property
    def reported(self) -> dict[str, Resource]:
        """What a report can be about: what may be taken along of the resources, and the ledgers."""
        return {**{key: each for key, each in self.resources.items() if each.exportable}, **self.ledgers}

    def of_model(self, model: type) -> Resource | None:
        """The resource that a model belongs to, if any."""
        return next((r for r in self.resources.values() if r.model is model), None)

    def of_table(self, table: str) -> Resource | None:
        """The resource that a table belongs to, if any."""
        return next((r for r in self.resources.values() if r.model.__tablename__ == table), None)  # type: ignore[attr-defined]

    def approval_of(self, action: Action, record: Any) -> Approval:
        """The approval by which an action on a record is agreed: one for all, or that of what the record says."""
        if not action.approval_by:
            return self.approvals[action.approval]
        value = fields_of(type(record))[action.approval_by].value(record)
        return self.approvals[f"{action.approval}.{getattr(value, 'value', value)}"]

    def approvals_of(self, resource: Resource, action: Action) -> list[Approval]:
        """The approvals by which an action is agreed: none, one, or one for each value of the choice that it goes by."""
        return [self.approvals[key] for key in _approval_keys(resource, action)]

    def meant_by(self, field: Field) -> list[Resource]:
        """The resources whose records a field may refer to: people and their groups where both may stand there."""
        return [found for table in field.tables if (found := self.of_table(table)) is not None]

    def __iter__(self) -> Iterator[Resource]:
        return iter(self.resources.values())

    def _approvals_known(self, resource: Resource, action: Action) -> None:
        where = f"{resource.key}: action “{action.name}”"
        if action.approval_by:
            known(action.approval_by, [each.name for each in fields_of(resource.model).values() if each.choices], f"{where}: approval_by")
        for key in _approval_keys(resource, action):
            known(key, self.approvals, f"{where} names the approval")
            if self.approvals[key].modify:
                known(self.approvals[key].modify, [each.name for each in resource.actions if each.form], f"approval {key}: modify")

    def _tile(self, tile: Tile) -> None:
        check_tile(tile, self.resources)
        if not tile.resource:
            return
        resource = self.resources[tile.resource]
        measured = tile.measure.partition(":")[2]
        for word, name, among in (("by", tile.by, fields_of(resource.model)), ("split", tile.split, fields_of(resource.model)),
                                  ("measure", measured, fields_of(resource.model)), ("dated", tile.dated, resource.filters)):
            if name:
                known(name, among, f"tile {tile.key}: {word}")

    def _resource(self, module: Module, resource: Resource) -> Resource:
        model = resource.model
        name = resource.key or getattr(model, "__record_name__", model.__name__.lower())
        resource = replace(
            resource,
            key=f"{module.name}.{name}",
            module=module.name,
            label=resource.label or getattr(model, "__label__", model.__name__),
            plural=resource.plural or getattr(model, "__plural__", f"{model.__name__}s"),
            slug=resource.slug or getattr(model, "__slug__", f"{name}s"),
            icon=resource.icon or module.icon,
        )
        fields = fields_of(model)
        named = {
            "columns": resource.columns,
            "filters": resource.filters,
            "search": tuple(resource.search),
            "facts": resource.facts,
            "form": tuple(n for names in resource.form.values() for n in names),
            "bulk_edit": resource.bulk_edit,
            "import_key": (resource.import_key,) if resource.import_key else (),
            "sort": (resource.sort.removeprefix("-"),),
            "title": (resource.title,),
            "subtitle": resource.subtitle,
            "snapshot": resource.snapshot,
            "tally": (resource.tally,) if resource.tally else (),
            "waits": resource.waits[:1] if resource.waits else (),
            "create_missing": resource.create_missing,
        }
        for word, names in named.items():
            for each in names:
                known(each, {**fields, **dict.fromkeys(BUILT_IN)}, f"{resource.key}: {word}")
        for weight in resource.search.values():
            known(weight, "ABCD", f"{resource.key}: search weight")
        for field in fields.values():
            self._shown_when(resource, field, fields)
        if resource.duty:
            for each in (resource.duty.owner, resource.duty.due, *resource.duty.open):
                known(each, fields, f"{resource.key}: duty")
        seen: set[str] = set()
        for action in resource.actions:
            self._action(resource, action, seen)
        if not resource.facts:
            resource = replace(resource, facts=tuple(fields))
        index_declared(resource, fields)
        return resource

    def _shown_when(self, resource: Resource, field: Field, fields: dict[str, Field]) -> None:
        """What a field hangs on is a choice of the same record; where it is not asked for it has to stay empty."""
        if field.shown_when is None:
            return
        name, codes = field.shown_when
        where = f"{resource.key}: {field.name}: shown_when"
        choices = {each.name: each.choices for each in fields.values() if each.choices is not None}
        for code in codes:
            known(code, [entry.value for entry in choices[known(name, choices, where)]], where)
        for code in field.needed_when:
            known(code, codes, where.replace("shown_when", "needed_when"))
        if field.required:
            raise DeclarationError(f"{where}: a field that is needed always cannot hang on “{name}”; say required=False.")

    def _searched_names(self, resource: Resource) -> None:
        """A record can be found by the name of another one only if that has a name of its own."""
        fields = fields_of(resource.model)
        for name in resource.search:
            if name not in fields or fields[name].kind != "reference":
                continue
            other = self.of_table(fields[name].reference)
            if other is None or fields_of(other.model).get(other.title) is None or fields_of(other.model)[other.title].kind != "text":
                raise DeclarationError(f"{resource.key}: search: “{name}” refers to records that have no name to be found by.")

    def _action(self, resource: Resource, action: Action, seen: set[str]) -> None:
        if action.name in RESERVED_ACTIONS or action.name in seen:
            raise DeclarationError(f"{resource.key}: the action “{action.name}” is taken; choose another verb.")
        if not callable(action.service):
            raise DeclarationError(f"{resource.key}: the action “{action.name}” needs a service that can be called.")
        seen.add(action.name)

    def _unused(self, name: str, among: dict[str, Any], what: str) -> None:
        if name in among:
            raise DeclarationError(f"There are two {what}s called “{name}”; one name, one {what}.")


def known(word: str, among: Iterable[str], where: str) -> str:
    """`word`, if it is among those known; otherwise an error that names the nearest right one."""
    names = list(among)
    if word in names:
        return word
    near = get_close_matches(word, names, n=1, cutoff=0.4)
    hint = f" Did you mean “{near[0]}”?" if near else f" Known: {', '.join(sorted(names)) or 'none'}."
    raise DeclarationError(f"{where}: “{word}” is not known.{hint}")


def index_declared(resource: Resource, fields: dict[str, Field]) -> None:
    """Give each declared filter and sortable column its index, led by the organisation and ended by the key."""
    table = resource.model.__table__  # type: ignore[attr-defined]
    present = {tuple(c.name for c in index.columns) for index in table.indexes}
    for name in dict.fromkeys(
        (*resource.columns, *resource.filters, resource.sort.removeprefix("-"), *filter(None, (resource.import_key,)))
    ):
        described = fields.get(name)
        if described is not None and (
            described.kind in ("long_text", "decimal", "file") or not (described.sortable or name in resource.filters)
        ):
            continue
        column = described.key_attribute if described else name
        wanted = ("organisation_id", column, "id")
        if column in table.c and wanted not in present:
            list_index(table, table.c[column])


registry = Registry()


def load(package: str, only: str = "manifest") -> list[Module]:
    """Import every `manifest.py` below a package, in the order of their names; gives the modules found."""
    found = []
    root = importlib.import_module(package)
    for path in root.__path__:
        for entry in sorted(pkgutil.iter_modules([path]), key=lambda e: e.name):
            if entry.ispkg and (Path(path) / entry.name / f"{only}.py").exists():
                loaded = importlib.import_module(f"{package}.{entry.name}.{only}")
                module = getattr(loaded, "module", None)
                if isinstance(module, Module):
                    found.append(module)
    return found


def _approval_keys(resource: Resource, action: Action) -> list[str]:
    if not action.approval or not action.approval_by:
        return [action.approval] if action.approval else []
    return [f"{action.approval}.{entry.value}" for entry in fields_of(resource.model)[action.approval_by].choices or ()]
