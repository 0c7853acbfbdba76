"""The statements of `workers.store.cases`, in the order in which they run."""

from dataclasses import dataclass

KEY = "company, client, case_no"

STAGE = (
    """CREATE TEMP TABLE staged (
        line integer, record text, company text, client text, case_no text, account text, kid text, case_flow text,
        sub_ledger_account text, customer_no text, debtor_name text, opened_on date, kids text[], kk2_id text,
        kind smallint, amount bigint, day date, invoice_no text, item_kk2_id text, reason text, into_no text
    ) ON COMMIT DROP""",
    """CREATE TEMP TABLE named (
        company text, client text, case_no text, case_id bigint, is_new boolean
    ) ON COMMIT DROP""",
    "CREATE TEMP TABLE changed (case_id bigint) ON COMMIT DROP",
    "CREATE TEMP TABLE reachable (case_id bigint) ON COMMIT DROP",
    "CREATE TEMP TABLE renamed (case_id bigint) ON COMMIT DROP",
)

NAME = (
    "ANALYZE staged",
    f"""INSERT INTO named SELECT {KEY}, c.id, false
        FROM (SELECT {KEY} FROM staged UNION SELECT company, client, into_no FROM staged WHERE record = 'merge') s
        JOIN kk2_case c USING ({KEY})""",
    # The stages lock cases in id order too, so nobody waits in a circle; balances are read after this.
    "SELECT count(*) FROM (SELECT id FROM kk2_case WHERE id IN (SELECT case_id FROM named) ORDER BY id FOR NO KEY UPDATE) locked",
    "ANALYZE named",
)


@dataclass(frozen=True, slots=True)
class Question:
    """One thing that may be wrong. The query gives line, what was expected (put into `expected`) and what was found."""

    what: str
    expected: str
    query: str


_ITEMS = (
    "(SELECT n.company, n.client, n.case_no, i.kk2_id, i.kind, i.amount, i.withdrawn_at IS NOT NULL AS gone "
    "FROM named n JOIN item i USING (case_id) UNION ALL "
    f"SELECT {KEY}, kk2_id, kind, amount, false FROM staged WHERE record = 'item')"
)


def _twice(record: str, what: str, keys: str) -> Question:
    return Question(
        what,
        "each once in a file, line {}",
        f"SELECT line, first, 'again' FROM (SELECT line, min(line) OVER same || ' has it' AS first, "
        f"row_number() OVER same AS n FROM staged WHERE record IN ({record}) "
        f"WINDOW same AS (PARTITION BY {keys} ORDER BY line)) t WHERE n > 1",
    )


