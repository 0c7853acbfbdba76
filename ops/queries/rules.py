"""Rules of payers: those that people switched on, those that their assigns propose, and what each would have done."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, text

from pipeline import matching
from pipeline.matching import ASKS_PAYER, Learned, LearnFacts, Outcome, TrialFacts
from schemas.money import Money

TRIAL_DAYS = 30
MOST_PARKED = 1_000
"""Parked payments that are released for a rule together."""
OUTCOMES = tuple(outcome.value for outcome in Outcome)
_SHOWN = 4  # last digits of an account: enough to tell payers apart, too few to give one away

# Where each payment that a person assigned is now, by its payer. What was said before a rule of the payer was switched
# off does not count again.
_ASSIGNED = (
    # what a person took back, or shared out since, teaches nothing
    "WITH a AS MATERIALIZED (SELECT CAST(substr(subject, 9) AS bigint) AS payment_id, at FROM (SELECT DISTINCT ON (subject) "
    "subject, act, at FROM audit WHERE act IN ('assign', 'share out', 'undo', 'release') AND subject LIKE 'payment %' "
    "ORDER BY subject, id DESC) l WHERE act = 'assign'), "
    "r AS MATERIALIZED (SELECT r.company, l.debit_account, r.off_at FROM payer_rule r JOIN payment l ON l.id = r.payment_id) "
    "SELECT p.id, p.company, p.debit_account, coalesce(c.merged_into, c.id) AS case_id FROM a "
    "JOIN payment p ON p.id = a.payment_id JOIN kk2_case c ON c.id = p.case_id "
    "WHERE p.amount > 0 AND p.debit_account <> '' AND p.company IS NOT NULL AND p.state IN ('settled', 'waiting') "
    "AND NOT EXISTS (SELECT FROM payment_share h WHERE h.payment_id = p.id) "
    "AND NOT EXISTS (SELECT FROM r WHERE (r.company, r.debit_account) = (p.company, p.debit_account) "
    "AND (r.off_at IS NULL OR r.off_at >= a.at))"
)


@dataclass(frozen=True, slots=True)
class RuleRow:
    """A rule: proposed (computed, `id` None), on, or off. `payer` is masked; `payment_id` is one of the payer's payments.

    `times`: payments that people gave to the case, for a proposed one; `sent`, `sent_total`: what the rule sent there.
    """

    id: int | None
    state: str
    company: str
    payer: str
    payment_id: int
    case_id: int
    case_no: str
    case_state: str
    times: int
    sent: int
    sent_total: Money
    made_at: datetime | None
    made_by: str
    reason: str
    off_at: datetime | None
    off_by: str


@dataclass(frozen=True, slots=True)
class TrialRow:
    """A payment of the rule's payer, why it was parked if it was, where it went really, and what the rule says of that."""

    payment_id: int
    booked_on: date
    amount: Money
    parked_for: str | None
    state: str
    case_id: int | None
    case_no: str | None
    outcome: str


@dataclass(frozen=True, slots=True)
class Parked:
    """What waits of a rule's payer for a reason for which the rule is asked, and whose release it would send to its case."""

    payment_ids: tuple[int, ...]
    amount: Money


@dataclass(frozen=True, slots=True)
class RuleDetail:
    """A rule with the trial: what it would have done with the payer's payments since `since`, the newest first.

    `parked`: what waits still, however long.
    """

    rule: RuleRow
    since: date
    trial: tuple[TrialRow, ...]
    parked: Parked


def rules(
    connection: Connection, *, state: str | None = None, company: str | None = None
) -> tuple[RuleRow, ...]:
    """All rules: proposed first, then those that are on, then those that were switched off."""
    found = [*proposed(connection), *_stored(connection, None)]
    return tuple(row for row in found if state in {None, row.state} and company in {None, row.company})


def proposed(connection: Connection) -> tuple[RuleRow, ...]:
    """What people's assigns propose, the most often said first. Three statements, however many people assigned."""
    by_payer: dict[tuple[str, str], list[tuple[int, int]]] = {}
    for payment_id, company, payer, case_id in connection.execute(text(f"{_ASSIGNED} ORDER BY p.id")):
        by_payer.setdefault((company, payer), []).append((payment_id, case_id))
    learned = {
        payer: rule
        for payer, assigned in by_payer.items()
        if (rule := matching.learn(LearnFacts(tuple(assigned)))) is not None
    }
    return _with_cases(connection, learned)


def _with_cases(connection: Connection, learned: dict[tuple[str, str], Learned]) -> tuple[RuleRow, ...]:
    cases = {
        row.id: row
        for row in connection.execute(
            text("SELECT id, case_no, state FROM kk2_case WHERE id = ANY(:ids)"),
            {"ids": [rule.case_id for rule in learned.values()]},
        )
    }
    made = [
        RuleRow(None, "proposed", company, masked(payer), rule.payments[-1], rule.case_id, cases[rule.case_id].case_no,
                cases[rule.case_id].state, len(rule.payments), 0, 0, None, "", "", None, "")
        for (company, payer), rule in learned.items()
    ]  # fmt: skip
    return tuple(sorted(made, key=lambda row: (-row.times, row.case_no)))


def masked(account: str | None) -> str:
    """The last digits of an account; nothing where a payment no longer has it."""
    return f"…{account[-_SHOWN:]}" if account else ""


