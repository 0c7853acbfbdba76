"""The environment made into one validated Settings; every fault is listed at start, not met one by one."""

import json
import os
from datetime import time
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import parse_qs, urlsplit

from pydantic import AwareDatetime, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from schemas.schedule import read_times

PREFIX = "kk2:"
"""What all our keys in Redis begin with."""


def _address(url: SecretStr, schemes: tuple[str, ...], expected: str) -> SecretStr:
    """Give the address as it is; raises `ValueError`, which tells nothing of what stands in it."""
    try:
        parts = urlsplit(url.get_secret_value())
        right = parts.scheme in schemes and parts.port != 0
    except ValueError:  # its own words would hold a piece of a password with a / in it
        right = False
    if not right:
        raise ValueError(
            f"expected {expected}, with % and two digits for / : @ % ? # in a password"
        ) from None
    return url


def _proven(broker: SecretStr) -> SecretStr:
    """The address with the demand that a broker by TLS prove who it is: Celery by itself would take any certificate."""
    address = broker.get_secret_value()
    if not address.startswith("rediss://"):
        return broker
    asked = parse_qs(urlsplit(address).query).get("ssl_cert_reqs")
    if asked is None:
        return SecretStr(f"{address}{'&' if '?' in address else '?'}ssl_cert_reqs=required")
    if asked != ["required"]:
        raise ValueError(
            "by TLS the broker proves who it is: leave ssl_cert_reqs out, and name the CA by ssl_ca_certs=PATH"
        )
    return broker


class SettingsError(SystemExit):
    """The environment is wrong: the message lists each fault with the variable's name. Exit status 2."""


