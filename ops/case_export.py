"""`kk2 case export --since DAY`: what became of the cases, for KK2: opened, paid by part, moved in Visma, closed, corrected."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, text

from schemas.case import Kind
from schemas.money import Money
from workers.facts.payments import ON, SHARED


@dataclass(frozen=True, slots=True)
class Exported:
    """One thing that became of a case. `record`: opened, paid, moved or closed; `day`: opened, booked, or last paid or moved.

    `payment_id`, `kind` and `amount` (signed øre) are those of one part of one payment. Moved: what Visma says happened to
    an invoice, with its `kind`, its `transaction_id` and, as Visma signs it, its `amount`: a payment is negative. None for
    the others. `state` says how a closed case is closed: paid, or closed_with_rest.

    What people corrected at the desk is added, withdrawn, waived, unwaived, merged, unmerged, closed_by_a_person or reopened,
    with the `kind` and `amount` of the claim or waiver and its `id`, by which KK2's file may speak of it; merged: the main case.
    """

    record: str
    company: str
    client: str
    case_no: str
    day: date
    payment_id: int | None
    kind: str | None
    amount: Money | None
    state: str
    transaction_id: str | None
    id: str | None


# A payment stands with its live splits, so that a correction shows in the next export of the same days. What Visma tells
# late is of the day on which it came, too: whoever asks day by day misses nothing.
_SINCE = f"""
SELECT 'opened', company, client, case_no, opened_on, NULL::bigint, NULL::text, NULL::bigint, state, NULL::text, NULL::text
FROM kk2_case WHERE opened_on >= :since
UNION ALL
SELECT 'paid', c.company, c.client, c.case_no, p.booked_on, p.id, s.kind::text, sum(s.amount), c.state, NULL, NULL
FROM payment p JOIN split s ON s.payment_id = p.id AND s.superseded_by IS NULL JOIN kk2_case c ON c.id = s.case_id
WHERE p.booked_on >= :since GROUP BY c.id, p.id, s.kind HAVING sum(s.amount) <> 0
UNION ALL
SELECT 'moved', c.company, c.client, c.case_no, t.day, NULL, t.kind, t.amount, c.state, t.transaction_id, NULL
FROM ledger_transaction t JOIN kk2_case c ON c.id = t.case_id
WHERE t.state = 'applied' AND greatest(t.day, t.came_at::date) >= :since
UNION ALL
SELECT 'closed', c.company, c.client, c.case_no, l.day, NULL, NULL, NULL, c.state, NULL, NULL
FROM kk2_case c JOIN (
    SELECT case_id, max(day) AS day, max(seen) AS seen FROM (
        SELECT {ON}, p.booked_on, p.booked_on FROM {SHARED} WHERE p.state = 'settled' UNION ALL
        SELECT case_id, day, greatest(day, came_at::date) FROM ledger_transaction WHERE state = 'applied'
    ) last(case_id, day, seen) GROUP BY case_id
) l ON l.case_id = c.id
WHERE c.state IN ('paid', 'closed_with_rest') AND l.seen >= :since
UNION ALL
SELECT CASE a.act WHEN 'add cost' THEN 'added' WHEN 'withdraw item' THEN 'withdrawn' WHEN 'waive' THEN 'waived'
    WHEN 'withdraw waiver' THEN 'unwaived' WHEN 'merge case' THEN 'merged' WHEN 'unmerge case' THEN 'unmerged'
    WHEN 'close case' THEN 'closed_by_a_person' ELSE 'reopened' END,
    c.company, c.client, c.case_no, (a.at AT TIME ZONE 'Europe/Oslo')::date, NULL, coalesce(i.kind, w.kind)::text,
    coalesce(i.amount, w.amount), c.state, NULL, coalesce(a.detail->>'id', m.case_no)
FROM audit a JOIN kk2_case c ON c.id = split_part(a.subject, ' ', 2)::bigint
LEFT JOIN item i ON i.case_id = c.id AND i.kk2_id = a.detail->>'id' AND a.act IN ('add cost', 'withdraw item')
LEFT JOIN waiver w ON w.case_id = c.id AND w.kk2_id = a.detail->>'id' AND a.act IN ('waive', 'withdraw waiver')
LEFT JOIN kk2_case m ON m.id = (a.detail->>'into')::bigint
WHERE a.act IN ('add cost', 'withdraw item', 'waive', 'withdraw waiver', 'merge case', 'unmerge case', 'close case', 'reopen case')
    AND (a.at AT TIME ZONE 'Europe/Oslo')::date >= :since
ORDER BY 2, 3, 4, 5, 1 DESC, 6, 7, 10, 11"""


def export(connection: Connection, since: date) -> Iterator[Exported]:
    """All that became of cases from a day on, by case and day; streamed, for it may be all of them."""
    rows = connection.execution_options(yield_per=5_000).execute(text(_SINCE), {"since": since})
    for (
        record,
        company,
        client,
        case_no,
        day,
        payment_id,
        kind,
        amount,
        state,
        transaction_id,
        own_id,
    ) in rows:
        named = Kind(int(kind)).name.lower() if kind and record != "moved" else kind
        yield Exported(
            record,
            company,
            client,
            case_no,
            day,
            payment_id,
            named,
            None if amount is None else int(amount),
            state,
            transaction_id,
            own_id,
        )
