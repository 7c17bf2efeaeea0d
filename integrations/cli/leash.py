"""Starts a program that does not outlive us.

Run as a script between us and the program: it asks the kernel (Linux) to kill this process when its parent is gone,
then becomes the program. Code between fork and exec in our own process (``preexec_fn``) would do the same, but may
hang where threads run.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def leashed(*command: str) -> tuple[str, ...]:
    """The command line that runs ``command`` on a leash held by the calling process (its main thread)."""
    if sys.platform != "linux":
        return command
    # -I -S: nothing of the environment and no packages, which makes it start in 20 ms.
    return (sys.executable, "-I", "-S", __file__, str(os.getpid()), *command)


def main(parent: int, command: list[str]) -> None:
    """Become ``command``, to be killed when ``parent`` is gone: the hard way, as all we run is safe at any line."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it was gone before we asked
        sys.exit(1)
    os.execvp(command[0], command)  # noqa: S606


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
