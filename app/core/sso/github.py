"""GitHub speaks plain OAuth 2: who somebody is, and which addresses they have proved, is asked of its API."""

from __future__ import annotations

from typing import Any

from app.core.sso.presets import Place
from app.core.sso.vouching import Silent, Vouched
from app.kernel import outgoing


def vouched(place: Place, access_token: str) -> Vouched:
    """The person, with their primary address when it is verified. Raises `Silent`."""
    person = _asked(f"{place.people}/user", access_token)
    addresses = _asked(f"{place.people}/user/emails", access_token)
    if not isinstance(person, dict) or not isinstance(person.get("id"), int) or not isinstance(addresses, list):
        raise Silent("GitHub does not say who it is")
    primary: dict[str, Any] = next((each for each in addresses if isinstance(each, dict) and each.get("primary")), {})
    return Vouched(str(person["id"]), str(primary.get("email") or "").casefold(), primary.get("verified") is True,
                   str(person.get("name") or person.get("login") or ""))


def _asked(url: str, access_token: str) -> Any:
    answer = outgoing.send("GET", url, headers={"Authorization": f"Bearer {access_token}", "Accept": "application/vnd.github+json",
                                                "User-Agent": "OpsFlux"})
    if answer.status != 200:
        raise Silent(f"{url} answered {answer.status}")
    return answer.json()
