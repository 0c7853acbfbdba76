"""What pytest is told while it runs for mutants: which tests call which function, the quickest first, and a fork for each mutant."""

import json
import os
import resource
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from tests.mutants.mutating import Mutant

NO_FUNCTION = 99
"""The exit status where a mutant changes the code of no function: its file must be loaded anew."""
Share: TypeAlias = list[tuple[int, Mutant]]
"""What one process runs: mutants with their numbers."""
_Told: TypeAlias = dict[str, tuple[float, list[tuple[str, int, int]]]]


class Recorder:
    """The run without a mutant: what each test took, and the functions of the copy that it called, as file, first and last line."""

    def __init__(self, root: Path) -> None:
        self.root = f"{root}/"
        self.told: _Told = {}

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Iterator[None]:
        called: set[types.CodeType] = set()
        sys.settrace(lambda frame, *_: called.add(frame.f_code))  # and no line of it
        try:
            yield
        finally:
            sys.settrace(None)
            self.told[item.nodeid] = (
                0.0,
                [self._place(code) for code in called if self.root in code.co_filename],
            )

    def _place(self, code: types.CodeType) -> tuple[str, int, int]:
        lines = [line for *_, line in code.co_lines() if line]
        return code.co_filename.removeprefix(self.root), code.co_firstlineno, max(lines, default=0)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call":
            self.told[report.nodeid] = report.duration, self.told[report.nodeid][1]

    def pytest_sessionfinish(self) -> None:
        Path(self.root, "told.json").write_text(json.dumps(self.told))


class _Hasty:
    """The first failure ends the process: nobody reads the report."""

    def pytest_runtest_makereport(self, call: pytest.CallInfo[None]) -> None:
        if call.excinfo is not None and not isinstance(call.excinfo.value, pytest.skip.Exception):
            os._exit(1)


class Chosen(_Hasty):
    """The tests that call the mutant's function, the quickest first; all of them where none does."""

    def __init__(self, root: Path, mutant: Mutant) -> None:
        self.told: _Told = json.loads((root / "told.json").read_text())
        self.mutant = mutant

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items.sort(key=lambda item: self.told[item.nodeid][0])
        items[:] = [item for item in items if self._calls(item)] or items

    def _calls(self, item: pytest.Item) -> bool:
        return any(
            file == self.mutant.path and first <= self.mutant.line <= last
            for file, first, last in self.told[item.nodeid][1]
        )


class Warmed(_Hasty):
    """Instead of the tests of this process: a fork for each mutant, in which they run with the mutant's code."""

    def __init__(self, root: Path, share: Share, tell: int) -> None:
        self.root, self.share, self.tell = root, share, tell

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool | None:
        for number, mutant in self.share:
            child = os.fork()
            if child == 0:
                resource.setrlimit(resource.RLIMIT_CPU, (60, 60))
                if not _put_in(mutant, self.root):
                    os._exit(NO_FUNCTION)
                Chosen(self.root, mutant).pytest_collection_modifyitems(session.items)
                return None  # and pytest goes on with its tests, to the end of the fork
            os.write(self.tell, f"{number} {ended(child)}\n".encode())
        return True


def ended(child: int) -> int:
    """The exit status of a fork, negative where a limit ended it."""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _put_in(mutant: Mutant, root: Path) -> bool:
    """Give the functions of the loaded module the mutant's code; whether any differs."""
    name = mutant.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    if name not in sys.modules:
        return False
    loaded, file = sys.modules[name], root / mutant.path
    fresh: dict[str, Any] = {key: value for key, value in vars(loaded).items() if key.startswith("__")}
    exec(compile(mutant.of(file.read_bytes()), str(file), "exec"), fresh)
    return _lend(vars(loaded), fresh, name)


def _lend(loaded: Any, fresh: Any, module: str) -> bool:
    differs = False
    for name, each in fresh.items():
        new, old = _plain(each), _plain(loaded.get(name))
        if getattr(new, "__module__", "") != module:
            continue
        if isinstance(new, types.FunctionType) and isinstance(old, types.FunctionType):
            differs = differs or new.__code__ != old.__code__
            old.__code__ = new.__code__
        elif isinstance(new, type) and isinstance(old, type):
            differs = _lend(vars(old), vars(new), module) or differs
    return differs


def _plain(value: Any) -> Any:
    """The function under a property, a method of the class, or a cache."""
    for under in ("__func__", "fget", "__wrapped__"):
        value = getattr(value, under, value)
    return value
