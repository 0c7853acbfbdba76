"""Messages to people, by Apprise: each is claimed before it is sent, sent once, and tried again where it was not taken.

A message's row is the claim: it is due again only after a pause that is longer than a sending takes, so that of two guards one
sends it. A guard that is killed between the sending and the commit has it sent a second time, and never not at all.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Engine, text

from ops.guard.wording import Told, message
from workers.log import logger
from workers.settings import Settings

_LOG = logger(__name__)
_AT_ONCE = 200
_LONGEST_PAUSE = 3_600.0
_NOT_TAKEN = "the receiver did not take it"
_NO_ADDRESS = "its address is none that Apprise knows"

_CLAIM = text("""
WITH d AS (
    SELECT alarm_id, ended FROM alarm_message WHERE receiver = :receiver AND told_at IS NULL AND next_at <= clock_timestamp()
    ORDER BY alarm_id, ended LIMIT :most FOR UPDATE SKIP LOCKED
), c AS (
    UPDATE alarm_message m SET tries = tries + 1,
        next_at = clock_timestamp() + make_interval(secs => least(:pause * power(2, least(tries, 20)), :longest))
    FROM d WHERE m.alarm_id = d.alarm_id AND m.ended = d.ended AND m.receiver = :receiver RETURNING m.alarm_id, m.ended
)
SELECT a.id, c.ended, a.condition, a.subject, a.says, a.began_at, a.ended_at FROM c JOIN alarm a ON a.id = c.alarm_id
ORDER BY c.ended, a.id""")
_CLOSE = text("""
UPDATE alarm_message m SET told_at = CASE WHEN :fault = '' THEN now() END, fault = :fault
FROM unnest(CAST(:alarms AS bigint[]), CAST(:ends AS boolean[])) AS w(alarm_id, ended)
WHERE m.alarm_id = w.alarm_id AND m.ended = w.ended AND m.receiver = :receiver AND m.told_at IS NULL""")


@dataclass(frozen=True, slots=True)
class Receiver:
    """One address. `name`: its place in the setting and its kind, for its address is a secret; `send` gives what went wrong."""

    name: str
    send: Callable[[str, str], str]


def receivers(site: Settings) -> tuple[Receiver, ...]:
    """Give those of the setting, in its order."""
    urls = site.alarm_urls.get_secret_value().split()
    if not urls:
        return ()
    import apprise  # a hundred services: for a site that tells nobody, not loaded

    logging.getLogger("apprise").disabled = True  # it writes addresses, with their tokens and passwords
    made = []
    for place, url in enumerate(urls, 1):
        found = apprise.Apprise.instantiate(url, suppress_exceptions=True)
        made.append(Receiver(f"{place} {url.partition('://')[0]}", _by(found) if found else _nowhere))
    return tuple(made)


def tell(engine: Engine, receiver: Receiver, site: Settings) -> None:
    """Send what is due for a receiver, as one message; what it does not take is tried again later."""
    with engine.begin() as connection:
        rows = connection.execute(
            _CLAIM,
            {"receiver": receiver.name, "most": _AT_ONCE, "pause": site.alarm_retry, "longest": _LONGEST_PAUSE},
        )  # fmt: skip
        told = [Told(*row) for row in rows]
    if not told:
        return
    fault = receiver.send(*message(told, site.alarm_language, site.console_url))
    if fault:
        _LOG.warning("alarm not told", receiver=receiver.name, messages=len(told), fault=fault)
    with engine.begin() as connection:
        connection.execute(
            _CLOSE,
            {
                "receiver": receiver.name,
                "fault": fault,
                "alarms": [each.alarm for each in told],
                "ends": [each.ended for each in told],
            },
        )


def _by(address: object) -> Callable[[str, str], str]:
    def send(title: str, body: str) -> str:
        return "" if address.notify(body=body, title=title) else _NOT_TAKEN  # type: ignore[attr-defined]

    return send


def _nowhere(_: str, __: str) -> str:
    return _NO_ADDRESS
