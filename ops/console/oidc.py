"""The site's sign-in service (OpenID Connect): where a visitor is sent, and what its answer proves.

Authorization code with PKCE. What belongs to one try to sign in is derived from one random secret in the browser's cookie,
so that nothing of it is stored here and no other browser can end what this one began.
"""

import hashlib
import hmac
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from threading import BoundedSemaphore, Lock
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

from authlib.common.errors import AuthlibBaseError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry
from requests.exceptions import RequestException

from ops.access import Role
from ops.repairs.elsewhere import Proven
from workers.settings import Settings, SettingsError

CALLBACK = "/sign-in/oidc/callback"
_SIGNED_BY = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"]
"""By a key that the service alone has: neither `none`, nor what the client's secret could sign."""
_LEEWAY = 60  # seconds that two clocks may differ
_FRESH = 3600.0  # seconds after which the service is asked anew what it has
_REST = 5.0  # seconds after which a service that did not answer is asked again
_AT_ONCE = BoundedSemaphore(16)  # who waits for the service must not take every thread of the console
_PATIENCE = (3.05, 10.0)  # seconds to connect, and to answer


class Away(Exception):  # noqa: N818 - the world does not answer; said to a person
    """The sign-in service does not answer, or not as one."""


class NotProven(Exception):  # noqa: N818 - answered with the door
    """What the service answered does not hold; the message is its kind, for the log."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try to sign in, known by its secret: what goes to the service, and must come back from it."""

    secret: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)

    @property
    def state(self) -> str:
        """Comes back with the browser."""
        return self._derived("state")

    @property
    def nonce(self) -> str:
        """Comes back signed."""
        return self._derived("nonce")

    @property
    def verifier(self) -> str:
        """Proves that who asks for the token is who began (PKCE)."""
        return self._derived("verifier")

    def _derived(self, what: str) -> str:
        made = hmac.digest(self.secret.encode(), what.encode(), hashlib.sha256)
        return urlsafe_b64encode(made).rstrip(b"=").decode()


@dataclass(slots=True)
class Service:
    """The sign-in service as the site is known there. `roles`: those of each group; `console`: how a browser reaches us."""

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    console: str
    roles: Mapping[str, frozenset[Role]]
    groups_claim: str = "groups"
    name_claim: str = "preferred_username"
    scope: str = "openid profile email"
    _known: dict[str, Any] = field(default_factory=dict, init=False, repr=False)
    _known_at: float = field(default=0.0, init=False, repr=False)
    _rests_until: float = field(default=0.0, init=False, repr=False)
    _lock: Lock = field(default_factory=Lock, init=False, repr=False)

    def leads_to(self, attempt: Attempt) -> str:
        """Give the address where the visitor signs in. Raises `Away`."""
        known = self._metadata()
        with self._session(known) as session:
            address, _ = session.create_authorization_url(
                known["authorization_endpoint"],
                state=attempt.state,
                nonce=attempt.nonce,
                code_verifier=attempt.verifier,
            )
        return str(address)

    def proves(self, attempt: Attempt, code: str) -> Proven:
        """Take the code to the service, and give whom its signed answer is about. Raises `Away` and `NotProven`."""
        known = self._metadata()
        if not _AT_ONCE.acquire(blocking=False):
            raise Away("too many at once")
        try:
            token = self._token(known, attempt, code)
        finally:
            _AT_ONCE.release()
        return self._proven(self._claims(known, attempt, token))

    def _token(self, known: Mapping[str, Any], attempt: Attempt, code: str) -> Mapping[str, Any]:
        try:
            with self._session(known) as session:
                found: Mapping[str, Any] = session.fetch_token(
                    known["token_endpoint"],
                    grant_type="authorization_code",
                    code=code,
                    code_verifier=attempt.verifier,
                    redirect_uri=self.console + CALLBACK,
                    allow_redirects=False,
                )
        except AuthlibBaseError:
            raise NotProven("the code was not taken") from None
        except (RequestException, ValueError) as error:
            raise Away(type(error).__name__) from None
        return found

    def _claims(self, known: Mapping[str, Any], attempt: Attempt, token: Mapping[str, Any]) -> CodeIDToken:
        written = str(token.get("id_token") or "")
        registry = JWSRegistry(algorithms=_SIGNED_BY, strict_check_header=False)
        try:
            try:
                signed = jwt.decode(written, self._keys(known), registry=registry)
            except InvalidKeyIdError:  # the service has changed its keys
                signed = jwt.decode(written, self._keys(self._metadata(anew=True)), registry=registry)
            claims = CodeIDToken(
                signed.claims,
                signed.header,
                {
                    "iss": {"essential": True, "value": self.issuer},
                    "aud": {"essential": True, "value": self.client_id},
                },
                {
                    "nonce": attempt.nonce,
                    "client_id": self.client_id,
                    "access_token": token.get("access_token"),
                },
            )
            claims.validate(leeway=_LEEWAY)
        except (JoseError, ValueError, TypeError) as error:
            raise NotProven(type(error).__name__) from None
        return claims

    def _proven(self, claims: Mapping[str, Any]) -> Proven:
        given = claims.get(self.groups_claim)
        groups = [given] if isinstance(given, str) else given if isinstance(given, list) else []
        roles = (self.roles.get(group, frozenset()) for group in groups if isinstance(group, str))
        subject, name = claims["sub"], claims.get(self.name_claim)
        if not isinstance(subject, str) or not subject:
            raise NotProven("sub")
        return Proven(
            self.issuer, subject, name if isinstance(name, str) else "", frozenset[Role]().union(*roles)
        )

    def _keys(self, known: Mapping[str, Any]) -> KeySet:
        usable = [
            key for key in known["keys"] if key.get("kty") in {"RSA", "EC"} and key.get("use", "sig") == "sig"
        ]
        return KeySet.import_key_set({"keys": usable})

    def _session(self, known: Mapping[str, Any]) -> OAuth2Session:
        methods = known.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        basic = "client_secret_basic" in methods
        return OAuth2Session(
            self.client_id,
            self.client_secret,
            scope=self.scope,
            redirect_uri=self.console + CALLBACK,
            code_challenge_method="S256",
            token_endpoint_auth_method="client_secret_basic" if basic else "client_secret_post",
            default_timeout=_PATIENCE,
        )

    def _metadata(self, *, anew: bool = False) -> dict[str, Any]:
        """Give what the service says of itself, and its keys; asked once an hour, or anew for a key that is not among them."""
        with self._lock:
            if anew or not self._known or monotonic() - self._known_at > _FRESH:
                if monotonic() < self._rests_until:
                    raise Away("just now")
                self._rests_until = monotonic() + _REST
                self._known, self._known_at = self._asked(), monotonic()
                self._rests_until = 0.0
            return self._known

    def _asked(self) -> dict[str, Any]:
        with self._session({}) as session:
            known = _json(session, f"{self.issuer.rstrip('/')}/.well-known/openid-configuration")
            if known.get("issuer") != self.issuer:
                raise Away("another issuer")
            for endpoint in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
                if not is_safe(known.get(endpoint)):
                    raise Away(endpoint)
            keys = _json(session, known["jwks_uri"]).get("keys")
        if not isinstance(keys, list) or not all(isinstance(key, dict) for key in keys):
            raise Away("jwks")
        return {**known, "keys": keys}


