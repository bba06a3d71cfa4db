-- Whether a line would fail again as an earlier one did: of one and the same number, a wrong name or a wrong bank may have
-- been put right.
CREATE OR REPLACE FUNCTION is_same_failure(fault text, name text, bank_code text, new_name text, new_bank_code text)
RETURNS boolean LANGUAGE sql IMMUTABLE
RETURN CASE coalesce(fault, 'unknown')
    WHEN 'payee_account' THEN bank_code IS NOT DISTINCT FROM new_bank_code
    ELSE (name, bank_code) IS NOT DISTINCT FROM (name_key(new_name), new_bank_code) END;
