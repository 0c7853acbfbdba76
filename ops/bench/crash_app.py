"""The Celery application of the broker-crash bench: one small task, the product's settings with short time limits.

Run by whichever interpreter has the Celery under test, so it imports nothing of ours.
"""

import os
import time
from pathlib import Path

import celery

QUEUE = "crash"
VISIBILITY_SECONDS = 6
_IS_5_7 = (celery.VERSION.major, celery.VERSION.minor) >= (5, 7)

_options: dict[str, object] = {
    "visibility_timeout": VISIBILITY_SECONDS,
    "socket_timeout": 10,
    "socket_connect_timeout": 5,
    "socket_keepalive": True,
    "health_check_interval": 25,
    "global_keyprefix": "kk2:",
}
_settings: dict[str, object] = {
    "broker_url": os.environ["CRASH_BROKER_URL"],
    "task_default_queue": QUEUE,
    "broker_connection_retry_on_startup": True,
    "broker_connection_max_retries": None,
    "task_acks_late": True,
    "task_reject_on_worker_lost": True,
    "worker_prefetch_multiplier": 1,
    "worker_cancel_long_running_tasks_on_connection_loss": True,
    "worker_soft_shutdown_timeout": 30.0,
    "worker_enable_soft_shutdown_on_idle": True,
    "task_soft_time_limit": 240,
    "task_time_limit": 300,
    "task_ignore_result": True,
    "task_serializer": "json",
    "accept_content": ["json"],
    "task_publish_retry_policy": {
        "max_retries": 1,
        "interval_start": 0.2,
        "interval_step": 0.2,
        "interval_max": 0.5,
    },
    "worker_max_tasks_per_child": 1_000,
    "worker_send_task_events": True,
    "task_send_sent_event": True,
}
if _IS_5_7:
    _options |= {"unacked_restore_interval": 1, "unacked_restore_throttle": 1}
    _settings |= {
        "broker_pool_acquire_timeout": 10,
        "task_acks_on_failure": True,
        "task_acks_on_timeout": True,
    }

app = celery.Celery("crash_app", set_as_current=False)
app.conf.update(_settings, broker_transport_options=_options)


@app.task(name="crash.work")  # type: ignore[untyped-decorator]
def work(number: int) -> None:
    """Five milliseconds of work, and one line that says it was done."""
    time.sleep(0.005)
    log = os.open(Path(os.environ["CRASH_DONE"]), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.write(log, f"{number}\n".encode("ascii"))
    os.close(log)


def publish(count: int) -> None:
    """Queue the numbers from 0."""
    with app.producer_pool.acquire(block=True) as producer:
        for number in range(count):
            work.apply_async((number,), producer=producer)
