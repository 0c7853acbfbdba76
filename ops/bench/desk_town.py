"""A year of a large site for the measurement of the desk: a million payments, failed vouchers, parked work, set by set."""

from dataclasses import dataclass

from sqlalchemy import Connection, text

from ops.bench.stand import set_up

ACCOUNT = "99991042764"


@dataclass(frozen=True, slots=True)
class Size:
    """How large the site is. `parked`: payments that wait for a person, each with its work; `failed`: refused vouchers."""

    payments: int = 1_000_000
    cases: int = 100_000
    files: int = 1_000
    failed: int = 100_000
    delivered: int = 20_000
    parked: int = 20_000


# The deferred look at each voucher's lines is left out: it is a commit's work, and nobody reads it here.
_FILL = (
    "ALTER TABLE voucher DISABLE TRIGGER balances",
    """INSERT INTO kk2_case (company, client, case_no, account, kid, case_flow, sub_ledger_account, customer_no, debtor_name,
        opened_on, state, balance)
    SELECT '100', 'KOM', '0221-' || lpad(n::text, 8, '0'), :account, lpad(n::text, 10, '0'), 'A', '1500', (10000 + n)::text,
        (array['Nordmann', 'Hansen', 'Olsen', 'Larsen', 'Berg', 'Haugen', 'Dahl', 'Lie'])[1 + n % 8] || ', ' || md5(n::text),
        DATE '2025-06-01' + n % 300, CASE WHEN n % 3 = 0 THEN 'paid' ELSE 'open' END, CASE WHEN n % 3 = 0 THEN 0 ELSE 53800 END
    FROM generate_series(1, :cases) n""",
    "INSERT INTO case_kid (account, kid, case_id) SELECT account, kid, id FROM kk2_case",
    """INSERT INTO item (case_id, kk2_id, kind, amount, due_on, invoice_no)
    SELECT id, 'P', 1, 50000, opened_on - 30, 'F' || id FROM kk2_case""",
    """INSERT INTO bank_file (sha256, name, size, state, landed_at, format, payments, total, cut, assignments)
    SELECT md5(n::text) || md5(n::text), 'TBOC' || lpad(n::text, 4, '0') || '.DAT', 160000, 'read',
        (DATE '2025-11-03' + n / 4)::timestamptz + interval '6 hours', 'ocr-giro', 1000, 1000, true,
        jsonb_build_array(jsonb_build_object('account', CAST(:account AS text), 'number', n::text, 'payments', 1000, 'total', 1000,
            'earliest', null, 'latest', null))
    FROM generate_series(1, :files) n""",
    """INSERT INTO payment (file_id, position, line, account, type, booked_on, interest_on, statement_ref, amount, kid, is_reversal,
        fingerprint, company, state, case_id)
    SELECT 1 + (n - 1) * :files / :payments, (n - 1) % (:payments / :files), n % 100000, :account, '13',
        DATE '2025-11-03' + ((n - 1) * (:files / 4) / :payments), DATE '2025-11-03' + ((n - 1) * (:files / 4) / :payments), '0116100001',
        CASE WHEN n % 5 = 0 THEN 50000 ELSE 10000 + (n::bigint * 7919) % 2000000 END, lpad((1 + n % :cases)::text, 10, '0'), false, n,
        CASE WHEN (n - 1) * :files / :payments % 100 = 7 THEN '200' ELSE '100' END,
        CASE WHEN n % (:payments / :parked) = 0 THEN 'parked' WHEN n % 5000 = 1 THEN 'refused' ELSE 'settled' END,
        CASE WHEN n % (:payments / :parked) = 0 OR n % 5000 = 1 THEN NULL ELSE 1 + n % :cases END
    FROM generate_series(1, :payments) n""",
    """INSERT INTO split (payment_id, case_id, kind, amount, corrects, held)
    SELECT id, case_id, 1, amount, false, false FROM payment WHERE state = 'settled'""",
    """INSERT INTO voucher (reference, company, installation, account, booked_on, statement_ref, number, "of", voucher_on,
        voucher_type, registrar, division, approve, text, total, moved, lines, payments, company_row, approved_by, approved_at, state,
        attempts, voucher_no, ledger_state, delivered_at, code, note)
    SELECT 'KK2-1-' || n, CASE WHEN n % 50 = 0 THEN '200' ELSE '100' END, 'visma', :account, DATE '2025-11-03' + n * 250 / (:failed + :delivered),
        '0116100001', 1, 1, DATE '2025-11-03' + n * 250 / (:failed + :delivered), 'OC', 'WS-Inf', '', false, 'OCR', 500000 + n, m.moved, 2, m.payments,
        (SELECT min(id) FROM setup_row), 'policy', DATE '2025-11-03' + n * 250 / (:failed + :delivered),
        CASE WHEN n > :failed THEN 'delivered' ELSE 'refused' END, 1, CASE WHEN n > :failed THEN (200000 + n)::text END,
        CASE WHEN n > :failed THEN 'posted' END, CASE WHEN n > :failed THEN now() END,
        CASE WHEN n > :failed THEN NULL ELSE (array['ClosedPeriod', 'UnknownCustomer', 'UnknownAccount'])[1 + n % 3] END,
        CASE WHEN n > :failed THEN NULL ELSE 'the period is closed' END
    FROM generate_series(1, :failed + :delivered) n JOIN (SELECT (1 + id % (:failed + :delivered))::int AS n, sum(amount) AS moved,
        count(DISTINCT payment_id) AS payments FROM split GROUP BY 1) m USING (n) ORDER BY n""",
    """INSERT INTO voucher_line (voucher_id, no, account, text, amount, tax_code, dimensions, customer_no, invoice_no, kid)
    SELECT id, no, CASE no WHEN 1 THEN '1920' ELSE '1500' END, 'OCR', CASE no WHEN 1 THEN total ELSE -total END, '0', '{}', '', '', ''
    FROM voucher CROSS JOIN generate_series(1, 2) no""",
    """INSERT INTO voucher_split (voucher_id, split_id)
    SELECT 1 + id % (:failed + :delivered), id FROM split""",
    """INSERT INTO exchange (voucher_id, attempt, what, verdict, code, note)
    SELECT id, 1, 'send', CASE state WHEN 'refused' THEN 'refused' ELSE 'accepted' END, coalesce(code, ''), '' FROM voucher""",
    """INSERT INTO journal (event, body) SELECT 'PaymentParked', jsonb_build_object('payment_id', id) FROM payment WHERE state = 'parked'""",
    """INSERT INTO work (event_id, stage, body, state, due_at, reason, note, payment_id, made_at)
    SELECT row_number() OVER (), 'settle', jsonb_build_object('payment_id', id), 'parked', now(),
        CASE id % 4 WHEN 0 THEN 'unknown_kid' WHEN 1 THEN 'unknown_kid' WHEN 2 THEN 'case_paid' ELSE 'two_cases' END,
        'no case has this KID', id, booked_on FROM payment WHERE state = 'parked'""",
    """INSERT INTO journal (event, body) SELECT 'VouchersApproved', jsonb_build_object('voucher_ids', jsonb_build_array(id))
    FROM voucher WHERE state = 'refused'""",
    """INSERT INTO work (event_id, stage, part, body, state, due_at, reason, note, made_at)
    SELECT :parked + id, 'deliver', 'voucher ' || id, jsonb_build_object('voucher_ids', jsonb_build_array(id)), 'parked', now(),
        'refused', 'Visma refused it', voucher_on FROM voucher WHERE state = 'refused'""",
    """INSERT INTO work (event_id, stage, part, body, state, due_at, done_at, made_at)
    SELECT n, 'settle', n::text, '{}', 'done', now(), now() - make_interval(mins => n % 100000), now() FROM generate_series(1, 100000) n""",
    """INSERT INTO claim (work_id, at, result) SELECT id, now() - make_interval(mins => (id % 100000)::int), 'done' FROM work
    WHERE state = 'done'""",
    """INSERT INTO heartbeat (name, at, done_at) VALUES ('relay', now(), now()), ('beat', now(), now()), ('watch', now(), now()), ('guard', now(), now())""",
)  # fmt: skip


def fill(connection: Connection, size: Size) -> None:
    """Fill an empty, migrated database."""
    values: dict[str, object] = {
        "account": ACCOUNT,
        **{name: getattr(size, name) for name in Size.__slots__},
    }
    set_up(connection, "http://127.0.0.1:1/")
    for sql in _FILL:
        connection.execute(text(sql), {n: v for n, v in values.items() if f":{n}" in sql})
