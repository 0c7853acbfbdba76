"""The table of drills: each brings a bank file, plays one fault, and says what had to be seen of it."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import text

from ops import repairs
from ops.drill.bank import Brought
from ops.drill.ground import OF_FILE, Ground
from ops.drill.proving import Check
from ops.drill.restoring import restore
from ops.supervisor import WORKERS

_DOWN_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Drill:
    """A drill. `seconds`: about how long with the settings of `kk2 demo`; `look`: where a person sees it happen.

    `kills`: it wants the processes of a `kk2 up` on this machine.
    """

    name: str
    does: str
    seconds: int
    look: str
    play: Callable[[Ground], list[Check]]
    kills: bool = False


def _worker_killed(ground: Ground) -> list[Check]:
    ground.fault("commit_then_slow", "RegisterVouchers", times=1, seconds=3.0)
    brought = ground.bring()
    killed = []
    for worker, state in zip(WORKERS, (_is_landed, _is_read, _is_on_the_line), strict=True):
        ground.until(lambda state=state: state(ground, brought), f"{worker.name} has work of the file")  # type: ignore[misc]
        killed.append(ground.kill(worker.name))
    for each in killed:
        ground.wait_for(each)
    ground.until(lambda: ground.is_quiet(brought), "all work has ended")
    asked = ground.told("VoucherInDoubt", brought)
    return [_seen("a call that was cut off is in doubt, and Visma is asked", asked)]


def _beat_killed(ground: Ground) -> list[Check]:
    before = ground.one("SELECT coalesce(max(at), now()) FROM heartbeat WHERE name = 'beat'")[0]
    brought = ground.bring()
    ground.wait_for(ground.kill("beat"))
    killed_at = ground.one("SELECT now()")[0]
    sql = "SELECT coalesce(max(at), :before) FROM heartbeat WHERE name = 'beat'"
    ground.until(lambda: ground.one(sql, before=before)[0] > killed_at, "the clock ticks again")
    ground.until(lambda: ground.is_quiet(brought), "all work has ended")
    beats = ground.one(
        "SELECT count(*) FROM heartbeat WHERE name = 'beat' AND at > :killed_at", killed_at=killed_at
    )[0]
    return [_seen("the clock ticks again", beats)]


def _broker_flushed(ground: Ground) -> list[Check]:
    brought = ground.bring()
    ground.until(lambda: _is_landed(ground, brought), "the file is taken in")
    forgotten = ground.forget_messages()
    killed = ground.kill("broker")
    ground.wait_for(killed)
    ground.until(lambda: ground.forget_messages() >= 0, "the broker answers")
    ground.say(f"{forgotten} keys of the broker are forgotten, and all that it kept on disk")
    return [_seen("the broker had something of ours to lose", forgotten)]


def _visma_down(ground: Ground) -> list[Check]:
    ground.fault("cut_before_reading", "*")
    ground.say("Visma cuts each call off")
    brought = ground.bring()
    ground.until(lambda: ground.told("VoucherInDoubt", brought), "a call has failed")
    back = time.monotonic() + _DOWN_SECONDS
    ground.until(lambda: time.monotonic() >= back, "Visma has been down for a while")
    posted = ground.one(
        f"SELECT count(*) FROM voucher WHERE state = 'delivered' AND id IN ({OF_FILE})", sha=brought.sha256
    )[0]
    ground.heal()
    ground.say("Visma answers again")
    return [Check("nothing is called delivered while Visma is down", not posted, f"{posted} delivered")]


def _answer_lost(ground: Ground) -> list[Check]:
    ground.fault("lose_answer_after_booking", "RegisterVouchers", times=2)
    brought = ground.bring()
    ground.until(lambda: ground.is_quiet(brought), "all work has ended")
    return [
        _seen("Visma booked without an answer, and was asked for it", ground.told("VoucherInDoubt", brought))
    ]


def _refused(ground: Ground) -> list[Check]:
    ground.fault("unknown_account", "RegisterVouchers", times=1)
    brought = ground.bring()
    ground.until(
        lambda: ground.is_quiet(brought, but="refused"),
        "the voucher is refused, and the others are delivered",
    )
    with ground.engine.begin() as connection:
        sql = f"SELECT id FROM voucher WHERE state = 'refused' AND id IN ({OF_FILE})"
        refused = connection.execute(text(sql), {"sha": brought.sha256}).scalars().all()
        done = [repairs.retry(connection, each, person=ground.person) for each in refused]
    for each in done:
        ground.ring(each.rings)
    ground.say(f"a person retries voucher {', '.join(map(str, refused)) or 'none'}")
    return [_seen("a voucher was refused, and its neighbours were not held up", len(refused))]


def _file_twice(ground: Ground) -> list[Check]:
    brought = ground.bring()
    ground.until(lambda: ground.is_quiet(brought), "all work has ended")
    ground.drop(f"again-{brought.name}", brought.content)
    ground.say("the same bytes come again under another name")
    sql = "SELECT count(*) FROM journal WHERE event = 'FileSeenAgain' AND id > :after"
    ground.until(lambda: ground.one(sql, after=brought.after)[0], "the copy is known for a copy")
    return []


def _is_landed(ground: Ground, brought: Brought) -> bool:
    return bool(ground.one("SELECT count(*) FROM bank_file WHERE sha256 = :sha", sha=brought.sha256)[0])


def _is_read(ground: Ground, brought: Brought) -> bool:
    sql = "SELECT count(*) FROM payment p JOIN bank_file f ON f.id = p.file_id WHERE f.sha256 = :sha"
    return bool(ground.one(sql, sha=brought.sha256)[0])


def _is_on_the_line(ground: Ground, brought: Brought) -> bool:
    sql = f"SELECT count(*) FROM voucher WHERE state = 'sending' AND id IN ({OF_FILE})"
    return bool(ground.one(sql, sha=brought.sha256)[0])


def _seen(what: str, times: int) -> Check:
    return Check(what, times > 0, f"seen {times}")


DRILLS = (
    Drill("worker-killed", "kills each worker with its pool in the midst of its work", 60, "kk2 system; Flower", _worker_killed, kills=True),
    Drill("beat-killed", "kills the clock", 30, "kk2 schedule list; heartbeat beat in kk2 doctor", _beat_killed, kills=True),
    Drill("broker-flushed", "takes all messages from the broker, and kills it", 60, "the log of relay: rung again", _broker_flushed, kills=True),
    Drill("visma-down", f"lets Visma cut off each call for {_DOWN_SECONDS:.0f} s", 90, "kk2 voucher failed; the console's strip", _visma_down),
    Drill("visma-drops-the-answer", "lets Visma book two vouchers and lose the answers", 30, "kk2 voucher list --state in_doubt", _answer_lost),
    Drill("voucher-refused", "lets Visma refuse a voucher, and retries it as a person", 20, "kk2 voucher failed", _refused),
    Drill("file-twice", "drops the same file again under another name", 20, "kk2 file list", _file_twice),
    Drill("restore", "backs up, posts a file, and restores into a database beside, where nothing may be sent", 40, "kk2 doctor: epoch", restore),
)  # fmt: skip
"""All drills, in the order in which a site should learn them."""
