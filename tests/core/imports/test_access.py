"""Import and export belong to those who run the work: power users, whose role here is the manager's, and admins."""

from __future__ import annotations

import io

import pytest
from flask import Flask

from app import declare
from app.core import people
from app.kernel.current import SYSTEM, acting
from app.kernel.db import unit_of_work
from app.kernel.manifest import Resource
from app.kernel.registry import registry
from tests.core.imports.conftest import Wizard
from tests.core.stand import Stand

declare()
BUSINESS = [r for r in registry if registry.modules[r.module].section == "business" and r.importable and r.form]
SUPPLIERS = "/procurement/suppliers"


def visitor(app: Flask, stand: Stand, role: str) -> Wizard:
    """Somebody of that role, at the wizard."""
    if role not in stand.actors:
        with acting(stand.organisation, SYSTEM), unit_of_work():
            member_id = people.enrol(f"{role.title()} Person", f"{role}@imports.example", role).id
        with acting(stand.organisation, SYSTEM):
            actor = people.load_actor(stand.organisation, member_id)
        assert actor is not None
        stand.actors[role] = actor
    return Wizard(app, stand, role)


@pytest.mark.requirement("OF-184")
@pytest.mark.parametrize("resource", BUSINESS, ids=lambda r: r.key)
@pytest.mark.parametrize(("role", "status"), [("member", 403), ("approver", 403), ("viewer", 403), ("manager", 200), ("admin", 200)])
def test_import_and_export_open_for_power_users_and_admins_alone(
    app: Flask, stand: Stand, resource: Resource, role: str, status: int
) -> None:
    person, base = visitor(app, stand, role), f"/{resource.module}/{resource.slug}"
    for path in ("import", "import/template.csv", "import/template.xlsx", "export?format=csv", "export?format=xlsx", "export?format=json"):
        assert person.get(f"{base}/{path}").status_code == status, path


@pytest.mark.requirement("OF-184")
def test_a_plain_user_is_refused_at_every_step_and_told_who_may(app: Flask, stand: Stand, wizard: Wizard) -> None:
    url = wizard.check(b"Name,Contact\nAcme,Ann\n", "s.csv", SUPPLIERS)
    plain = visitor(app, stand, "member")
    for path in ("", "map", "errors.csv", "refused.csv", "rollback"):
        assert plain.get(url + path).status_code == 403, path
    home = plain.get(f"{SUPPLIERS}/")
    assert home.status_code == 200
    for path in ("map", "apply", "rollback"):
        assert plain.post(url + path, {}, f"{SUPPLIERS}/").status_code == 403, path
    refused = plain.post(f"{SUPPLIERS}/import", {"file": (io.BytesIO(b"Name\nBeta\n"), "b.csv")}, f"{SUPPLIERS}/")
    assert refused.status_code == 403
    assert "procurement.supplier.import" in refused.text
    assert "Manager" in refused.text
    assert wizard.found(url).state.value == "checked", "nothing came of it"


@pytest.mark.requirement("OF-184")
def test_a_power_user_imports_and_exports(app: Flask, stand: Stand) -> None:
    manager = visitor(app, stand, "manager")
    run = manager.found(manager.run(b"Name,Contact\nAcme,Ann\n", "s.csv", SUPPLIERS))
    assert (run.created_count, run.created_by) == (1, stand.actors["manager"].id)
    assert "Acme" in manager.get(f"{SUPPLIERS}/export?format=csv").text


def test_a_run_of_another_resource_is_not_found(wizard: Wizard) -> None:
    url = wizard.upload(b"Name,Contact\nAcme,Ann\n", "s.csv", SUPPLIERS).headers["Location"]
    assert wizard.get(url.replace(SUPPLIERS, "/procurement/payments")).status_code == 404
