"""A sign-in service (OpenID Connect) for the tests: real HTTP on the loopback, real keys, and answers that can be made wrong."""

import base64
import hashlib
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

CLIENT, SECRET = "kk2-console", "the client's secret"


@dataclass
class SignInService:
    """The service, and what the next person who signs in is. `wrong` goes over the id token's claims."""

    address: str
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "first", "use": "sig"}))
    person: dict[str, Any] = field(
        default_factory=lambda: {"sub": "s-1", "preferred_username": "kari", "groups": []}
    )
    wrong: dict[str, Any] = field(default_factory=dict)
    signs_with: tuple[str, RSAKey | OctKey | None] | None = None
    error: dict[str, str] = field(default_factory=dict)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def authorized(self, query: dict[str, str]) -> str:
        """Where the browser goes after a person has signed in here; the code is bound to the question."""
        back = query["redirect_uri"]
        if self.error:
            return f"{back}?{urlencode({**self.error, 'state': query['state']})}"
        code = f"code-{len(self.codes)}"
        self.codes[code] = query
        return f"{back}?{urlencode({'code': code, 'state': query['state']})}"

    def token(self, form: dict[str, str], authorization: str) -> tuple[int, dict[str, Any]]:
        """Take a code, once, from the client that has the secret and the verifier."""
        asked = self.codes.pop(form.get("code", ""), None)
        client = base64.b64decode(authorization.removeprefix("Basic ")).decode()
        challenge = base64.urlsafe_b64encode(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
        if client != f"{CLIENT}:{SECRET}":
            return 401, {"error": "invalid_client"}
        if (
            asked is None
            or asked["code_challenge"] != challenge.rstrip(b"=").decode()
            or asked["code_challenge_method"] != "S256"
            or asked["redirect_uri"] != form["redirect_uri"]
        ):
            return 400, {"error": "invalid_grant", "error_description": "<script>alert(1)</script>"}
        now = int(time.time())
        claims = {"iss": self.address, "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": asked["nonce"]}
        algorithm, key = self.signs_with or ("RS256", self.key)
        signed = _signed(algorithm, key, {**claims, **self.person, **self.wrong})
        return 200, {"access_token": "a", "token_type": "Bearer", "expires_in": 300, "id_token": signed}

    def metadata(self) -> dict[str, Any]:
        """What the service says of itself."""
        return {
            "issuer": self.address,
            "authorization_endpoint": f"{self.address}/authorize",
            "token_endpoint": f"{self.address}/token",
            "jwks_uri": f"{self.address}/keys",
            "response_types_supported": ["code"],
        }


def _signed(algorithm: str, key: RSAKey | OctKey | None, claims: dict[str, Any]) -> str:
    header = {"alg": algorithm, "kid": key.kid if key else "first"}
    if key is not None:
        return jwt.encode(header, claims, key, algorithms=[algorithm])
    parts = (
        base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in (header, claims)
    )
    return ".".join((*parts, ""))


@contextmanager
def sign_in_service() -> Iterator[SignInService]:
    """Serve one on a free port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            service.asked.append(parts.path)
            if parts.path == "/.well-known/openid-configuration":
                self._answer(200, service.metadata())
            elif parts.path == "/keys":
                self._answer(200, {"keys": [service.key.as_dict(private=False)]})
            elif parts.path == "/authorize":
                self.send_response(302)
                self.send_header("Location", service.authorized(dict(parse_qsl(parts.query))))
                self.end_headers()

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            form = {name: values[0] for name, values in parse_qs(body).items()}
            self._answer(*service.token(form, self.headers.get("Authorization", "")))

        def _answer(self, status: int, body: dict[str, Any]) -> None:
            written = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(written)))
            self.end_headers()
            self.wfile.write(written)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    service = SignInService(f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield service
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