QUESTIONS = (
    _twice("'case'", "case", KEY),
    _twice("'case'", "kid", "account, kid"),
    _twice("'item'", "item", f"{KEY}, kk2_id"),
    _twice("'waiver'", "waiver", f"{KEY}, kk2_id"),
    _twice("'recalled', 'merge', 'unmerge'", "state of the case", KEY),
    Question(
        "case_no",
        "a case that stands, or that the file opens",
        "SELECT line, '', company || '/' || client || '/' || case_no FROM staged s WHERE record <> 'case' "
        "AND NOT EXISTS (SELECT FROM staged c WHERE c.record = 'case' AND (c.company, c.client, c.case_no) = "
        "(s.company, s.client, s.case_no)) AND NOT EXISTS (SELECT FROM named n WHERE "
        "(n.company, n.client, n.case_no) = (s.company, s.client, s.case_no))",
    ),
    Question(
        "account, kid and opened_on",
        "those that the case was opened with, {}",
        f"SELECT line, c.account || ' ' || c.kid || ' ' || c.opened_on, s.account || ' ' || s.kid || ' ' || s.opened_on "
        f"FROM staged s JOIN named n USING ({KEY}) JOIN kk2_case c ON c.id = n.case_id WHERE s.record = 'case' "
        f"AND (c.account, c.kid, c.opened_on) <> (s.account, s.kid, s.opened_on)",
    ),
    Question(
        "kid",
        "a KID that no other case has as its own",
        "SELECT line, '', s.kid || ' of case ' || c.client || '/' || c.case_no FROM staged s "
        "JOIN case_kid k ON (k.account, k.kid) = (s.account, s.kid) "
        "JOIN kk2_case c ON c.id = k.case_id AND (c.account, c.kid) = (s.account, s.kid) WHERE s.record = 'case' "
        "AND (c.company, c.client, c.case_no) <> (s.company, s.client, s.case_no)",
    ),
    Question(
        "amount, kind, due_on and invoice_no of an item that stands",
        "the same, {} (withdraw it, and give the new one an id of its own)",
        f"SELECT line, {{i}}, {{s}} FROM staged s JOIN named n USING ({KEY}) JOIN item i USING (case_id, kk2_id) "
        "WHERE s.record = 'item' AND (i.kind, i.amount, i.due_on, i.invoice_no) <> (s.kind, s.amount, s.day, s.invoice_no)".format(
            i="i.kind || ' ' || i.amount || ' øre ' || i.due_on || ' ' || i.invoice_no",
            s="s.kind || ' ' || s.amount || ' øre ' || s.day || ' ' || s.invoice_no",
        ),
    ),
    Question(
        "invoice_no of an item",
        "an invoice for which no other case was opened when Visma handed it over (withdraw it there first)",
        "SELECT line, '', s.invoice_no || ', item ' || i.kk2_id || ' of case ' || c.client || '/' || c.case_no FROM staged s "
        "JOIN invoice v ON (v.company, v.invoice_no) = (s.company, s.invoice_no) AND v.state = 'opened' "
        "JOIN kk2_case c ON c.id = v.case_id AND c.state NOT IN ('recalled', 'merged') "
        "AND (c.client, c.case_no) <> (s.client, s.case_no) JOIN item i ON i.case_id = c.id AND i.invoice_no = s.invoice_no "
        "AND i.kind = 1 AND i.withdrawn_at IS NULL WHERE s.record = 'item' AND s.kind = 1 "
        "AND NOT EXISTS (SELECT FROM named n JOIN item o USING (case_id) WHERE (n.company, n.client, n.case_no, o.kk2_id) = "
        "(s.company, s.client, s.case_no, s.kk2_id)) "
        "AND NOT EXISTS (SELECT FROM staged o WHERE o.record IN ('recalled', 'merge') "
        "AND (o.company, o.client, o.case_no) = (c.company, c.client, c.case_no)) "
        "AND NOT EXISTS (SELECT FROM staged w WHERE w.record = 'withdrawn_item' "
        "AND (w.company, w.client, w.case_no, w.kk2_id) = (c.company, c.client, c.case_no, i.kk2_id))",
    ),
    Question(
        "item",
        "an item of the case that is not withdrawn, {}",
        f"SELECT line, CASE s.record WHEN 'waiver' THEN 'to be waived' ELSE 'to be withdrawn' END, "
        f"coalesce(s.item_kk2_id, s.kk2_id) FROM staged s WHERE s.record IN ('waiver', 'withdrawn_item') AND NOT EXISTS ("
        f"SELECT FROM {_ITEMS} i WHERE (i.company, i.client, i.case_no, i.kk2_id) = "
        f"(s.company, s.client, s.case_no, coalesce(s.item_kk2_id, s.kk2_id)) AND (s.record <> 'waiver' OR NOT i.gone "
        f"OR EXISTS (SELECT FROM named n JOIN waiver w USING (case_id) "
        f"WHERE (n.company, n.client, n.case_no, w.kk2_id) = (s.company, s.client, s.case_no, s.kk2_id))))",
    ),
    Question(
        "kind of a waiver",
        "its item's kind, or interest of an invoice",
        f"SELECT line, '', s.kind::text FROM staged s JOIN {_ITEMS} i USING ({KEY}) WHERE s.record = 'waiver' "
        f"AND i.kk2_id = s.item_kk2_id AND s.kind <> i.kind AND NOT (s.kind = 4 AND i.kind = 1)",
    ),
    Question(
        "amount of a waiver",
        "at most the item's {}",
        f"SELECT line, i.amount, s.amount FROM staged s JOIN {_ITEMS} i USING ({KEY}) WHERE s.record = 'waiver' "
        f"AND i.kk2_id = s.item_kk2_id AND s.kind = i.kind AND s.amount > i.amount",
    ),
    Question(
        "amount, kind and day of a waiver that stands",
        "the same, {} (withdraw it, and give the new one an id of its own)",
        f"SELECT line, w.kind || ' ' || w.amount || ' øre ' || w.day, s.kind || ' ' || s.amount || ' øre ' || s.day "
        f"FROM staged s JOIN named n USING ({KEY}) JOIN waiver w USING (case_id, kk2_id) "
        f"WHERE s.record = 'waiver' AND (w.kind, w.amount, w.day) <> (s.kind, s.amount, s.day)",
    ),
    Question(
        "waiver",
        "a waiver of the case",
        "SELECT line, '', kk2_id FROM staged s WHERE s.record = 'withdrawn_waiver' AND NOT EXISTS ("
        "SELECT FROM named n JOIN waiver w USING (case_id) WHERE (n.company, n.client, n.case_no, w.kk2_id) = "
        "(s.company, s.client, s.case_no, s.kk2_id)) AND NOT EXISTS (SELECT FROM staged w WHERE w.record = 'waiver' "
        "AND (w.company, w.client, w.case_no, w.kk2_id) = (s.company, s.client, s.case_no, s.kk2_id))",
    ),
    Question(
        "into",
        "another case of the client, neither merged nor recalled",
        "SELECT s.line, '', s.into_no FROM staged s LEFT JOIN named n ON (n.company, n.client, n.case_no) = "
        "(s.company, s.client, s.into_no) LEFT JOIN kk2_case c ON c.id = n.case_id "
        "WHERE s.record = 'merge' AND NOT EXISTS (SELECT FROM named o JOIN kk2_case f ON f.id = o.case_id "
        "WHERE (o.company, o.client, o.case_no) = (s.company, s.client, s.case_no) AND f.merged_into = n.case_id) "
        "AND (s.into_no = s.case_no OR c.state IN ('merged', 'recalled') "
        "OR EXISTS (SELECT FROM staged o WHERE o.record IN ('merge', 'recalled') "
        "AND (o.company, o.client, o.case_no) = (s.company, s.client, s.into_no)) "
        "OR (c.id IS NULL AND NOT EXISTS (SELECT FROM staged o WHERE o.record = 'case' "
        "AND (o.company, o.client, o.case_no) = (s.company, s.client, s.into_no))))",
    ),
    Question(
        "state of the case",
        "a case that may be so, {}",
        f"SELECT line, CASE s.record WHEN 'merge' THEN 'merged' ELSE 'recalled' END, "
        f"CASE WHEN c.state = 'merged' THEN 'one that is merged' ELSE 'one that is recalled' END "
        f"FROM staged s JOIN named n USING ({KEY}) JOIN kk2_case c ON c.id = n.case_id "
        f"WHERE (s.record = 'recalled' AND c.state = 'merged') OR (s.record = 'merge' AND (c.state = 'recalled' "
        f"OR (c.state = 'merged' AND c.merged_into IS DISTINCT FROM (SELECT m.case_id FROM named m "
        f"WHERE (m.company, m.client, m.case_no) = (s.company, s.client, s.into_no)))))",
    ),
)

