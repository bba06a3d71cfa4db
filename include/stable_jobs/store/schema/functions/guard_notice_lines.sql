-- A general refund gives back part of a premium, never more than all of it.
CREATE OR REPLACE FUNCTION guard_notice_lines() RETURNS trigger LANGUAGE plpgsql SET search_path = ledger, public, pg_temp AS $$
DECLARE
    stranger text;
BEGIN
    EXECUTE $q$
    SELECT min(e.uscc)
    FROM new_rows n JOIN payments p ON p.id = n.payment_id JOIN entitlements e ON e.id = p.entitlement_id
    WHERE p.scheme = 'general' AND (n.premium_base IS NULL OR e.entitled_amount > n.premium_base
                                    OR n.amount > n.premium_base)
    $q$ INTO stranger;
    IF stranger IS NOT NULL THEN
        RAISE EXCEPTION 'unit % would get back more than the premium it paid', stranger
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END $$;
