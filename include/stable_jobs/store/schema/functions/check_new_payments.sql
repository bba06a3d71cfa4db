-- A payment begins on notice, of an entitlement and a notice that are there.
CREATE OR REPLACE FUNCTION check_new_payments() RETURNS trigger LANGUAGE plpgsql SET search_path = ledger, public, pg_temp AS $$
DECLARE
    wrong record;
BEGIN
    EXECUTE $q$
    SELECT n.id, n.state FROM new_rows n
    LEFT JOIN entitlements e ON e.id = n.entitlement_id LEFT JOIN notices o ON o.id = n.notice_id
    WHERE n.state <> 'on_notice' OR e.id IS NULL OR o.id IS NULL LIMIT 1
    $q$ INTO wrong;
    IF wrong.state <> 'on_notice' THEN
        RAISE EXCEPTION 'a payment begins on notice' USING ERRCODE = 'restrict_violation';
    ELSIF wrong.id IS NOT NULL THEN
        RAISE EXCEPTION 'payment %: there is no such entitlement or notice', wrong.id USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END $$;
