"""Who comes in: identities, passwords, sessions, tokens."""

from app.core.auth.described import PATHS, SCHEMES
from app.core.auth.edge import come_in, go_on, sign_in_url
from app.core.auth.factors.stepping import Way, is_you, recently_proved, require_proof, take_here, vouched_by, weighs
from app.core.auth.forgetting import forget_identity, known_of
from app.core.auth.identities import disable, has_signed_in, identities_for, identity_of, is_somebody, verify_password
from app.core.auth.links import make_link
from app.core.auth.listening import proof_of
from app.core.auth.mails import tell_of_way
from app.core.auth.models import ApiToken, Credential, Identity, UserSession
from app.core.auth.passwords import SHORTEST, set_password
from app.core.auth.scopes import needed as needed_scope
from app.core.auth.secrets import account_mark, hash_password, hash_secret, keyed
from app.core.auth.sessions import end_sessions, open_session, organisations_of, prove_again, seats_of
from app.core.auth.shutting import ends_too
from app.core.auth.signing import opened
from app.core.auth.source import source_address
from app.core.auth.spending import spend
from app.core.auth.tokens import forget_tokens, make_service_token, make_token, revoke_all, revoke_token
from app.core.auth.workspaces import has_agency_access, has_workspace_access, has_workspace_role, is_workspace_owner

__all__ = [
           "PATHS",
           "SCHEMES",
           "SHORTEST",
           "ApiToken",
           "Credential",
           "Identity",
           "UserSession",
           "Way",
           "account_mark",
           "come_in",
           "disable",
           "end_sessions",
           "ends_too",
           "forget_identity",
           "forget_tokens",
           "go_on",
           "has_agency_access",
           "has_signed_in",
           "has_workspace_access",
           "has_workspace_role",
           "hash_password",
           "hash_secret",
           "identities_for",
           "identity_of",
           "is_somebody",
           "is_workspace_owner",
           "is_you",
           "keyed",
           "known_of",
           "make_link",
           "make_service_token",
           "make_token",
           "needed_scope",
           "open_session",
           "opened",
           "organisations_of",
           "proof_of",
           "prove_again",
           "recently_proved",
           "require_proof",
           "revoke_all",
           "revoke_token",
           "seats_of",
           "set_password",
           "sign_in_url",
           "source_address",
           "spend",
           "take_here",
           "tell_of_way",
           "verify_password",
           "vouched_by",
           "weighs",
]
