"""The Official Accounts (服务号) of this server, one for each estate, from ``wechat.yml`` (docs/wechat.md)."""

from pathlib import Path
from typing import Literal, Self

from pydantic import AnyHttpUrl, BaseModel, ConfigDict, Field, SecretStr, model_validator

from integrations.tencent.accounts import AccountFile, CallbackSettings, load_accounts
from property_db.pushes.models import PushKind


class Template(BaseModel):
    """One template of the platform.

    Attributes:
        id: the template's id on the platform.
        fields: the template's keyword (such as ``thing2``) to our value (such as ``state``), see docs/wechat.md.
        one_time: it is a one-time subscription template, sent only to who agreed to it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(min_length=1, max_length=80)
    fields: dict[str, str]
    one_time: bool = False


class MenuEntry(BaseModel):
    """One entry of the account's menu: it says something, opens an address, binds a home, or holds entries.

    Attributes:
        says: what the resident says by pressing it.
        opens: an address.
        binds: opens our page for binding a home.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str = Field(min_length=1)
    says: str | None = None
    opens: AnyHttpUrl | None = None
    binds: bool = False
    entries: list["MenuEntry"] = []

    @model_validator(mode="after")
    def _does_one_thing(self) -> Self:
        if sum([self.says is not None, self.opens is not None, self.binds, bool(self.entries)]) != 1:
            raise ValueError("says、opens、binds、entries 要有且只有一项")
        return self


class Account(CallbackSettings):
    """One Official Account.

    Attributes:
        app_id, app_secret: of the account's developer page.
        original_id: the account's original id (gh_…); a message to another one is refused. None: not checked.
        encryption: ``plain`` only for a test account that offers no secure mode; its bodies are not protected.
        templates, one_time_templates: for each kind of news; the one-time one is tried where the other is refused.
        oauth_url: where residents sign in for binding.
        mp_url: where pictures of QR codes are.
    """

    own_id = "app_id"

    app_id: str = Field(pattern=r"^wx[0-9a-f]{16}$")
    app_secret: SecretStr
    original_id: str | None = Field(default=None, pattern=r"^gh_[0-9a-z]{8,20}$")
    encryption: Literal["secure", "plain"] = "secure"
    templates: dict[PushKind, Template] = Field(default_factory=dict)
    one_time_templates: dict[PushKind, Template] = Field(default_factory=dict)
    menu: list[MenuEntry] = Field(default=[], max_length=3)
    api_url: AnyHttpUrl = AnyHttpUrl("https://api.weixin.qq.com")
    oauth_url: AnyHttpUrl = AnyHttpUrl("https://open.weixin.qq.com")
    mp_url: AnyHttpUrl = AnyHttpUrl("https://mp.weixin.qq.com")

    @property
    def key(self) -> str:
        """The account's name in the database: ``wechat:wx…``."""
        return f"wechat:{self.app_id}"


class Accounts(AccountFile[Account]):
    """The file as a whole."""


def load(path: Path) -> dict[str, Account]:
    """The accounts by name; none where there is no file.

    Raises:
        AccountFileWrong: the file cannot be used.
    """
    return load_accounts(path, Accounts)


def external_id(account: Account, open_id: str) -> str:
    """The channel's id of a resident: an openid belongs to one account."""
    return f"{account.app_id}:{open_id}"


def open_id_of(external: str) -> tuple[str, str]:
    """The app id and the openid in a channel's id of a resident."""
    app_id, _, open_id = external.partition(":")
    return app_id, open_id
