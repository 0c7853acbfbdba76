-- Sums that are kept: how many payments, vouchers and parked rows stand where, and with how much money.
--
-- Each statement that changes them adds signed rows of its own, so that no two transactions wait for each other; the clock
-- folds them into one row a key. A sum is read over both kinds. `kk2 balance` counts anew and compares.

CREATE TABLE tally (
    of TEXT NOT NULL,
    company TEXT DEFAULT '' NOT NULL,
    account TEXT DEFAULT '' NOT NULL,
    day DATE NOT NULL,
    state TEXT NOT NULL,
    code TEXT DEFAULT '' NOT NULL,
    number BIGINT NOT NULL,
    amount BIGINT NOT NULL,
    folded BOOLEAN DEFAULT false NOT NULL,
    CONSTRAINT ck_tally_of CHECK (of in ('payment', 'voucher', 'parked'))
);

CREATE INDEX ix_tally_key ON tally (of, day, state, company, account, code);

CREATE INDEX ix_tally_unfolded ON tally (day) WHERE NOT folded;

COMMENT ON TABLE tally IS 'Sums that are kept, written by triggers. Of parked rows state is the stage, code the reason, day when they were made';

-- Changes of one statement, told as rows that went and rows that came.
CREATE FUNCTION tally_payments() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO tally (of, company, account, day, state, number, amount)
        SELECT 'payment', coalesce(company, ''), account, booked_on, state, count(*), sum(amount)
        FROM new_rows GROUP BY 2, 3, 4, 5;
    ELSE
        INSERT INTO tally (of, company, account, day, state, number, amount)
        SELECT 'payment', coalesce(company, ''), account, booked_on, state, sum(number), sum(amount) FROM (
            SELECT company, account, booked_on, state, count(*) AS number, sum(amount) AS amount FROM new_rows GROUP BY 1, 2, 3, 4
            UNION ALL
            SELECT company, account, booked_on, state, -count(*), -sum(amount) FROM old_rows GROUP BY 1, 2, 3, 4
        ) d GROUP BY 2, 3, 4, 5 HAVING sum(number) <> 0 OR sum(amount) <> 0;
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER tallied_in AFTER INSERT ON payment REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION tally_payments();
CREATE TRIGGER tallied AFTER UPDATE ON payment REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION tally_payments();

CREATE FUNCTION tally_vouchers() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO tally (of, company, account, day, state, code, number, amount)
        SELECT 'voucher', company, account, voucher_on, state, coalesce(code, ''), count(*), sum(total)
        FROM new_rows GROUP BY 2, 3, 4, 5, 6;
    ELSE
        INSERT INTO tally (of, company, account, day, state, code, number, amount)
        SELECT 'voucher', company, account, voucher_on, state, coalesce(code, ''), sum(number), sum(total) FROM (
            SELECT company, account, voucher_on, state, code, 1 AS number, total FROM new_rows
            UNION ALL
            SELECT company, account, voucher_on, state, code, -1, -total FROM old_rows
        ) d GROUP BY 2, 3, 4, 5, 6 HAVING sum(number) <> 0 OR sum(total) <> 0;
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER tallied_in AFTER INSERT ON voucher REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION tally_vouchers();
CREATE TRIGGER tallied AFTER UPDATE ON voucher REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION tally_vouchers();

-- The money that a parked row is about: its payment's, or its vouchers'. Neither amount ever changes.
CREATE FUNCTION parked_amount(payment_id bigint, body jsonb) RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT coalesce(CASE
        WHEN $1 IS NOT NULL THEN (SELECT p.amount FROM payment p WHERE p.id = $1)
        WHEN $2 ? 'voucher_ids' THEN (SELECT sum(v.total)::bigint FROM voucher v
            WHERE v.id IN (SELECT jsonb_array_elements_text($2->'voucher_ids')::bigint))
    END, 0)
$$;

CREATE FUNCTION tally_parked() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF EXISTS (SELECT FROM new_rows WHERE state = 'parked') THEN
            INSERT INTO tally (of, day, state, code, number, amount)
            SELECT 'parked', (made_at AT TIME ZONE 'UTC')::date, stage, reason, count(*), sum(parked_amount(payment_id, body))
            FROM new_rows WHERE state = 'parked' GROUP BY 2, 3, 4;
        END IF;
    ELSIF EXISTS (SELECT FROM new_rows WHERE state = 'parked') OR EXISTS (SELECT FROM old_rows WHERE state = 'parked') THEN
        INSERT INTO tally (of, day, state, code, number, amount)
        SELECT 'parked', (made_at AT TIME ZONE 'UTC')::date, stage, reason, sum(number), sum(amount) FROM (
            SELECT made_at, stage, reason, 1 AS number, parked_amount(payment_id, body) AS amount FROM new_rows WHERE state = 'parked'
            UNION ALL
            SELECT made_at, stage, reason, -1, -parked_amount(payment_id, body) FROM old_rows WHERE state = 'parked'
        ) d GROUP BY 2, 3, 4 HAVING sum(number) <> 0 OR sum(amount) <> 0;
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER tallied_in AFTER INSERT ON work REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION tally_parked();
CREATE TRIGGER tallied AFTER UPDATE ON work REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION tally_parked();

-- What stands already. CREATE TRIGGER has locked the tables against writers, so nothing is counted twice or left out.
INSERT INTO tally (of, company, account, day, state, number, amount, folded)
SELECT 'payment', coalesce(company, ''), account, booked_on, state, count(*), sum(amount), true FROM payment GROUP BY 2, 3, 4, 5;
INSERT INTO tally (of, company, account, day, state, code, number, amount, folded)
SELECT 'voucher', company, account, voucher_on, state, coalesce(code, ''), count(*), sum(total), true FROM voucher GROUP BY 2, 3, 4, 5, 6;
INSERT INTO tally (of, day, state, code, number, amount, folded)
SELECT 'parked', (made_at AT TIME ZONE 'UTC')::date, stage, reason, count(*), sum(parked_amount(payment_id, body)), true
FROM work WHERE state = 'parked' GROUP BY 2, 3, 4;
