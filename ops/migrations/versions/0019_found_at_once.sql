-- What the desk's lists and its search are found by. No index is over a payment's state or case: they change with each
-- payment that is settled, and an index over them would make that change twice as dear.

CREATE INDEX ix_payment_kid ON payment (kid);
CREATE INDEX ix_payment_amount ON payment (amount, id);
-- Payments lie as their files came, so that a company's stand together: next to nothing to keep.
CREATE INDEX ix_payment_company ON payment USING brin (company) WITH (pages_per_range = 32, autosummarize = on);
CREATE INDEX ix_payment_reverses ON payment (reverses) WHERE reverses IS NOT NULL;

-- Half of a page is left for each payment to be settled within it. With less room every third was moved to another page,
-- and then each index had to learn of it: that cost more than all of the above do.
ALTER TABLE payment SET (fillfactor = 50);

-- Payments in the states that are few. Those that are parked or held are found by their work.
CREATE TABLE aside (
    payment_id BIGINT NOT NULL,
    state TEXT NOT NULL,
    CONSTRAINT pk_aside PRIMARY KEY (payment_id),
    CONSTRAINT ck_aside_state CHECK (state in ('refused', 'known'))
);

COMMENT ON TABLE aside IS 'Payments that are not to be booked, kept by a trigger so that they are found among a million others';

INSERT INTO aside SELECT id, state FROM payment WHERE state IN ('refused', 'known');

CREATE FUNCTION note_aside() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM aside a USING new_rows n WHERE a.payment_id = n.id AND n.state NOT IN ('refused', 'known');
    INSERT INTO aside SELECT id, state FROM new_rows WHERE state IN ('refused', 'known')
        ON CONFLICT (payment_id) DO UPDATE SET state = excluded.state;
    RETURN NULL;
END $$;

CREATE TRIGGER noted_aside_in AFTER INSERT ON payment REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION note_aside();
CREATE TRIGGER noted_aside AFTER UPDATE ON payment REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION note_aside();

CREATE INDEX ix_case_kid_kid ON case_kid (kid);
CREATE INDEX ix_kk2_case_case_no ON kk2_case (case_no text_pattern_ops);
CREATE INDEX ix_kk2_case_debtor ON kk2_case (lower(debtor_name) text_pattern_ops);
CREATE INDEX ix_kk2_case_customer_no ON kk2_case (customer_no);

CREATE INDEX ix_voucher_voucher_no ON voucher (voucher_no) WHERE voucher_no IS NOT NULL;
CREATE INDEX ix_voucher_total ON voucher (total);
CREATE INDEX ix_voucher_voucher_on ON voucher (voucher_on);

CREATE INDEX ix_invoice_invoice_no ON invoice (invoice_no);

-- What waits for a person, by what it is about.
CREATE INDEX ix_work_payment_id ON work (payment_id, stage) WHERE state = 'parked';
CREATE INDEX ix_work_file ON work (((body->>'file_id')::int)) WHERE state = 'parked';
CREATE INDEX ix_work_voucher ON work (((body->>'voucher_id')::bigint)) WHERE state = 'parked';
CREATE INDEX ix_work_vouchers ON work USING gin ((body->'voucher_ids')) WHERE state = 'parked';

-- What the journal and the audit say of one thing.
CREATE INDEX ix_audit_subject ON audit (subject, id);
CREATE INDEX ix_journal_assigned ON journal (((body->>'payment_id')::bigint)) WHERE event = 'PaymentAssigned';
CREATE INDEX ix_journal_seen_again ON journal (((body->>'file_id')::int)) WHERE event = 'FileSeenAgain';
