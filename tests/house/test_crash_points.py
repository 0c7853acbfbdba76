"""Every commit and every act outside the database stands between two crash points, and the registry knows them all."""

import ast

import pytest

from tests.points import crash_points, unguarded, unguarded_in


def test_no_commit_and_no_outside_act_goes_past_the_crash_points() -> None:
    assert unguarded() == []


def test_the_registry_names_each_point_as_an_operator_would_look_for_it() -> None:
    points = crash_points()

    assert {
        "deliver.begin.after_commit",
        "visma.RegisterVouchers.before",
        "visma.RegisterVouchers.after",
        "settle.before_commit",
        "ring.before",
        "watch.claim.after",
        "archive.publish.before",
    } <= set(points)
    assert len(points) == len(set(points))


@pytest.mark.parametrize(
    "code",
    [
        "with engine.begin() as c: pass",
        "with self.engine.begin() as c: pass",
        "connection.commit()",
        "os.rename('a', 'b')",
        "made.replace(copy)",
        "app.send_task('deliver')",
        "self._wire.post(body, headers)",
        "def f():\n    crash_point('x')\n    os.rename('a', 'b')\n    crash_point('y')",
    ],
)
def test_the_rule_sees(code: str) -> None:
    assert list(unguarded_in(ast.parse(code)))


@pytest.mark.parametrize(
    "code",
    [
        "with transaction(engine, 'deliver') as c: pass",
        "with outside('file'): os.rename('a', 'b')",
        "with suppress(OSError), outside('file'): made.replace(copy)",
        "text.replace('a', 'b')",
        "dataclasses.replace(each, state=1)",
    ],
)
def test_the_rule_lets_be(code: str) -> None:
    assert not list(unguarded_in(ast.parse(code)))
