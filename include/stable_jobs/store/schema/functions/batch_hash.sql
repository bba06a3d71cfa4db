-- The SHA-256 over the lines of a batch: what an approver approves.
CREATE OR REPLACE FUNCTION batch_hash(batch bigint) RETURNS text LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT encode(sha256(convert_to(string_agg(
        jsonb_build_array(l.line_no, l.end_to_end_id, l.payment_id, l.attempt, l.unit_name, l.scheme, l.amount,
            l.account_name, l.account_no, l.bank_code, l.bank_name, l.account_source)::text,
        E'\n' ORDER BY l.line_no), 'UTF8')), 'hex')
    FROM payment_lines l WHERE l.batch_id = batch;
END;
