"""Mutants run in copies of the tree: the tests of their part, in a fork of a process that has loaded the libraries.

First in forks of a pytest that has collected already, where the mutant's functions get their new code: a few hundredths of a
second. What is no function's, such as a table, then runs in a fork that loads the mutated file anew.
"""

import importlib
import os
import py_compile
import random
import resource
import shutil
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple, TypeAlias

import pytest
from hypothesis import HealthCheck, Phase, settings

from tests.mutants.mutating import Mutant, mutants
from tests.mutants.parts import Part
from tests.mutants.plugins import NO_FUNCTION, Chosen, Recorder, Share, Warmed, ended

PROCESSES = 2
CPU_SECONDS = 60
"""A mutant that takes longer turns for ever, and counts as killed. Not by the clock: the machine may have other work."""
MEMORY = 4 << 30
_PACKAGES = ("schemas", "pipeline", "workers", "ops", "tests")
_LIBRARIES = ("hypothesis.strategies", "lxml.etree", "numpy", "holidays", "netsgiro", "pytest_timeout")
_OPTIONS = (
    *("-xqs", "--assert=plain", "--noconftest", "--disable-plugin-autoload", "--override-ini=timeout=0"),
    *("-ppytest_timeout", "-pno:cacheprovider"),
)
_Way: TypeAlias = Callable[[Path, tuple[str, ...], Share, int], int]


class Outcome(NamedTuple):
    """What became of a mutant."""

    mutant: Mutant
    is_killed: bool


def sample(part: Part, root: Path, count: int, seed: int) -> list[Mutant]:
    """So many mutants of all that a part has, all of them if they are fewer; the same seed gives the same ones."""
    every = [each for file in part.files(root) for each in mutants(file, (root / file).read_bytes())]
    return sorted(random.Random(seed).sample(every, min(count, len(every))))


def run(part: Part, root: Path, chosen: list[Mutant]) -> Iterator[Outcome]:
    """Run a part's tests on each mutant; RuntimeError if they fail on what is not changed."""
    for library in _LIBRARIES:
        importlib.import_module(library)
    with tempfile.TemporaryDirectory(prefix="kk2-mutants-") as folder:
        whole = Path(folder, "whole")
        for package in _PACKAGES:
            if (root / package).is_dir():
                shutil.copytree(root / package, whole / package, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(root / "pyproject.toml", whole)
        for file in part.files(whole):  # known by content: two mutants may have one size, and one second
            py_compile.compile(
                str(whole / file), invalidation_mode=py_compile.PycInvalidationMode.CHECKED_HASH
            )
        if ended(_fork(lambda: _pytest(whole, part.tests, Recorder(whole)))) != 0:
            raise RuntimeError(f"the tests of the part fail without a mutant: {' '.join(part.tests)}")
        left = []
        for mutant, status in _shared(_warmed, whole, part.tests, chosen):
            if status == NO_FUNCTION:
                left.append(mutant)
            else:
                yield Outcome(mutant, status != 0)
        for mutant, status in _shared(_anew, whole, part.tests, left):
            yield Outcome(mutant, status != 0)


def _shared(
    way: _Way, whole: Path, tests: tuple[str, ...], chosen: list[Mutant]
) -> Iterator[tuple[Mutant, int]]:
    """Give each process its own copy and its share. The checkout itself is never written to."""
    told, tell = os.pipe()
    children = []
    for number in range(PROCESSES):
        copy = whole.with_name(f"{way.__name__}-{number}")
        shutil.copytree(whole, copy)
        share = list(enumerate(chosen))[number::PROCESSES]
        children.append(_fork(lambda place=(copy, share): way(place[0], tests, place[1], tell)))  # type: ignore[misc]
    os.close(tell)
    with os.fdopen(told) as lines:
        for line in lines:
            number, status = map(int, line.split())
            yield chosen[number], status
    for child in children:
        if os.waitpid(child, 0)[1]:
            raise RuntimeError("a process of the mutants died: KK2_MUTANTS_SAY=1 shows why")


def _warmed(root: Path, tests: tuple[str, ...], share: Share, tell: int) -> int:
    return _pytest(root, tests, Warmed(root, share, tell))


def _anew(root: Path, tests: tuple[str, ...], share: Share, tell: int) -> int:
    for number, mutant in share:
        file, plugin = root / mutant.path, Chosen(root, mutant)
        whole = file.read_bytes()
        file.write_bytes(mutant.of(whole))
        child = _fork(lambda plugin=plugin: _pytest(root, tests, plugin))  # type: ignore[misc]
        os.write(tell, f"{number} {ended(child)}\n".encode())
        file.write_bytes(whole)
    return 0


def _fork(do: Callable[[], int]) -> int:
    """The process that does it; its exit status is what is given back."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            status = do()
        finally:
            if sys.exc_info()[0]:
                traceback.print_exc()
            os._exit(status)
    return child


def _pytest(root: Path, tests: tuple[str, ...], plugin: object) -> int:
    """Load the copy's own modules and be pytest; its exit status, 0 is all green."""
    if not isinstance(plugin, Warmed):
        resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    if "KK2_MUTANTS_SAY" not in os.environ:
        silence = os.open(os.devnull, os.O_RDWR)
        os.dup2(silence, 1)
        os.dup2(silence, 2)
    os.chdir(root)
    sys.path.insert(0, str(root))
    sys.dont_write_bytecode = False
    for name in [each for each in sys.modules if each.split(".")[0] in _PACKAGES]:
        del sys.modules[name]
    # No shrinking: that a test fails is all that is asked. The same examples for every mutant.
    settings.register_profile(
        "mutants", phases=[Phase.explicit, Phase.generate], derandomize=True, database=None, deadline=None,
        suppress_health_check=list(HealthCheck), max_examples=15,
    )  # fmt: skip
    settings.load_profile("mutants")
    return int(pytest.main([*_OPTIONS, f"--rootdir={root}", *tests], [plugin]))