OPEN = (
    f"""WITH owed AS (
            SELECT {KEY}, sum(CASE record WHEN 'item' THEN amount ELSE -amount END) AS balance FROM staged
            WHERE record = 'item' OR (record = 'waiver' AND kind <> 4) GROUP BY {KEY}
        ), made AS (
            INSERT INTO kk2_case ({KEY}, account, kid, case_flow, sub_ledger_account, customer_no, debtor_name,
                                  opened_on, state, balance)
            SELECT {KEY}, s.account, s.kid, s.case_flow, s.sub_ledger_account, s.customer_no, s.debtor_name,
                   s.opened_on, 'open', coalesce(o.balance, 0)
            FROM staged s LEFT JOIN owed o USING ({KEY}) LEFT JOIN named n USING ({KEY})
            WHERE s.record = 'case' AND n.case_id IS NULL ORDER BY s.line
            RETURNING id, {KEY}
        )
        INSERT INTO named SELECT {KEY}, id, true FROM made""",
    f"""WITH other AS (
            UPDATE kk2_case c SET customer_no = s.customer_no, debtor_name = s.debtor_name, case_flow = s.case_flow
            FROM staged s JOIN named n USING ({KEY})
            WHERE s.record = 'case' AND NOT n.is_new AND c.id = n.case_id
              AND (c.customer_no, c.debtor_name, c.case_flow) <> (s.customer_no, s.debtor_name, s.case_flow)
            RETURNING c.id
        )
        INSERT INTO renamed SELECT id FROM other""",
)

