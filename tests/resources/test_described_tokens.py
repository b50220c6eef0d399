"""The description of the API says by which tokens, and with which scope, each operation is asked."""

from __future__ import annotations

from app.core.auth.scopes import SCOPES, lacking
from app.resources.openapi import document
from tests.contract.registry import RESOURCES


def test_both_kinds_of_token_are_described() -> None:
    schemes = document()["components"]["securitySchemes"]
    assert {name: (each["type"], each["scheme"], each.get("bearerFormat")) for name, each in schemes.items()} == {
        "token": ("http", "bearer", None), "app": ("http", "bearer", "JWT")}
    assert document()["security"] == [{"token": []}, {"app": []}]


def test_every_operation_names_the_scope_that_the_edge_asks_for() -> None:
    paths, seen = document()["paths"], set()
    for resource in RESOURCES:
        base = f"/{{org}}/{resource.module}/{resource.slug}/"
        for path in (each for each in paths if each.startswith(base)):
            for method in paths[path].keys() & {"get", "post", "patch"}:
                operation = paths[path][method]
                (scope,) = operation["security"][0]["token"]
                permission = operation["description"].removeprefix("Needs ").removesuffix(".")
                narrower = list(SCOPES)[:list(SCOPES).index(scope)]
                assert lacking([scope], permission, method.upper()) == "", path
                assert all(lacking([each], permission, method.upper()) == scope for each in narrower), path
                seen.add(scope)
    assert seen == set(SCOPES)


def test_where_apps_get_their_tokens_needs_none() -> None:
    described = document()["paths"]["/auth/token"]["post"]
    assert described["security"] == []
    sent = described["requestBody"]["content"]["application/json"]["schema"]["properties"]
    assert sent["grant_type"]["enum"] == ["password", "refresh_token", "session", "api_token"]
