-- A payment begins on notice, with its notice: on its day and in its event, as the view payment_states says without a row. So
-- no notice that is open or closed already gets another payment. Its entitlement is there.
CREATE OR REPLACE FUNCTION check_new_payments() RETURNS trigger LANGUAGE plpgsql SET search_path = ledger, public, pg_temp AS $$
DECLARE
    wrong record;
BEGIN
    EXECUTE $q$
    SELECT n.id, e.id IS NOT NULL AND o.id IS NOT NULL AS is_known
    FROM new_rows n
    LEFT JOIN entitlements e ON e.id = n.entitlement_id LEFT JOIN notices o ON o.id = n.notice_id
    WHERE e.id IS NULL OR (n.state, n.reason, n.changed_on, n.event_id)
        IS DISTINCT FROM ('on_notice', '', o.opened_on, o.event_id)
    ORDER BY is_known DESC LIMIT 1
    $q$ INTO wrong;
    IF wrong.is_known THEN
        RAISE EXCEPTION 'a payment begins on notice' USING ERRCODE = 'restrict_violation';
    ELSIF wrong.id IS NOT NULL THEN
        RAISE EXCEPTION 'payment %: there is no such entitlement or notice', wrong.id USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END $$;
