"""What `guanjia doctor` looks at in the installation: interpreters, packages, built pages."""

import re
from collections.abc import Iterator
from pathlib import Path

from integrations import frontends
from integrations.cli.findings import Finding, found

_PIN = re.compile(r"^(?P<name>[a-z0-9._-]+)==(?P<version>[^\s;\\]+)(?P<rest>[^\\]*)", re.IGNORECASE)
_DEV_LOCK = "requirements-dev.lock"
_LOCK = "requirements.lock"
_SPEECH_LOCK = "requirements-speech.lock"


def environments(root: Path) -> Iterator[Finding]:
    """Both Python environments: the right version, and what the locks say."""
    for name, folder in (("project", root), ("engine", root / "bot")):
        wanted = (folder / ".python-version").read_text(encoding="ascii").split()[0]
        version = _python_version(folder / ".venv")
        if version is None:
            yield found(f"{name}_environment_missing", path=folder / ".venv")
            continue
        right = version.startswith(f"{wanted}.")
        yield found(f"{name}_python_{'good' if right else 'wrong'}", version=version, wanted=wanted)
        yield _packages(name, folder)


def _python_version(environment: Path) -> str | None:
    """The version an environment was made with; None when it, or the interpreter it points to, is gone."""
    configuration = environment / "pyvenv.cfg"
    if not configuration.is_file() or not (environment / "bin" / "python").exists():
        return None
    found_version = re.search(r"^version(?:_info)? *= *(\S+)", configuration.read_text(encoding="utf-8"), re.MULTILINE)
    return found_version[1] if found_version else None


def _packages(name: str, folder: Path) -> Finding:
    installed = installed_packages(folder / ".venv")
    with_speech = (folder / ".guanjia" / "speech").is_file()
    lock = _DEV_LOCK if "pytest" in installed else _SPEECH_LOCK if with_speech else _LOCK
    wrong = sorted(differences(folder / lock, installed))
    if not wrong:
        return found(f"{name}_packages_good", count=len(installed))
    return found(f"{name}_packages_wrong", count=len(wrong), some="、".join(wrong[:5]))


def installed_packages(environment: Path) -> dict[str, str]:
    """Name (normalised) and version of what is installed."""
    folders = environment.glob("lib/python*/site-packages/*.dist-info")
    pairs = (folder.name.removesuffix(".dist-info").rsplit("-", 1) for folder in folders)
    return {_normal(name): version for name, version in pairs}


def differences(lock: Path, installed: dict[str, str]) -> Iterator[str]:
    """Names of packages that are not as the lock says.

    A pin with a condition (another platform, another Python) may be absent; if it is there, its version counts.
    """
    versions: dict[str, set[str]] = {}
    for line in lock.read_text(encoding="utf-8").splitlines():
        if pin := _PIN.match(line):
            name = _normal(pin["name"])
            versions.setdefault(name, set()).add(pin["version"])
            if name not in installed and ";" not in pin["rest"]:
                yield name
    for name, version in installed.items():
        if name in versions and version not in versions[name]:
            yield name


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def pages(root: Path) -> Iterator[Finding]:
    """The built front ends."""
    for name, sources in frontends.sources_of(root).items():
        built = (sources.parent / "dist" / frontends.STAMP).is_file()
        state = "current" if frontends.is_built(sources) else "old" if built else "missing"
        yield found(f"pages_{state}", name=name)