def _stored(connection: Connection, rule_id: int | None) -> list[RuleRow]:
    found = connection.execute(
        text(
            "SELECT r.id, CASE WHEN r.off_at IS NULL THEN 'on' ELSE 'off' END, r.company, l.debit_account, r.payment_id, "
            "r.case_id, c.case_no, c.state, 0, coalesce(s.sent, 0), coalesce(s.total, 0), r.made_at, r.made_by, r.reason, "
            "r.off_at, r.off_by FROM payer_rule r JOIN kk2_case c ON c.id = r.case_id LEFT JOIN payment l ON l.id = r.payment_id "
            "LEFT JOIN (SELECT rule_id, count(*) AS sent, sum(amount)::bigint AS total FROM payment WHERE rule_id IS NOT NULL "
            "GROUP BY 1) s ON s.rule_id = r.id WHERE CAST(:id AS bigint) IS NULL OR r.id = :id "
            "ORDER BY r.off_at DESC NULLS FIRST, r.id DESC"
        ),
        {"id": rule_id},
    )
    return [RuleRow(*row[:3], masked(row[3]), *row[4:]) for row in found]  # type: ignore[call-arg]


def of_payer(connection: Connection, payment_id: int) -> RuleRow | None:
    """The rule that is proposed for this payment's payer, None for none."""
    by = connection.execute(
        text("SELECT company, debit_account FROM payment WHERE id = :id AND debit_account <> ''"),
        {"id": payment_id},
    ).one_or_none()
    if by is None or by.company is None:
        return None
    assigned = connection.execute(
        text(f"{_ASSIGNED} AND p.company = :company AND p.debit_account = :payer ORDER BY p.id"),
        {"company": by.company, "payer": by.debit_account},
    )
    rule = matching.learn(LearnFacts(tuple((row.id, row.case_id) for row in assigned)))
    if rule is None:
        return None
    return _with_cases(connection, {(by.company, by.debit_account): rule})[0]


def stored(connection: Connection, rule_id: int) -> RuleRow | None:
    """A rule that is on or off, None if there is none."""
    return next(iter(_stored(connection, rule_id)), None)


def shown(
    connection: Connection,
    *,
    rule_id: int | None,
    payment_id: int | None,
    today: date,
    days: int = TRIAL_DAYS,
) -> RuleDetail | None:
    """A stored rule by its id, or the proposed one of a payment's payer, with its trial; None if there is none."""
    if rule_id is not None:
        rule = stored(connection, rule_id)
    else:
        rule = of_payer(connection, payment_id) if payment_id is not None else None
    if rule is None:
        return None
    since = today - timedelta(days=days)
    return RuleDetail(rule, since, _trial(connection, rule, since), parked(connection, rule))


def parked(connection: Connection, rule: RuleRow) -> Parked:
    """What a rule would take of what its payer's account has waiting; nothing while its case is not open."""
    if rule.case_state != "open":
        return Parked((), 0)
    found = connection.execute(
        text(
            "SELECT p.id, p.amount FROM payment l JOIN payment p ON (p.company, p.debit_account) = (l.company, l.debit_account) "
            "AND p.state = 'parked' AND p.amount > 0 JOIN bank_file f ON f.id = p.file_id AND f.state <> 'held' "
            "JOIN work w ON w.payment_id = p.id AND w.state = 'parked' AND w.reason = ANY(:reasons) WHERE l.id = :payment "
            "AND NOT EXISTS (SELECT FROM refund r WHERE r.payment_id = p.id AND r.state <> 'withdrawn') ORDER BY p.id LIMIT :most"
        ),
        {"payment": rule.payment_id, "reasons": [reason.value for reason in ASKS_PAYER], "most": MOST_PARKED},
    ).all()
    return Parked(tuple(row.id for row in found), sum(row.amount for row in found))


def _trial(connection: Connection, rule: RuleRow, since: date) -> tuple[TrialRow, ...]:
    found = connection.execute(
        text(
            "WITH p AS MATERIALIZED (SELECT p.* FROM payment p JOIN payment l ON l.id = :payment "
            "AND (l.company, l.debit_account) = (p.company, p.debit_account) WHERE p.booked_on >= :since AND p.amount > 0), "
            "w AS (SELECT DISTINCT ON (payment_id) payment_id, reason FROM work "
            "WHERE payment_id = ANY(ARRAY(SELECT id FROM p)) AND reason = ANY(:reasons) ORDER BY payment_id, id DESC) "
            "SELECT p.id, p.booked_on, p.amount, w.reason, p.rule_id, p.state, c.id AS case_id, c.case_no, "
            "coalesce(c.merged_into, c.id) AS main_id, (SELECT opened_on FROM kk2_case WHERE id = :case) AS opened_on "
            "FROM p LEFT JOIN w ON w.payment_id = p.id LEFT JOIN kk2_case c ON c.id = p.case_id AND p.state IN "
            "('settled', 'waiting') ORDER BY p.booked_on DESC, p.id DESC"
        ),
        {
            "payment": rule.payment_id,
            "since": since,
            "reasons": [reason.value for reason in ASKS_PAYER],
            "case": rule.case_id,
        },
    )
    return tuple(
        TrialRow(
            row.id, row.booked_on, row.amount, row.reason, row.state, row.case_id, row.case_no, _outcome(row, rule)
        )
        for row in found
    )  # fmt: skip


def _outcome(row: Any, rule: RuleRow) -> Outcome:
    facts = TrialFacts(
        asked=row.reason is not None or (row.rule_id is not None and row.rule_id == rule.id),
        booked_on=row.booked_on,
        case_id=row.main_id,
        waits=row.state == "parked",
        rule_case_id=rule.case_id,
        rule_case_opened_on=row.opened_on,
    )
    return matching.try_out(facts)
