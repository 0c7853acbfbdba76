-- What is booked, kept by company, day and kind, as the other sums of `tally` are: each statement adds signed rows.
--
-- A voucher's head has what its splits move, so that its delivery reads none of them.

ALTER TABLE voucher ADD COLUMN moved BIGINT;

UPDATE voucher v SET moved = coalesce(
    (SELECT sum(s.amount) FROM voucher_split t JOIN split s ON s.id = t.split_id WHERE t.voucher_id = v.id), 0);

ALTER TABLE voucher ALTER COLUMN moved SET NOT NULL;

CREATE OR REPLACE FUNCTION voucher_head_stands() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.reference <> OLD.reference AND NOT (OLD.state = 'approved' AND OLD.attempts = 0))
       OR NEW.total <> OLD.total OR NEW.moved <> OLD.moved OR NEW.lines <> OLD.lines OR NEW.made_in <> OLD.made_in
       OR NEW.voucher_on <> OLD.voucher_on OR NEW.company <> OLD.company THEN
        RAISE EXCEPTION 'voucher %: what was approved is never changed', OLD.reference
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;

ALTER TABLE tally DROP CONSTRAINT ck_tally_of;

ALTER TABLE tally ADD CONSTRAINT ck_tally_of CHECK (of in ('payment', 'voucher', 'parked', 'booked'));

COMMENT ON TABLE tally IS 'Sums that are kept, written by triggers. Of parked rows state is the stage, code the reason, day when they were made; of booked ones state is the kind';

-- Bank payments in vouchers that are in Visma: a payment counts once a voucher.
CREATE FUNCTION tally_booked_vouchers() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO tally (of, company, day, state, number, amount)
        SELECT 'booked', company, voucher_on, 'from_bank', sum(payments), sum(moved)
        FROM new_rows WHERE state IN ('delivered', 'by_hand') GROUP BY 2, 3;
    ELSE
        INSERT INTO tally (of, company, day, state, number, amount)
        SELECT 'booked', company, voucher_on, 'from_bank', sum(number), sum(amount) FROM (
            SELECT company, voucher_on, payments AS number, moved AS amount FROM new_rows WHERE state IN ('delivered', 'by_hand')
            UNION ALL
            SELECT company, voucher_on, -payments, -moved FROM old_rows WHERE state IN ('delivered', 'by_hand')
        ) d GROUP BY 2, 3 HAVING sum(number) <> 0 OR sum(amount) <> 0;
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER tallied_booked_in AFTER INSERT ON voucher REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION tally_booked_vouchers();
CREATE TRIGGER tallied_booked AFTER UPDATE ON voucher REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION tally_booked_vouchers();

-- What Visma booked itself. It tells what moves its sub-ledger: what was paid is negative there, and money in here.
CREATE FUNCTION tally_booked_transactions() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO tally (of, company, day, state, number, amount)
        SELECT 'booked', company, day, kind, count(*), -sum(amount)
        FROM new_rows WHERE state NOT IN ('ours', 'superseded') GROUP BY 2, 3, 4;
    ELSE
        INSERT INTO tally (of, company, day, state, number, amount)
        SELECT 'booked', company, day, kind, sum(number), -sum(amount) FROM (
            SELECT company, day, kind, 1 AS number, amount FROM new_rows WHERE state NOT IN ('ours', 'superseded')
            UNION ALL
            SELECT company, day, kind, -1, -amount FROM old_rows WHERE state NOT IN ('ours', 'superseded')
        ) d GROUP BY 2, 3, 4 HAVING sum(number) <> 0 OR sum(amount) <> 0;
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER tallied_booked_in AFTER INSERT ON ledger_transaction REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION tally_booked_transactions();
CREATE TRIGGER tallied_booked AFTER UPDATE ON ledger_transaction REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION tally_booked_transactions();

-- What stands already. Both tables are locked against writers by now.
INSERT INTO tally (of, company, day, state, number, amount, folded)
SELECT 'booked', company, voucher_on, 'from_bank', sum(payments), sum(moved), true
FROM voucher WHERE state IN ('delivered', 'by_hand') GROUP BY 2, 3;
INSERT INTO tally (of, company, day, state, number, amount, folded)
SELECT 'booked', company, day, kind, count(*), -sum(amount), true
FROM ledger_transaction WHERE state NOT IN ('ours', 'superseded') GROUP BY 2, 3, 4;
