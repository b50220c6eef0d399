"""One blueprint per module, from the registry: every address of every resource."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

from flask import Blueprint, Flask

from app.core import tags
from app.kernel.manifest import Resource
from app.kernel.registry import registry
from app.resources import tagging
from app.resources.features import (
    acting,
    api,
    api_bulk,
    api_export,
    attachment,
    detail,
    documenting,
    exporting,
    form,
    importing,
    listing,
    picking,
    wearing,
)

View = Callable[..., Any]


def mount(app: Flask) -> None:
    """Register the pages and the API of everything declared."""
    for module in registry.modules.values():
        for name in module.screens:
            app.register_blueprint(import_module(name).screens)
        if not module.resources:
            continue
        pages = Blueprint(module.name, __name__, url_prefix=f"/<org>/{module.name}")
        machine = Blueprint(f"api_{module.name}", __name__, url_prefix=f"/api/v1/<org>/{module.name}")
        for resource in module.resources:
            _pages(pages, resource)
            _api(machine, resource)
        app.register_blueprint(pages)
        app.register_blueprint(machine)


def _add(
    blueprint: Blueprint, resource: Resource, rule: str, name: str, view: View, methods: tuple[str, ...] = ("GET",), needs: str = "view"
) -> None:
    def endpoint(**values: Any) -> Any:
        return view(resource, **values)

    endpoint.__name__ = f"{resource.name}_{name}"
    endpoint.needs = resource.choosing if needs == "choose" else resource.permission(needs)  # type: ignore[attr-defined]
    endpoint.limit = getattr(view, "limit", None)  # type: ignore[attr-defined]
    blueprint.add_url_rule(f"/{resource.slug}/{rule}", endpoint.__name__, endpoint, methods=list(methods))


def _pages(pages: Blueprint, resource: Resource) -> None:
    _add(pages, resource, "", "list", listing.show_list)
    _add(pages, resource, "pick", "pick", picking.show_picks, needs="choose")
    if resource.exportable:
        _add(pages, resource, "export", "export", exporting.export, ("GET", "POST"), "export")
        if resource.menu:
            _add(pages, resource, "documents", "documents", documenting.of_list, needs="export")
            _add(pages, resource, "<reference>/documents", "record_documents", documenting.of_record, needs="export")
    if resource.form and resource.creatable:
        _add(pages, resource, "new", "new", form.show_new, needs="create")
        _add(pages, resource, "new", "create", form.save_new, ("POST",), "create")
        _add(pages, resource, "validate/<name>", "validate", form.validate, ("POST",), "create")
        _add(pages, resource, "draft", "draft", form.keep_draft, ("POST",), "create")
        if resource.importable:
            importing.add_routes(lambda *arguments, **options: _add(pages, resource, *arguments, **options))
    _add(pages, resource, "<reference>/", "detail", detail.show_detail)
    _add(pages, resource, "<reference>/history", "history", detail.show_history)
    if resource.form and resource.editable:
        _add(pages, resource, "<reference>/validate/<name>", "record_validate", form.validate, ("POST",), "edit")
        _add(pages, resource, "<reference>/edit", "edit", form.show_edit, needs="edit")
        _add(pages, resource, "<reference>/edit", "save", form.save_edit, ("POST",), "edit")
        _add(pages, resource, "<reference>/draft", "record_draft", form.keep_draft, ("POST",), "edit")
        _add(pages, resource, "<reference>/files", "attach", attachment.attach, ("POST",), "edit")
        _add(pages, resource, "<reference>/files/<uuid:file_id>/remove", "detach", attachment.detach, ("POST",), "edit")
        _action(pages, resource, "archive", "archive")
        _action(pages, resource, "restore", "archive")
        if tags.taggable(resource):
            _add(pages, resource, "<reference>/tag", "tag", wearing.retag, ("POST",), "edit")
    for action in resource.actions:
        _action(pages, resource, action.name, action.name)
    if resource.actions or (resource.form and resource.editable):
        _add(pages, resource, "bulk", "bulk", acting.bulk, ("POST",))


def _action(pages: Blueprint, resource: Resource, name: str, needs: str) -> None:
    _add(pages, resource, f"<reference>/{name}", f"{name}_form", lambda r, reference: acting.show_action(r, reference, name), needs=needs)
    _add(pages, resource, f"<reference>/{name}", name, lambda r, reference: acting.do_action(r, reference, name), ("POST",), needs)


def _api(machine: Blueprint, resource: Resource) -> None:
    _add(machine, resource, "", "list", api.api_list)
    _add(machine, resource, "<reference>/", "detail", api.api_detail)
    _add(machine, resource, "<reference>/history", "history", api.api_history)
    if resource.exportable:
        _add(machine, resource, "export", "export", api_export.api_export, needs="export")
        _add(machine, resource, "export/<uuid:job_id>", "exported", api_export.api_exported, needs="export")
    if api_bulk.together(resource):
        _add(machine, resource, "bulk", "bulk", api_bulk.api_bulk, ("POST",))
    if resource.form and resource.creatable:
        _add(machine, resource, "", "create", api.api_create, ("POST",), "create")
    if resource.form and resource.editable:
        _add(machine, resource, "<reference>/", "update", api.api_update, ("PATCH",), "edit")
    for name in (*(a.name for a in resource.actions), *tagging.built_in(resource)):
        _add(
            machine,
            resource,
            f"<reference>/{name}",
            f"act_{name}",
            lambda r, reference, n=name: api.api_act(r, reference, n),
            ("POST",),
            tagging.verb_of(name),
        )
