"""Everything that must happen before and right after Rasa is imported, in one place."""

from __future__ import annotations

import os
import warnings

# Numbers of threads: a turn multiplies small matrices, where a second thread costs memory and gains nothing.
ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "RASA_TELEMETRY_ENABLED": "false",
    "SQLALCHEMY_SILENCE_UBER_WARNING": "1",
    "TQDM_DISABLE": "1",
    "LOG_LEVEL": "WARNING",
    "LOG_LEVEL_LIBRARIES": "ERROR",
}


def prepare_rasa() -> None:
    """Make ``import rasa`` safe without TensorFlow, then patch it; harmless when repeated."""
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    os.environ["RASA_TELEMETRY_ENABLED"] = "false"
    from bot.engine import logs, patches, stubs

    with warnings.catch_warnings():
        # Deprecations inside pinned libraries. Filters do not help: one of the libraries resets them when imported.
        warnings.showwarning = lambda *_, **__: None
        stubs.install()
        patches.install()
        import rasa.core.agent  # noqa: F401 - the slow imports happen here, in silence
    logs.configure()
