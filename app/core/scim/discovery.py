"""What a directory may ask of us, in the words of RFC 7643 (5 to 7): the service, the kinds of resource, their attributes."""

from __future__ import annotations

from typing import Any

from app.core.scim.documents import ENTERPRISE, GROUP, USER

START = "urn:ietf:params:scim:schemas:core:2.0"
MOST = 200  # of a list in one answer
LISTED = "urn:ietf:params:scim:api:messages:2.0:ListResponse"


def service(base: str) -> dict[str, Any]:
    """What is supported."""
    return {
        "schemas": [f"{START}:ServiceProviderConfig"], "patch": {"supported": True},
        "bulk": {"supported": False, "maxOperations": 0, "maxPayloadSize": 0}, "filter": {"supported": True, "maxResults": MOST},
        "changePassword": {"supported": False}, "sort": {"supported": True}, "etag": {"supported": True},
        "authenticationSchemes": [{"type": "oauthbearertoken", "name": "OAuth Bearer Token", "primary": True,
                                   "description": "A token of the organisation: Authorization: Bearer …",
                                   "specUri": "https://www.rfc-editor.org/info/rfc6750"}],
        "meta": {"resourceType": "ServiceProviderConfig", "location": f"{base}/ServiceProviderConfig"},
    }


def kinds(base: str) -> list[dict[str, Any]]:
    """The kinds of resource."""
    def kind(name: str, address: str, schema: str, **more: Any) -> dict[str, Any]:
        return {"schemas": [f"{START}:ResourceType"], "id": name, "name": name, "endpoint": address, "schema": schema, **more,
                "meta": {"resourceType": "ResourceType", "location": f"{base}/ResourceTypes/{name}"}}

    return [kind("User", "/Users", USER, schemaExtensions=[{"schema": ENTERPRISE, "required": False}]), kind("Group", "/Groups", GROUP)]


def schemas(base: str) -> list[dict[str, Any]]:
    """The attributes of each kind."""
    said = ((USER, "User", USER_ATTRIBUTES), (GROUP, "Group", GROUP_ATTRIBUTES), (ENTERPRISE, "EnterpriseUser", ENTERPRISE_ATTRIBUTES))
    return [{"schemas": [f"{START}:Schema"], "id": schema, "name": name, "attributes": attributes,
             "meta": {"resourceType": "Schema", "location": f"{base}/Schemas/{schema}"}} for schema, name, attributes in said]


def _attribute(name: str, kind: str = "string", **said: Any) -> dict[str, Any]:
    found = {"name": name, "type": kind, "multiValued": False, "required": False, "caseExact": False, "mutability": "readWrite",
             "returned": "default", "uniqueness": "none", **said}
    if kind == "complex":
        found.pop("caseExact")
    return found


def _values(name: str, *parts: dict[str, Any], **said: Any) -> dict[str, Any]:
    return _attribute(name, "complex", multiValued=True, subAttributes=[_attribute("value"), *parts], **said)


READ = {"mutability": "readOnly"}
USER_ATTRIBUTES = [
    _attribute("userName", required=True, uniqueness="server"),
    _attribute("name", "complex", subAttributes=[_attribute("formatted"), _attribute("givenName"), _attribute("familyName")]),
    _attribute("displayName"), _attribute("title"), _attribute("preferredLanguage"), _attribute("timezone"),
    _attribute("active", "boolean"),
    _values("emails", _attribute("type", canonicalValues=["work"]), _attribute("primary", "boolean")),
    _values("phoneNumbers", _attribute("type", canonicalValues=["work"])),
    _values("roles", _attribute("primary", "boolean")),
    _values("groups", _attribute("display", **READ), _attribute("type", **READ),
            _attribute("$ref", "reference", referenceTypes=["Group"], **READ), **READ),
]
GROUP_ATTRIBUTES = [
    _attribute("displayName", required=True, uniqueness="server"),
    _values("members", _attribute("display", **READ), _attribute("type", canonicalValues=["User", "Group"]),
            _attribute("$ref", "reference", referenceTypes=["User", "Group"], **READ)),
]
ENTERPRISE_ATTRIBUTES = [
    _attribute("department"),
    _attribute("manager", "complex", subAttributes=[
        _attribute("value"), _attribute("displayName", **READ), _attribute("$ref", "reference", referenceTypes=["User"], **READ)]),
]
