-- A result is for a payment that the bank was told to make, and of its amount.
CREATE OR REPLACE FUNCTION guard_bank_results() RETURNS trigger LANGUAGE plpgsql SET search_path = ledger, public, pg_temp AS $$
DECLARE
    stranger text;
BEGIN
    SELECT min(i.end_to_end_id) INTO stranger
    FROM new_rows n JOIN instructions i ON i.line_id = n.line_id JOIN payments p ON p.id = i.payment_id
    WHERE n.amount <> i.amount OR p.state <> 'instructed';
    IF stranger IS NOT NULL THEN
        RAISE EXCEPTION 'the answer to line % does not fit it', stranger USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END $$;
