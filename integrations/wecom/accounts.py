"""The companies (企业) whose WeCom customer service (微信客服) this server is, from ``wecom.yml`` (docs/wechat.md)."""

from pathlib import Path
from typing import Any, Self

from pydantic import AnyHttpUrl, BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from integrations.tencent.accounts import AccountFile, CallbackSettings, load_accounts

CHANNEL = "wecom"


class KfAccount(BaseModel):
    """One customer-service account (客服帐号), which residents see as somebody to chat with.

    Attributes:
        id: its ``open_kfid``.
        estate: code of the estate whose residents it serves; None: the one of the company, if any.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(pattern=r"^(wk|kf)[0-9A-Za-z_-]{4,62}$")
    estate: str | None = None


class Account(CallbackSettings):
    """One company.

    Attributes:
        corp_id: of the company (企业 ID).
        secret: of the application that may manage its customer service.
        open_kfids: its customer-service accounts that this server answers; an id alone will do.
    """

    own_id = "corp_id"

    corp_id: str = Field(pattern=r"^ww[0-9a-f]{16}$")
    secret: SecretStr
    open_kfids: list[KfAccount] = Field(min_length=1)
    api_url: AnyHttpUrl = AnyHttpUrl("https://qyapi.weixin.qq.com")

    @field_validator("open_kfids", mode="before")
    @classmethod
    def _id_alone(cls, value: Any) -> Any:
        return [{"id": item} if isinstance(item, str) else item for item in value] if isinstance(value, list) else value

    @model_validator(mode="after")
    def _kf_accounts_differ(self) -> Self:
        if len({kf.id for kf in self.open_kfids}) != len(self.open_kfids):
            raise ValueError("open_kfids 里不能有重复的帐号")
        return self

    @property
    def key(self) -> str:
        """The company's name in the database: ``wecom:ww…``."""
        return f"{CHANNEL}:{self.corp_id}"

    def kf(self, open_kfid: str) -> KfAccount | None:
        """The customer-service account with this id, if it is ours."""
        return next((kf for kf in self.open_kfids if kf.id == open_kfid), None)

    def estate_of(self, kf: KfAccount) -> str | None:
        """Code of the estate that a customer-service account serves."""
        return kf.estate or self.estate


class Accounts(AccountFile[Account]):
    """The file as a whole."""


def load(path: Path) -> dict[str, Account]:
    """The companies by name; none where there is no file.

    Raises:
        AccountFileWrong: the file cannot be used.
    """
    return load_accounts(path, Accounts)


def external_id(account: Account, open_kfid: str, external_userid: str) -> str:
    """The channel's id of a resident: who they are to one customer-service account of one company."""
    return f"{account.corp_id}:{open_kfid}:{external_userid}"


def parts_of(external: str) -> tuple[str, str, str]:
    """The corp id, the ``open_kfid`` and the ``external_userid`` in a channel's id of a resident."""
    corp_id, _, rest = external.partition(":")
    open_kfid, _, user = rest.partition(":")
    return corp_id, open_kfid, user
