-- A contradiction is what a stored row of the bank's answer says.
CREATE OR REPLACE FUNCTION guard_contradiction() RETURNS trigger LANGUAGE plpgsql SET search_path = ledger, public, pg_temp AS $$
DECLARE
    stranger text;
BEGIN
    SELECT min(i.end_to_end_id) INTO stranger
    FROM new_rows n JOIN instructions i ON i.line_id = n.line_id
    JOIN bank_answer_rows k ON k.answer_id = n.answer_id AND k.row_no = n.row_no
    WHERE k.standing <> 'contradiction' OR k.end_to_end_id IS DISTINCT FROM i.end_to_end_id
        OR k.outcome IS DISTINCT FROM n.outcome;
    IF stranger IS NOT NULL THEN
        RAISE EXCEPTION 'no answer of the bank contradicts itself about line %', stranger
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END $$;
