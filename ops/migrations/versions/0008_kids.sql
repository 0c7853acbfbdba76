CREATE TABLE kid_series (
    account TEXT NOT NULL,
    last BIGINT NOT NULL,
    CONSTRAINT pk_kid_series PRIMARY KEY (account)
);

COMMENT ON TABLE kid_series IS 'The number in the last KID that a case opened here got, for each account';