CLAIMS = (
    f"""WITH further AS (
            INSERT INTO case_kid (account, kid, case_id)
            SELECT s.account, k.kid, n.case_id
            FROM staged s JOIN named n USING ({KEY}) CROSS JOIN LATERAL unnest(array_append(s.kids, s.kid)) k(kid)
            WHERE s.record = 'case'
            ON CONFLICT DO NOTHING RETURNING case_id
        )
        INSERT INTO reachable SELECT case_id FROM further JOIN named n USING (case_id) WHERE NOT n.is_new""",
    f"""WITH made AS (
            INSERT INTO item (case_id, kk2_id, kind, amount, due_on, invoice_no)
            SELECT n.case_id, s.kk2_id, s.kind, s.amount, s.day, s.invoice_no
            FROM staged s JOIN named n USING ({KEY}) WHERE s.record = 'item' ORDER BY n.case_id, s.line
            ON CONFLICT (case_id, kk2_id) DO NOTHING RETURNING case_id
        )
        INSERT INTO changed SELECT case_id FROM made JOIN named n USING (case_id) WHERE NOT n.is_new""",
    # more is owed on it than when a person closed it
    "UPDATE kk2_case c SET closed_on = NULL WHERE c.closed_on IS NOT NULL AND c.id IN (SELECT case_id FROM changed)",
)

CORRECTIONS = (
    f"""WITH made AS (
            INSERT INTO waiver (case_id, item_id, kk2_id, kind, amount, day, reason)
            SELECT n.case_id, i.id, s.kk2_id, s.kind, s.amount, s.day, s.reason
            FROM staged s JOIN named n USING ({KEY}) JOIN item i ON i.case_id = n.case_id AND i.kk2_id = s.item_kk2_id
            WHERE s.record = 'waiver' ORDER BY n.case_id, s.line
            ON CONFLICT (case_id, kk2_id) DO NOTHING RETURNING case_id
        )
        INSERT INTO changed SELECT case_id FROM made JOIN named n USING (case_id) WHERE NOT n.is_new""",
    f"""WITH gone AS (
            UPDATE item i SET withdrawn_at = now() FROM staged s JOIN named n USING ({KEY})
            WHERE s.record = 'withdrawn_item' AND (i.case_id, i.kk2_id) = (n.case_id, s.kk2_id) AND i.withdrawn_at IS NULL
            RETURNING i.case_id, i.id
        ), let_go AS (
            UPDATE waiver w SET withdrawn_at = now() FROM gone
            WHERE w.case_id = gone.case_id AND w.item_id = gone.id AND w.withdrawn_at IS NULL
        )
        INSERT INTO changed SELECT case_id FROM gone""",
    f"""WITH gone AS (
            UPDATE waiver w SET withdrawn_at = now() FROM staged s JOIN named n USING ({KEY})
            WHERE s.record = 'withdrawn_waiver' AND (w.case_id, w.kk2_id) = (n.case_id, s.kk2_id)
              AND w.withdrawn_at IS NULL
            RETURNING w.case_id
        )
        INSERT INTO changed SELECT case_id FROM gone""",
    f"""WITH recalled AS (
            UPDATE kk2_case c SET state = 'recalled' FROM staged s JOIN named n USING ({KEY})
            WHERE s.record = 'recalled' AND c.id = n.case_id AND c.state <> 'recalled' RETURNING c.id
        ), unsaid AS (
            UPDATE invoice i SET number_state = 'refused', number_code = 'Recalled',
                number_note = 'its case was recalled before Visma had its number', number_at = now()
            FROM recalled WHERE i.case_id = recalled.id AND i.number_state IN ('waiting', 'refused') RETURNING i.id
        ), heard AS (
            UPDATE work w SET state = 'done', done_at = now() FROM unsaid
            WHERE w.invoice_id = unsaid.id AND w.stage = 'number' AND w.state = 'parked'
        )
        INSERT INTO changed SELECT id FROM recalled""",
)

SETTLE_UP = (
    "ANALYZE changed",
    """WITH balance AS (
            SELECT id, (SELECT coalesce(sum(amount), 0) FROM item WHERE case_id = c.id AND withdrawn_at IS NULL)
              - (SELECT coalesce(sum(amount), 0) FROM waiver WHERE case_id = c.id AND withdrawn_at IS NULL AND kind <> 4)
              + (SELECT coalesce(sum(amount), 0) FROM ledger_transaction WHERE case_id = c.id AND state = 'applied')
              - (SELECT coalesce(sum(amount), 0) FROM split WHERE case_id = c.id AND superseded_by IS NULL AND kind <= 3)
              AS owed
            FROM kk2_case c WHERE id IN (SELECT case_id FROM changed)
        )
        UPDATE kk2_case c SET dirty = true, balance = b.owed FROM balance b WHERE c.id = b.id""",
)