def _json(session: OAuth2Session, address: str) -> dict[str, Any]:
    try:
        answer = session.get(address, withhold_token=True, allow_redirects=False)
        found = answer.json() if answer.status_code == 200 else None
    except (RequestException, ValueError) as error:
        raise Away(type(error).__name__) from None
    if not isinstance(found, dict):
        raise Away(f"status {answer.status_code}")
    return found


def is_safe(address: object) -> bool:
    """Whether an address is https, or on the loopback."""
    parts = urlsplit(address if isinstance(address, str) else "")
    return bool(parts.hostname) and (
        parts.scheme == "https"
        or (parts.scheme == "http" and parts.hostname in {"127.0.0.1", "localhost", "::1"})
    )


def service(site: Settings) -> Service | None:
    """Give the site's sign-in service, None for a site without one. Raises `SettingsError` with every fault."""
    if not site.oidc_issuer:
        return None
    strange = sorted({role for roles in site.oidc_roles.values() for role in roles} - set(Role))
    faults = [
        f"  KK2_{name}: {what}"
        for name, well, what in (
            ("OIDC_ISSUER", is_safe(site.oidc_issuer), "expected https://…, as the service says it itself"),
            ("OIDC_CLIENT_ID", site.oidc_client_id, "what the service calls this console"),
            (
                "OIDC_CLIENT_SECRET",
                site.oidc_client_secret.get_secret_value(),
                "the secret that the service gave it",
            ),
            ("OIDC_ROLES", site.oidc_roles, 'the roles of each group, as {"kk2-admins": ["admin"]}'),
            ("OIDC_ROLES", not strange, f"no such role: {', '.join(strange)}; there are {', '.join(Role)}"),
            (
                "CONSOLE_URL",
                is_safe(site.console_url),
                "expected https://…, as a browser reaches the console",
            ),
        )
        if not well
    ]
    if faults:
        raise SettingsError(
            "the sign-in service is not complete; set these and start again:\n" + "\n".join(faults)
        )
    return Service(
        site.oidc_issuer,
        site.oidc_client_id,
        site.oidc_client_secret.get_secret_value(),
        site.console_url.rstrip("/"),
        {group: frozenset(Role(role) for role in roles) for group, roles in site.oidc_roles.items()},
        site.oidc_groups_claim,
        site.oidc_name_claim,
        site.oidc_scope,
    )
