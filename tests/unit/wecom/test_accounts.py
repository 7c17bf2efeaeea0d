"""The account file of the WeCom customer service."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from integrations.tencent.accounts import AccountFileWrong
from integrations.wecom.accounts import external_id, load, parts_of
from tests.unit.wecom.platform import AES_KEY, CORP, KF, account


def _file(folder: Path, **changes: Any) -> Path:
    fields: dict[str, Any] = {
        "name": "cuihu",
        "token": "callbackToken",
        "aes_key": AES_KEY,
        "corp_id": CORP,
        "secret": "not-a-real-secret",
        "open_kfids": ["wkAAAA0001", {"id": "wkAAAA0002", "estate": "JG"}],
        "estate": "CH",
    }
    file = folder / "wecom.yml"
    file.write_text(yaml.safe_dump({"accounts": [fields | changes]}), encoding="utf-8")
    file.chmod(0o600)
    return file


def test_without_a_file_there_are_no_companies(tmp_path: Path) -> None:
    assert load(tmp_path / "wecom.yml") == {}


def test_a_customer_service_account_serves_its_own_estate_or_else_the_companys(tmp_path: Path) -> None:
    company = load(_file(tmp_path))["cuihu"]
    assert [company.estate_of(kf) for kf in company.open_kfids] == ["CH", "JG"]
    assert company.key == f"wecom:{CORP}"
    assert company.api_base == "https://qyapi.weixin.qq.com"


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"corp_id": "wx0123456789abcdef"}, "accounts.0.corp_id"),
        ({"open_kfids": []}, "accounts.0.open_kfids"),
        ({"open_kfids": ["wkAAAA0001", "wkAAAA0001"]}, "accounts.0"),
        ({"open_kfids": ["no account"]}, "accounts.0.open_kfids.0.id"),
        ({"secrett": "x"}, "accounts.0.secrett"),
    ],
)
def test_a_wrong_entry_is_named_with_its_place_in_the_file(tmp_path: Path, change: dict[str, Any], where: str) -> None:
    with pytest.raises(AccountFileWrong) as wrong:
        load(_file(tmp_path, **change))
    assert wrong.value.where == where


def test_a_residents_id_names_the_company_the_account_and_the_resident() -> None:
    assert parts_of(external_id(account(), KF, "wm-1_x")) == (CORP, KF, "wm-1_x")
