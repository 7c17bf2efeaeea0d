"""Builds the two front ends while the project is installed (wheels and editable installs alike).

A front end whose sources did not change since its last build is left alone; ``GUANJIA_SKIP_FRONTENDS=1`` leaves both.
"""

import os
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class FrontEndBuildHook(BuildHookInterface[Any]):
    """Fills integrations/{webchat,desk}/dist before hatchling collects the files."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build what is out of date."""
        # A build runs with its own packages only; this one module of the project needs no other.
        sys.path.insert(0, self.root)
        from integrations import frontends

        # Git ignores the built pages, and hatchling leaves out what git ignores.
        build_data["artifacts"].extend(f"integrations/{name}/dist" for name in frontends.NAMES)
        if os.environ.get("GUANJIA_SKIP_FRONTENDS") != "1":
            for sources in frontends.sources_of(Path(self.root)).values():
                frontends.build(sources)
