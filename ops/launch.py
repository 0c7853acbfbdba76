"""What a child process does before it becomes its program: bind its life to its parent's, change its user.

Run as a script by a fresh interpreter (`command` builds the line), because the alternative, Python code between
fork and exec in a parent that has threads, may dead-lock. The pid stays the same: the script ends in an exec.

Three things happen, in this order, since a change of user clears the first:
- the user is changed (PostgreSQL refuses to run as root);
- where folders above the program or its data are closed to that user (a checkout below /root, a folder of
  mkdtemp), CAP_DAC_READ_SEARCH alone is kept, which opens folders for passing through and files for reading,
  nothing for writing. The alternative, opening other people's folders, would outlive us. The security bit
  NO_SETUID_FIXUP makes access(2) count it too, by which PostgreSQL looks whether its own program is there;
- the kernel is asked to send a signal when the parent dies, so that even a SIGKILL of the supervisor leaves
  nothing running (Linux; elsewhere the next start finds and replaces what was left).
  The kernel means the parent *thread*: start children from the main thread.

Imports the standard library only: it runs before, and without, the virtual environment.
"""

import ctypes
import os
import signal
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_PR_SET_SECUREBITS = 28
_NO_SETUID_FIXUP = 1 << 2
_PR_CAP_AMBIENT = 47
_PR_CAP_AMBIENT_RAISE = 2
_CAP_DAC_READ_SEARCH = 2
_CAPABILITY_VERSION_3 = 0x20080522
CANNOT_LAUNCH = 126


class _Header(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _Sets(ctypes.Structure):
    _fields_ = (
        ("effective", ctypes.c_uint32),
        ("permitted", ctypes.c_uint32),
        ("inheritable", ctypes.c_uint32),
    )


@dataclass(frozen=True, slots=True)
class Identity:
    """The user that a program runs as, and whether it must be let through folders closed to that user."""

    uid: int
    gid: int
    through_closed: bool


def command(argv: list[str], death_signal: signal.Signals, identity: Identity | None) -> list[str]:
    """The command line that becomes `argv` as `identity` (None: as we are), bound to this process's life.

    To be run from the main thread: the kernel would take the end of another thread for the end of the parent.
    """
    if threading.current_thread() is not threading.main_thread():
        raise RuntimeError("children that live as long as their parent are started from its main thread")
    who = f"{identity.uid}:{identity.gid}:{int(identity.through_closed)}" if identity else "-"
    return [sys.executable, "-I", "-S", str(Path(__file__).resolve()),
            str(os.getpid()), str(int(death_signal)), who, *argv]  # fmt: skip


def main(argv: list[str]) -> int:
    """Become the program; returns only when that cannot be done, with a sentence on stderr."""
    parent, death_signal, who, *program = argv
    try:
        if who != "-":
            uid, gid, through_closed = (int(part) for part in who.split(":"))
            _become(uid, gid, through_closed=bool(through_closed))
        if sys.platform == "linux":
            _call("prctl", _PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0)
        # The parent may have died before the line above; then nothing would ever tell us.
        if os.getppid() != int(parent):
            return CANNOT_LAUNCH
        os.execvp(program[0], program)  # noqa: S606 - no shell is what is wanted
    except OSError as error:
        sys.stderr.write(f"cannot start {program[0]}: {error}\n")
    return CANNOT_LAUNCH


def _become(uid: int, gid: int, *, through_closed: bool) -> None:
    try:
        if through_closed:
            _call("prctl", _PR_SET_SECUREBITS, _NO_SETUID_FIXUP, 0, 0, 0)  # keeps all until _keep_read_search
        os.setgroups([])
        os.setresgid(gid, gid, gid)
        os.setresuid(uid, uid, uid)
        os.umask(0o077)
        if through_closed:
            _keep_read_search()
    except OSError as error:  # a root of few rights, as in a container
        if not through_closed:
            raise
        raise OSError(
            error.errno,
            f"a folder above the program or its data is closed to user {uid}, and this root cannot let it through: "
            "choose another folder, or chmod o+x those above",
        ) from error


def _keep_read_search() -> None:
    bit = 1 << _CAP_DAC_READ_SEARCH
    header = _Header(_CAPABILITY_VERSION_3, 0)
    _call("capset", ctypes.byref(header), ctypes.byref((_Sets * 2)(_Sets(bit, bit, bit), _Sets(0, 0, 0))))
    _call("prctl", _PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, _CAP_DAC_READ_SEARCH, 0, 0)


def _call(name: str, *arguments: object) -> None:
    function = getattr(ctypes.CDLL(None, use_errno=True), name)
    if function(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
