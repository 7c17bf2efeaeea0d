"""What the account files of WeChat and WeCom have in common: reading them, and saying clearly what is wrong in them."""

import re
import stat
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self

import yaml
from pydantic import (
    AfterValidator,
    AnyHttpUrl,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    model_validator,
)

_AES_KEY = re.compile(r"[A-Za-z0-9]{43}")
_TOKEN = re.compile(r"[A-Za-z0-9]{3,32}")


class AccountFileWrong(Exception):
    """The account file cannot be used.

    Attributes:
        where: the path in the file, such as ``accounts.0.aes_key``; empty for the file as a whole.
        reason: why, in Chinese, never with a value of the file in it.
    """

    def __init__(self, path: Path, where: str, reason: str) -> None:
        super().__init__(f"{path}: {where}: {reason}")
        self.path = path
        self.where = where
        self.reason = reason


def _aes_key(key: SecretStr) -> SecretStr:
    if not _AES_KEY.fullmatch(key.get_secret_value()):
        raise ValueError("要 43 个字母或数字，请从公众平台原样复制")
    return key


def _token(token: SecretStr) -> SecretStr:
    if not _TOKEN.fullmatch(token.get_secret_value()):
        raise ValueError("要 3 到 32 个字母或数字，与公众平台上填的一致")
    return token


AesKey = Annotated[SecretStr, AfterValidator(_aes_key)]
CallbackToken = Annotated[SecretStr, AfterValidator(_token)]
AccountName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")]
Network = IPv4Network | IPv6Network


class CallbackSettings(BaseModel):
    """One account's side of the callback: its address is ``/wechat/{name}`` or ``/wecom/{name}``.

    Attributes:
        name: in addresses and commands; lower case, digits, hyphens.
        estate: code of the estate (``property_db``) that this account belongs to; None where a company has only one.
        token, aes_key: as entered on the platform's page of the callback.
        previous_aes_key: while the key is changed: the one before, still accepted, and used for answers to what came
            with it.
        callback_addresses: who may call: anybody who has the keys, only the platform's own addresses (asked of it once
            a day), or a list of networks.
        replay_window_seconds: a request whose timestamp is further away than this is refused.
        api_url: another address of the platform, for its test peer.
        own_id: the field with the platform's own id of the account.
    """

    own_id: ClassVar[str]

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: AccountName
    estate: str | None = None
    token: CallbackToken
    aes_key: AesKey
    previous_aes_key: AesKey | None = None
    callback_addresses: Literal["any", "platform"] | list[Network] = "any"
    replay_window_seconds: int = Field(default=300, ge=10, le=3600)
    api_url: AnyHttpUrl

    @property
    def aes_keys(self) -> tuple[str, ...]:
        """The key for what we begin, then the one before."""
        keys = [self.aes_key, self.previous_aes_key]
        return tuple(key.get_secret_value() for key in keys if key is not None)

    @property
    def api_base(self) -> str:
        """The platform's address without a slash at the end."""
        return str(self.api_url).rstrip("/")


class AccountFile[A: CallbackSettings](BaseModel):
    """An account file as a whole; names and own ids are each account's alone."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    accounts: list[A] = Field(min_length=1)

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        own_id = self.accounts[0].own_id
        for name in ("name", own_id):
            if len({getattr(account, name) for account in self.accounts}) != len(self.accounts):
                raise ValueError(f"name 和 {own_id} 不能重复")
        return self


def load_accounts[A: CallbackSettings](path: Path, model: type[AccountFile[A]]) -> dict[str, A]:
    """The accounts of a file by name; none where there is no file.

    Raises:
        AccountFileWrong: the file cannot be used.
    """
    loaded = load_file(path, model)
    return {} if loaded is None else {account.name: account for account in loaded.accounts}


def load_file[T: BaseModel](path: Path, model: type[T]) -> T | None:
    """Read an account file; None where there is none.

    Raises:
        AccountFileWrong: it is open to others, no YAML, or not what ``model`` wants.
    """
    if not path.is_file():
        return None
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise AccountFileWrong(path, "", "文件里有密钥，却能被其他用户读取，请运行 chmod 600")
    try:
        raw: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        raise AccountFileWrong(path, f"第 {mark.line + 1} 行" if mark else "", "不是有效的 YAML 文件") from None
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise AccountFileWrong(path, where, _reason(first)) from None


def _reason(error: Any) -> str:
    known = {"missing": "缺少这一项", "extra_forbidden": "没有这个设置，请检查拼写"}
    return known.get(error["type"]) or str(error["msg"]).removeprefix("Value error, ")
