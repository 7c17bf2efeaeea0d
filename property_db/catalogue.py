"""Chinese texts and default content kept beside the code as YAML, read once."""

from functools import cache
from pathlib import Path
from typing import Any

import yaml

_ROOT = Path(__file__).parent


@cache
def load(name: str) -> Any:
    """Return the parsed YAML file `name`, a path inside this package such as `tickets/texts.yml`.

    The value is shared: do not change it.
    """
    with (_ROOT / name).open(encoding="utf-8") as file:
        # The C parser of libyaml is ten times faster, which every start feels.
        return yaml.load(file, Loader=yaml.CSafeLoader)
