-- No line to an account that failed for that unit, and after a return none to an account that only an extract
-- knows: both need people.
CREATE OR REPLACE FUNCTION guard_line_accounts() RETURNS trigger LANGUAGE plpgsql SET search_path = ledger, public, pg_temp AS $$
DECLARE
    stranger text;
BEGIN
    EXECUTE $q$
    SELECT min(n.end_to_end_id)
    FROM new_rows n JOIN payments p ON p.id = n.payment_id
    JOIN failed_lines f ON f.entitlement_id = p.entitlement_id AND f.account = account_key(n.account_no)
    WHERE n.account_source <> 'person' AND is_same_failure(f.fault, f.name, f.bank_code, n.account_name, n.bank_code)
    $q$ INTO stranger;
    IF stranger IS NOT NULL THEN
        RAISE EXCEPTION 'line % would go to an account that failed', stranger USING ERRCODE = 'restrict_violation';
    END IF;
    EXECUTE $q$
    SELECT min(n.end_to_end_id)
    FROM new_rows n JOIN payments p ON p.id = n.payment_id
    JOIN doubtful_accounts d ON d.entitlement_id = p.entitlement_id
    WHERE n.account_source <> 'person' AND NOT EXISTS (
        SELECT FROM accepted_accounts a WHERE a.entitlement_id = p.entitlement_id
          AND (a.account, a.name, a.bank_code)
              IS NOT DISTINCT FROM (account_key(n.account_no), name_key(n.account_name), n.bank_code))
    $q$ INTO stranger;
    IF stranger IS NOT NULL THEN
        RAISE EXCEPTION 'line %: money of the unit came back, and nobody has accepted the new account', stranger
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END $$;
