-- The pieces of one entitlement, which must add up: entitled = outside + paid + open + waived - to_recover.
-- `paid` counts what arrived twice.
CREATE OR REPLACE VIEW entitlement_balances AS
SELECT e.id AS entitlement_id, e.region_code, e.uscc, e.policy_year, e.scheme, e.unit_name,
       e.entitled_amount, e.outside_amount AS outside,
       coalesce(p.paid, 0) + coalesce(x.amount, 0) AS paid, coalesce(p.open, 0) AS open, coalesce(p.waived, 0) AS waived,
       coalesce(r.to_recover, 0) AS to_recover, coalesce(r.dropped, 0) AS dropped,
       coalesce(p.is_instructed, false) AS is_instructed,
       p.open_payment_id
FROM entitlements e
LEFT JOIN (
    SELECT entitlement_id,
           sum(amount) FILTER (WHERE state = 'paid') AS paid,
           sum(amount) FILTER (WHERE is_open) AS open,
           sum(amount) FILTER (WHERE state = 'waived') AS waived,
           bool_or(state = 'instructed') AS is_instructed,
           max(id) FILTER (WHERE is_open) AS open_payment_id
    FROM payments GROUP BY entitlement_id
) p ON p.entitlement_id = e.id
LEFT JOIN (
    SELECT c.entitlement_id, sum(c.amount) AS to_recover,
           sum(c.amount) FILTER (WHERE k.outcome = 'dropped') AS dropped
    FROM recovery_cases c LEFT JOIN recovery_closings k ON k.case_id = c.id
    WHERE k.outcome IS DISTINCT FROM 'superseded' GROUP BY c.entitlement_id
) r ON r.entitlement_id = e.id
LEFT JOIN surplus_payments x ON x.entitlement_id = e.id;

GRANT SELECT ON entitlement_balances TO stable_jobs_app;
