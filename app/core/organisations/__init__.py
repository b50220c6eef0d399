"""The organisation, its addresses, sites and departments."""

from app.core.organisations.models import Department, Organisation, OrganisationSlug, Site, SiteKind
from app.core.organisations.services import any_exist, exists, found, is_reserved, load_organisation, move, place_of, wrong

__all__ = ["Department", "Organisation", "OrganisationSlug", "Site", "SiteKind", "any_exist", "exists", "found", "is_reserved",
           "load_organisation", "move", "place_of", "wrong"]
