"""The page (pipeline/flow.py) is what the code does: events, tasks, queues and stages agree with it."""

import ast
import re
from dataclasses import is_dataclass
from pathlib import Path

from kombu.entity import Queue

from pipeline.flow import FLOW, QUEUES, stage_of, woken_by
from schemas import events
from workers.app import CLOCK, configuration
from workers.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
_EVENTS = [
    value
    for value in vars(events).values()
    if isinstance(value, type) and value.__module__ == events.__name__
]
# what the door, the clock or a person says; every other event is some stage's
_FROM_OUTSIDE = {
    "FileLanded", "FileSeenAgain", "PaymentsReleased", "CaseChanged", "CasesOpened", "PaymentAssigned", "RestDue",
    "ImportDue", "FetchDue", "ControlDue", "RetryAsked", "InquiryAsked", "VoucherVoided", "PersonActed",
}  # fmt: skip


def _configuration() -> dict[str, object]:
    made = Settings(database_url="postgresql+psycopg://h/d", broker_url="redis://h/0", folder="/f")  # type: ignore[arg-type]
    return configuration(made)


def test_each_event_is_sent_by_a_stage_or_comes_from_outside() -> None:
    sent = {event.__name__ for stage in FLOW for event in stage.may_send}
    nouns = {event.__name__ for event in _EVENTS} - {"VoucherPlan"}

    assert nouns == sent | _FROM_OUTSIDE
    assert all(is_dataclass(event) for event in _EVENTS)


def test_events_are_past_participles_and_stages_are_imperatives() -> None:
    assert all(re.fullmatch(r"[a-z]+", stage.name) and not stage.name.endswith("ed") for stage in FLOW)
    assert len({stage.name for stage in FLOW}) == len(FLOW)


def test_each_stage_is_a_task_of_its_name_on_its_queue() -> None:
    named = set(
        re.findall(r'@app\.task\(name="([a-z]+)"\)', (ROOT / "workers/tasks.py").read_text(encoding="utf-8"))
    )
    routes = _configuration()["task_routes"]

    assert named == {stage.name for stage in FLOW} | {"tick"}
    assert routes == {stage.name: {"queue": stage.queue, "routing_key": stage.queue} for stage in FLOW}


def test_the_queues_of_the_app_are_those_of_the_page_and_the_clocks_own() -> None:
    queues = _configuration()["task_queues"]

    assert isinstance(queues, list)
    assert all(isinstance(queue, Queue) for queue in queues)
    assert [queue.name for queue in queues] == [*QUEUES, CLOCK]


def test_a_stage_is_found_by_its_name_and_by_what_wakes_it() -> None:
    for stage in FLOW:
        assert stage_of(stage.name) is stage
        assert all(stage in woken_by(event) for event in stage.wakes_on)


def test_a_message_carries_an_id_and_nothing_else() -> None:
    tree = ast.parse((ROOT / "workers/tasks.py").read_text(encoding="utf-8"))
    arguments = {
        node.name: [argument.arg for argument in node.args.args]
        for node in tree.body
        if isinstance(node, ast.FunctionDef) and node.decorator_list and node.name not in {"hands", "_tick"}
    }

    assert arguments
    assert all(names == ["work_id"] for names in arguments.values())


def test_celery_retries_nothing_and_counts_nothing_down() -> None:
    forbidden = re.compile(r"\b(countdown|eta|chord|chain|group)\s*\(|\.retry\(|countdown=|eta=")
    found = [
        path.name
        for path in (ROOT / "workers").rglob("*.py")
        if forbidden.search(path.read_text(encoding="utf-8"))
    ]

    assert not found
