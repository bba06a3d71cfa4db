-- A notice line is of a payment on that notice. A general refund gives back part of a premium, never more than all of it.
CREATE OR REPLACE FUNCTION guard_notice_lines() RETURNS trigger LANGUAGE plpgsql SET search_path = ledger, public, pg_temp AS $$
DECLARE
    wrong record;
BEGIN
    EXECUTE $q$
    SELECT n.payment_id, e.uscc
    FROM new_rows n LEFT JOIN payments p ON p.id = n.payment_id AND p.notice_id = n.notice_id
    LEFT JOIN entitlements e ON e.id = p.entitlement_id
    WHERE e.id IS NULL OR p.scheme = 'general' AND (
        n.premium_base IS NULL OR e.entitled_amount > n.premium_base OR n.amount > n.premium_base)
    ORDER BY e.uscc NULLS FIRST LIMIT 1
    $q$ INTO wrong;
    IF wrong.uscc IS NOT NULL THEN
        RAISE EXCEPTION 'unit % would get back more than the premium it paid', wrong.uscc
            USING ERRCODE = 'restrict_violation';
    ELSIF wrong.payment_id IS NOT NULL THEN
        RAISE EXCEPTION 'notice line %: there is no such payment on that notice', wrong.payment_id
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END $$;
