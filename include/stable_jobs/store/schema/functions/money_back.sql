-- What finance says came back of the payments of one entitlement, less what recovered cases have used up.
CREATE OR REPLACE FUNCTION money_back(entitlement bigint) RETURNS numeric LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT coalesce((
        SELECT sum(greatest(r.paid_amount - r.left_amount, 0))
        FROM payments p JOIN instructions i ON i.payment_id = p.id
        JOIN LATERAL (SELECT o.paid_amount, o.left_amount FROM reported_recoveries o
            WHERE o.payment_reference = i.end_to_end_id ORDER BY o.id DESC LIMIT 1) r ON true
        WHERE p.entitlement_id = entitlement AND p.state = 'paid'
          AND i.attempt = (SELECT max(o.attempt) FROM instructions o WHERE o.payment_id = p.id)), 0)
    - coalesce((
        SELECT sum(c.amount) FROM recovery_cases c JOIN recovery_closings k ON k.case_id = c.id
        WHERE c.entitlement_id = entitlement AND k.outcome = 'recovered'), 0);
END;
