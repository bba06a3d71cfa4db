-- A result is for a payment that the bank was told to make, and of its amount.
CREATE OR REPLACE FUNCTION guard_bank_results() RETURNS trigger LANGUAGE plpgsql SET search_path = ledger, public, pg_temp AS $$
DECLARE
    stranger text;
BEGIN
    EXECUTE $q$
    SELECT min(coalesce(i.end_to_end_id, n.line_id::text))
    FROM new_rows n LEFT JOIN instructions i ON i.line_id = n.line_id LEFT JOIN payments p ON p.id = i.payment_id
    LEFT JOIN bank_answer_rows k ON k.answer_id = n.answer_id AND k.row_no = n.row_no
    WHERE n.amount IS DISTINCT FROM i.amount OR p.state <> 'instructed' OR k.answer_id IS NULL
    $q$ INTO stranger;
    IF stranger IS NOT NULL THEN
        RAISE EXCEPTION 'the answer to line % does not fit it', stranger USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END $$;
