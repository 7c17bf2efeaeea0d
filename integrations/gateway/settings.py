"""Settings of the server, from the environment (prefix ``GUANJIA_``) or a ``.env`` file.

Secrets that are not given are generated once into the data folder with owner-only permissions; in production mode
they have to be given or generated, never defaulted (docs/operations.md).
"""

import contextlib
import os
import secrets
import tempfile
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, AnyHttpUrl, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

SECRET_BYTES = 32
SHORTEST_SECRET = 32


def _long_enough(secret: SecretStr | None) -> SecretStr | None:
    if secret is not None and len(secret.get_secret_value()) < SHORTEST_SECRET:
        raise ValueError(f"密钥至少要 {SHORTEST_SECRET} 个字符；不设置则自动生成")
    return secret


Secret = Annotated[SecretStr | None, AfterValidator(_long_enough)]


class Settings(BaseSettings):
    """One server's settings; see docs/operations.md for what each is for."""

    model_config = SettingsConfigDict(env_prefix="GUANJIA_", env_file=".env", extra="ignore")

    mode: Literal["demo", "production"] = "demo"
    company_name: str = "管家物业"
    data_dir: Path = Path("data")
    database_url: str | None = None
    redis_url: str | None = None
    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=0, le=65535)
    engine_url: AnyHttpUrl = AnyHttpUrl("http://127.0.0.1:5005")
    action_secret: Secret = None
    sms_webhook_url: AnyHttpUrl | None = None
    public_url: AnyHttpUrl | None = None
    wechat_file: Path | None = None
    wecom_file: Path | None = None
    hotline_file: Path | None = None
    recogniser_url: AnyHttpUrl | None = None
    recogniser_key: SecretStr | None = None
    recogniser_model: str = "whisper-1"
    speech_url: AnyHttpUrl | None = None
    speech_weights: Path | None = None
    speech_memory_mb: int = Field(default=1600, gt=0)
    speech_cache_mb: int = Field(default=200, ge=0)
    frame_ancestors: str = "'self'"
    secure_cookies: bool = False
    trusted_proxies: str = "127.0.0.1"
    log_format: Literal["console", "json"] = "console"

    # How long a resident waits: measured turns take 0.03 s; a slow disk or a busy engine may take longer.
    apologise_after_seconds: float = Field(default=5.0, gt=0)
    engine_limit_seconds: float = Field(default=60.0, gt=0)
    give_up_after_seconds: float = Field(default=600.0, gt=0)
    upload_limit_bytes: int = Field(default=8 * 1024 * 1024, gt=0)
    text_limit: int = Field(default=2000, gt=0)
    messages_per_minute: int = Field(default=120, gt=0)

    @property
    def demo(self) -> bool:
        """Whether the demo estate, its page and its SMS inbox are on."""
        return self.mode == "demo"

    @property
    def database(self) -> str:
        """The SQLAlchemy URL of the property database (SQLite in the data folder unless one is given)."""
        return self.database_url or f"sqlite+aiosqlite:///{self.data_dir / 'guanjia.db'}"

    @property
    def upload_dir(self) -> Path:
        """Where pictures are kept."""
        return self.data_dir / "uploads"

    @property
    def wechat_accounts_file(self) -> Path:
        """Where the Official Accounts are listed."""
        return self.wechat_file or self.data_dir / "wechat.yml"

    @property
    def wecom_accounts_file(self) -> Path:
        """Where the WeCom customer-service accounts are listed."""
        return self.wecom_file or self.data_dir / "wecom.yml"

    @property
    def hotline_settings_file(self) -> Path:
        """Where the telephone is set up."""
        return self.hotline_file or self.data_dir / "hotline.yml"

    def public(self, path: str) -> str | None:
        """The address of ``path`` as residents reach it; None where the server does not know its own name."""
        return None if self.public_url is None else f"{str(self.public_url).rstrip('/')}/{path.lstrip('/')}"

    @cached_property
    def action_secret_value(self) -> str:
        """The secret that the engine sends with every action call."""
        if self.action_secret is not None:
            return self.action_secret.get_secret_value()
        return generated_secret(self.data_dir / "action_secret")


def generated_secret(path: Path) -> str:
    """Read the secret kept at ``path``, or make it (0600) when there is none; two processes agree on one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        with tempfile.NamedTemporaryFile("w", dir=path.parent, encoding="ascii") as draft:  # made with mode 0600
            draft.write(secrets.token_urlsafe(SECRET_BYTES))
            draft.flush()
            # A link appears with its whole content or not at all, and only the first of two processes makes it.
            with contextlib.suppress(FileExistsError):
                os.link(draft.name, path)
    return path.read_text(encoding="ascii").strip()
