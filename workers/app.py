"""The Celery app: the queues of the page through kombu, and the settings that make a message only a wake-up."""

import gc
import os
import socket
from datetime import timedelta
from typing import Any

from celery import Celery
from celery.signals import setup_logging, worker_process_init
from kombu.entity import Exchange, Queue

from pipeline.flow import FLOW, QUEUES
from workers import log
from workers.hearing import Hearing
from workers.settings import PREFIX, Settings, settings

CLOCK = "clock"
"""The queue of beat's ticks. Apart from the page's queues, whose lengths equal the work rows due and rung."""

_KEPT_ALIVE = {
    socket.TCP_KEEPIDLE: 20,
    socket.TCP_KEEPINTVL: 5,
    socket.TCP_KEEPCNT: 3,
    socket.TCP_USER_TIMEOUT: 30_000,  # milliseconds
}
"""A far side that is gone without a word is noticed within half a minute, and not in the system's two hours."""

_EXCHANGE = Exchange("kk2", type="direct")


def configuration(site: Settings) -> dict[str, Any]:
    """Give Celery's settings for a site. Back-off, retries and results are ours, in the database; none is Celery's."""
    return {
        "broker_url": site.broker_url.get_secret_value(),
        "broker_transport_options": {
            "visibility_timeout": site.visibility_timeout,
            "socket_timeout": 10,
            "socket_connect_timeout": 5,
            "socket_keepalive": True,
            "socket_keepalive_options": _KEPT_ALIVE,
            "health_check_interval": 25,
            "global_keyprefix": PREFIX,
        },
        "broker_connection_retry_on_startup": True,
        "broker_connection_max_retries": None,
        "broker_connection_timeout": 5,
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
        "task_publish_retry": True,
        "task_publish_retry_policy": {
            "max_retries": 1,
            "interval_start": 0.2,
            "interval_step": 0.2,
            "interval_max": 0.5,
        },
        "worker_max_tasks_per_child": 1000,
        "worker_send_task_events": True,
        "task_send_sent_event": True,
        "worker_hijack_root_logger": False,
        "beat_max_loop_interval": 5,
        "beat_schedule": {
            "tick": {
                "task": "tick",
                "schedule": timedelta(seconds=site.beat_interval),
                "options": {"queue": CLOCK, "expires": site.beat_interval},
            }
        },
        "beat_schedule_filename": str(site.folder / "beat"),
        "task_queues": [Queue(name, _EXCHANGE, routing_key=name) for name in (*QUEUES, CLOCK)],
        "task_routes": {stage.name: {"queue": stage.queue, "routing_key": stage.queue} for stage in FLOW},
        "task_default_queue": CLOCK,
        "task_create_missing_queues": False,
        "timezone": "Europe/Oslo",
        "enable_utc": True,
        "imports": ("workers.tasks",),
    }


def make() -> Celery:
    """Make the app; the environment is read when it is first used, so that importing this opens and needs nothing."""
    made = Celery("kk2")
    made.add_defaults(lambda: configuration(settings()))
    made.steps["consumer"].add(Hearing)
    return made


@setup_logging.connect(weak=False)
def _set_up_logging(**_: object) -> None:
    log.set_up(os.environ.get("KK2_LOG_LEVEL", "INFO"))


@worker_process_init.connect(weak=False)
def _collect_seldom(**_: object) -> None:
    """A slice makes some ten thousand values, none of them in a circle: looking for circles took a quarter of the CPU."""
    gc.freeze()
    gc.set_threshold(200_000, 10, 10)


@worker_process_init.connect(weak=False)
def _forget_inherited_connections(**_: object) -> None:
    """A forked worker must not share its parent's database sockets."""
    from workers.store.engine import engine_for

    engine_for.cache_clear()


app = make()
