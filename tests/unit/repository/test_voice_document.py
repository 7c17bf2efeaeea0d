"""docs/voice.md tells of every setting of the hotline, and its examples can be used as they stand."""

import re
from pathlib import Path

import pytest
import yaml
from pydantic import BaseModel

from integrations.voice.configuration import Hotline

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs" / "voice.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```yaml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


def names_of(model: type[BaseModel]) -> set[str]:
    """The names of a section's settings, those of its sections too."""
    names = set(model.model_fields)
    for field in model.model_fields.values():
        for kind in (field.annotation, *getattr(field.annotation, "__args__", ())):
            if isinstance(kind, type) and issubclass(kind, BaseModel):
                names |= names_of(kind)
    return names


def test_every_setting_is_listed_and_no_other() -> None:
    section = PAGE.split("## 2. 全部设置")[1].split("**端口和防火墙**")[0]
    table = [line.split("|") for line in section.splitlines() if line.startswith("| ")]
    listed = {name for row in table for name in re.findall(r"`([a-z_]+)[`:]", row[1])}
    inside = next(row[3] for row in table if row[1].strip() == "`registration`")
    listed |= set(re.findall(r"`([a-z]+)`", inside))
    assert listed == names_of(Hotline)


@pytest.mark.parametrize("example", EXAMPLES, ids=[example.split("\n", 1)[0][:20] for example in EXAMPLES])
def test_every_example_is_a_hotline(example: str) -> None:
    Hotline.model_validate(yaml.safe_load(example))
