"""Everything that an installation can configure, from the environment (`BOOKBRIDGE_…`) or the command line.

Values only: nothing is opened or connected here. Secrets are SecretStr, so that printing settings shows none.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Final, Self

from pydantic import AnyHttpUrl, BaseModel, Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

PORT_DEFAULT = 8400
PREFIX: Final = "BOOKBRIDGE_"
NESTED: Final = "__"


class Role(StrEnum):
    """What a process does: serve the API and pages, work off jobs, or both."""

    ALL = "all"
    API = "api"
    WORKER = "worker"


class VendorSettings(BaseModel):
    """Our registration at one vendor. `BOOKBRIDGE_VENDORS__GBOL__CLIENT_ID=…` sets that of integration gbol."""

    client_id: str = ""
    client_secret: SecretStr = SecretStr("")
    endpoints: dict[str, str] = Field(default_factory=dict)
    """Overrides of the connector's default URLs, by name."""
    options: dict[str, str] = Field(default_factory=dict)
    """The connector's own options (page_size, scopes, …); its README lists them."""

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        """Half a registration would leave the platform at the sandbox, or be refused by the vendor much later."""
        if bool(self.client_id) != bool(self.client_secret.get_secret_value()):
            raise ValueError("client_id and client_secret go together")
        if self.endpoints and not self.client_id:
            raise ValueError("endpoints need a client_id and a client_secret beside them")
        return self


def default_data_dir() -> Path:
    """Where everything is kept unless told otherwise."""
    return Path(os.environ.get("XDG_DATA_HOME", str(Path.home() / ".local" / "share"))) / "bookbridge"


class Settings(BaseSettings):
    """The configuration of one process."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_nested_delimiter=NESTED, extra="ignore")

    host: str = "127.0.0.1"
    port: int = Field(default=PORT_DEFAULT, ge=0, le=65535)
    base_url: AnyHttpUrl | None = None
    """The address at which browsers and callers reach us; needed behind a proxy."""
    data_dir: Path = Field(default_factory=default_data_dir)
    database_url: SecretStr | None = None
    """PostgreSQL 15 or later. Without it, a server is started and kept in the data directory."""
    role: Role = Role.ALL
    api_key: SecretStr | None = None
    """The first API key; made up and printed when absent. Used only while there is none."""
    secret_keys: SecretStr | None = None
    """`id:base64,id:base64,…`, the first being active; instead of the key file in the data directory."""
    emulators: bool = True
    """Serve the offline sandbox: integrations without credentials of their own point at vendor emulators."""
    emulator_port: int | None = Field(default=None, ge=1, le=65535)
    """Port of the emulators; by default the one after `port`."""
    vendors: dict[str, VendorSettings] = Field(default_factory=dict)
    help_contact: str = ""
    """E-mail address or URL shown on Link pages to people who need help."""
    webhook_private_addresses: bool = False
    """Allow webhooks to private and loopback addresses (a consumer beside us)."""
    platform_wait_s: float = Field(default=4.5, gt=0, le=45)
    """How long a request waits for a platform, for answers that come from there. Callers' libraries give up after 5 s
    unless told otherwise; a write goes on after that, and its outcome stays readable."""
    writes_kept_days: int = Field(default=730, ge=1, le=36_500)
    """How long the history keeps a write after its end, with its story."""
    worker_concurrency: int = Field(default=20, ge=2, le=200)
    metrics_port: int | None = Field(default=None, ge=1, le=65535)
    """Port of `host` at which the worker serves Prometheus metrics of jobs and webhooks; none unless set."""
    log_level: str = "INFO"
    log_json: bool = False

    def vendor(self, key: str) -> VendorSettings:
        """The vendor settings of an integration key, whatever the case it was written in."""
        return next((value for name, value in self.vendors.items() if name.lower() == key.lower()), VendorSettings())


def variable(*path: str | int) -> str:
    """The environment variable of a setting, or of a part of one: `("vendors", "gbol", "client_id")`."""
    return PREFIX + NESTED.join(str(part).upper() for part in path)


def unknown_variables(environment: Mapping[str, str]) -> list[str]:
    """Names in the environment that look like settings of ours and are none, such as misspelt ones."""
    known = {variable(name) for name in Settings.model_fields}
    return sorted(
        name for name in environment if name.upper().startswith(PREFIX) and name.upper().split(NESTED)[0] not in known
    )
