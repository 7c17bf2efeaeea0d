"""A project with the real `guanjia` script and a pretended `uv` that notes what it is asked to do."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]

UV = r"""#!/bin/sh
[ "$1" != --version ] || { echo "uv ${FAKE_UV_VERSION-0.13.9} (pretended)"; exit; }
folder=$(basename "$PWD")
case "$1 $2" in
    venv*)
        echo "$folder venv" >>"$CALLS"
        mkdir -p .venv/bin
        while [ "$1" != --python ]; do shift; done
        echo "version_info = $2.1" >.venv/pyvenv.cfg
        ln -s /bin/sh .venv/bin/python
        ;;
    "pip sync")
        for lock; do :; done
        echo "$folder sync $lock" >>"$CALLS"
        rm -f .venv/bin/guanjia
        [ ! -e "$CALLS.slow" ] || sleep 0.2
        [ ! -e "$CALLS.kill" ] || { owner=$(readlink .guanjia/setup.lock) && kill -9 "${owner%.*}"; }
        [ ! -e "$CALLS.fail" ] || { echo "no route to the packages"; exit 2; }
        ;;
    "pip install")
        echo "$folder install" >>"$CALLS"
        for page in webchat desk; do mkdir -p "integrations/$page/dist"; echo x >"integrations/$page/dist/.stamp"; done
        printf '#!/bin/sh\necho "uv=$UV venv=${VIRTUAL_ENV-none} in=$PWD"\nprintf "<%%s>\\n" "$@"\n' >.venv/bin/guanjia
        chmod +x .venv/bin/guanjia
        ;;
esac
"""

# A Debian Python without python3-venv: `venv` fails, pip can fill a folder.
PYTHON = r"""#!/bin/sh
case "$*" in
    "-c "*) exit 0 ;;
    "-m venv "*) echo "ensurepip is not available"; exit 1 ;;
    "-m pip install "*)
        echo "pip $*" >>"$CALLS"
        for target; do :; done
        mkdir -p "$target/bin"
        cp "$PRETENDED_UV" "$target/bin/uv"
        ;;
esac
"""


@dataclass
class FrontDoor:
    """The script in a folder of its own."""

    project: Path
    programs: Path
    calls_file: Path

    def start(self, *arguments: str, cwd: Path | None = None, **environment: str) -> "subprocess.Popen[str]":
        """Start it without waiting."""
        own = {
            "PATH": f"{self.programs}:/usr/bin:/bin",
            "CALLS": str(self.calls_file),
            "PRETENDED_UV": str(self.calls_file.with_name("uv")),
            "HOME": str(self.calls_file.parent),
            "LANG": os.environ.get("LANG", "C.UTF-8"),
        }
        return subprocess.Popen(
            [self.project / "guanjia", *arguments],
            cwd=cwd or self.project,
            env=own | environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str, cwd: Path | None = None, **environment: str) -> "subprocess.CompletedProcess[str]":
        """Run it to its end."""
        process = self.start(*arguments, cwd=cwd, **environment)
        out, errors = process.communicate(timeout=60)
        return subprocess.CompletedProcess(process.args, process.returncode, out, errors)

    def calls(self) -> list[str]:
        """What the pretended programs were asked to do since the last look."""
        if not self.calls_file.exists():
            return []
        calls = self.calls_file.read_text(encoding="utf-8").splitlines()
        self.calls_file.unlink()
        return calls

    def file(self, name: str) -> Path:
        """A file of the project."""
        return self.project / name


def make(folder: Path, *, with_uv: bool = True) -> FrontDoor:
    """A project in ``folder`` (its name holds a space) with the real script, small locks and two front ends."""
    project = folder / "my project"
    for name in ("bot", "integrations/webchat/frontend/src", "integrations/desk/frontend/src"):
        (project / name).mkdir(parents=True)
    for name, content in {
        ".python-version": "3.12\n3.10\n",
        "bot/.python-version": "3.10\n3.12\n",
        "requirements.lock": "a==1\n",
        "requirements-dev.lock": "a==1\npytest==1\n",
        "requirements-speech.lock": "a==1\nnumpy==1\n",
        "bot/requirements.lock": "b==1\n",
        "bot/requirements-dev.lock": "b==1\npytest==1\n",
        "requirements-build.lock": "",
        "requirements-uv.lock": "uv==0.13.9 \\\n    --hash=sha256:0\n",
        "pyproject.toml": "",
        "hatch_build.py": "",
        "integrations/frontends.py": "",
        "integrations/webchat/frontend/package.json": "{}",
        "integrations/webchat/frontend/src/main.ts": "1",
        "integrations/desk/frontend/package.json": "{}",
    }.items():
        (project / name).write_text(content, encoding="utf-8")
    script = project / "guanjia"
    script.write_bytes((ROOT / "guanjia").read_bytes())
    script.chmod(0o755)
    programs = folder / "programs"
    programs.mkdir()
    door = FrontDoor(project, programs, folder / "calls")
    program(folder / "uv", UV)
    if with_uv:
        program(programs / "uv", UV)
    return door


def program(path: Path, content: str) -> None:
    """Write an executable script."""
    path.write_text(content, encoding="utf-8")
    path.chmod(0o755)
