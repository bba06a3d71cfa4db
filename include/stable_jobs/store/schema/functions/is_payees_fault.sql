-- Whether another account is needed before the money goes again.
CREATE OR REPLACE FUNCTION is_payees_fault(fault text) RETURNS boolean LANGUAGE sql IMMUTABLE
RETURN coalesce(fault, 'unknown') NOT IN ('our_account', 'our_file', 'bank');