class Settings(BaseSettings):
    """What differs from site to site. Each field is the environment variable `KK2_` + its name, or a file of that name
    in the folder that `KK2_SECRETS` names.

    Seconds unless the name says other. Addresses with passwords are never printed.
    """

    model_config = SettingsConfigDict(env_prefix="KK2_", extra="ignore", frozen=True)

    database_url: SecretStr
    owner_url: SecretStr | None = Field(
        default=None,
        description="as DATABASE_URL, of the role that owns the tables: for migrate and restore alone; none: the same role",
    )
    broker_url: SecretStr
    folder: Path = Field(description="everything that is kept on disk: inbox, archive, quarantine, logs")
    fingerprint_key: SecretStr = Field(
        default=SecretStr(""),
        description="keys the fingerprints of payments; empty: a file in the folder, made once",
    )
    inbox: Path | None = None
    archive: Path | None = None
    polling: bool = Field(default=False, description="True on network shares, where inotify sees nothing")
    quiet_time: float = Field(
        default=5.0, ge=0, description="how long a file without an end record must be unchanged"
    )
    scan_interval: float = Field(default=10.0, gt=0)
    file_limit: int = Field(default=512 * 1024 * 1024, gt=0, description="bytes")
    slice_size: int = Field(default=5000, ge=1, le=5000)
    relay_interval: float = Field(default=5.0, gt=0)
    beat_interval: float = Field(default=10.0, gt=0)
    schedule_import: str = Field(default="05:30 bank days", description="when Visma is asked for new cases")
    schedule_fetch: str = Field(default="05:00", description="when Visma is asked for payments made there")
    schedule_control: str = Field(default="06:00", description="when the cases are compared with Visma")
    schedule_rest: str = Field(
        default="every 3600 s", description="when corrections and repairs are proposed"
    )
    schedule_balance: str = Field(default="04:30", description="when the money check is made")
    balance_replay: int = Field(
        default=5_000, ge=0, description="cases that the money check by the clock splits anew"
    )
    keep_years: int = Field(
        default=5, ge=5, description="whole years after its own that personal data and bank files are kept"
    )
    files_by: time = Field(
        default=time(12, 0),
        description="when the file of an account that has one each bank day is late, in Norway",
    )
    alarm_urls: SecretStr = Field(
        default=SecretStr(""),
        description="to whom alarms are told: addresses of Apprise, one a line or apart by blanks",
    )
    alarm_language: Literal["nb", "en"] = "nb"
    alarm_due: float = Field(default=3_600.0, gt=0, description="work may be due for so long before an alarm")
    alarm_answer: float = Field(default=900.0, gt=0, description="Visma may fail to answer for so long")
    alarm_parked: int = Field(default=5, ge=0, description="days that something may wait for a person")
    alarm_calm: float = Field(
        default=300.0, ge=0, description="an alarm is over when its condition has not held for so long"
    )
    alarm_retry: float = Field(
        default=30.0,
        gt=0,
        description="before a message is tried again; twice as long each time, up to an hour",
    )
    guard_interval: float = Field(default=15.0, gt=0)
    control_window: int = Field(
        default=60, ge=1, description="days back that the control looks, and further where something is open"
    )
    control_patience: int = Field(
        default=3, ge=0, description="bank days after which a voucher must be posted in Visma"
    )
    ring_again_after: float = Field(default=30.0, gt=0)
    ring_anyway_after: float = Field(default=900.0, gt=0)
    visibility_timeout: int = Field(default=900, ge=1)
    session_idle: float = Field(
        default=1_800.0, gt=0, description="a session ends after so long without a look"
    )
    session_whole: float = Field(default=43_200.0, gt=0, description="and after so long whatever happens")
    console_url: str = Field(
        default="",
        description="how a browser reaches the console, as https://kk2.example.no: the sign-in service leads back there, and alarms link there",
    )
    oidc_issuer: str = Field(
        default="", description="the sign-in service (OpenID Connect); empty: passwords alone"
    )
    oidc_client_id: str = ""
    oidc_client_secret: SecretStr = SecretStr("")
    oidc_roles: Annotated[dict[str, list[str]], NoDecode] = Field(
        default={}, description='the roles of each group there, as {"kk2-admins": ["admin"]}'
    )
    oidc_groups_claim: str = Field(default="groups", description="where the id token has the groups")
    oidc_name_claim: str = Field(default="preferred_username", description="what a new user is called here")
    oidc_scope: str = "openid profile email"
    flower_url: str = Field(
        default="http://127.0.0.1:5555",
        description="where the console finds Flower, to show it behind its sign-in",
    )
    flower_auth: SecretStr = Field(default=SecretStr(""), description="Flower's USER:PASSWORD")
    training: bool = Field(
        default=False, description="True where no money of anybody moves: each page says so"
    )
    shown_at: AwareDatetime | None = Field(
        default=None,
        description="the moment that a training console shows as its start; only how it is shown",
    )
    log_level: str = "INFO"

    @field_validator("database_url", "owner_url")
    @classmethod
    def _postgresql(cls, url: SecretStr | None) -> SecretStr | None:
        expected = "postgresql+psycopg://USER:PASSWORD@HOST:PORT/NAME"
        return None if url is None else _address(url, ("postgresql+psycopg",), expected)

    @field_validator("broker_url")
    @classmethod
    def _redis(cls, url: SecretStr) -> SecretStr:
        schemes = ("redis", "rediss", "redis+socket")
        return _proven(_address(url, schemes, "redis://… or rediss://…, a Redis 6.2 or newer, or Valkey"))

    @field_validator(
        "schedule_import", "schedule_fetch", "schedule_control", "schedule_rest", "schedule_balance"
    )
    @classmethod
    def _times(cls, times: str) -> str:
        read_times(times)
        return times

    @field_validator("oidc_roles", mode="before")
    @classmethod
    def _groups(cls, written: object) -> object:
        try:
            return json.loads(written) if isinstance(written, str) else written
        except ValueError:
            raise ValueError(
                'expected JSON, as {"kk2-admins": ["admin"], "finance": ["clerk", "operator"]}'
            ) from None

    @property
    def inbox_folder(self) -> Path:
        """Where the bank's files are dropped."""
        return self.inbox or self.folder / "inbox"

    @property
    def archive_folder(self) -> Path:
        """Where originals are kept for ever, by their sha256."""
        return self.archive or self.folder / "archive"

    @property
    def quarantine_folder(self) -> Path:
        """Where files go that could not be read, each with its reason beside it."""
        return self.folder / "quarantine"

    @property
    def uploads_folder(self) -> Path:
        """Where what a person sends to the console lies while it is looked at."""
        return self.folder / "uploads"


@lru_cache(maxsize=1)
def settings() -> Settings:
    """Read the environment once; raises `SettingsError` with every fault in one message."""
    try:
        return Settings(_secrets_dir=os.environ.get("KK2_SECRETS"))  # type: ignore[call-arg]
    except ValidationError as errors:
        lines = [
            f"  KK2_{'_'.join(map(str, e['loc'])).upper()}: {e['msg']}"
            for e in errors.errors(include_input=False)
        ]
        message = "the environment is not complete; set these and start again:\n" + "\n".join(lines)
        raise SettingsError(message) from None
