"""Signing in through one's organisation: OpenID Connect, SAML, LDAP; members made at their first sign-in; roles from groups."""

from app.core.sso.models import Domain, Provider, ProviderGroup

__all__ = ["Domain", "Provider", "ProviderGroup"]
