-- Where each entitlement's unit stands: what was settled, what is open, and whether finance's word of it is in doubt.
CREATE OR REPLACE VIEW unit_positions AS
SELECT s.entitlement_id, s.region_code, s.uscc, s.policy_year, s.open_payment_id, s.paid, s.open, s.waived, s.to_recover,
       s.dropped, s.paid + s.waived - s.to_recover AS settled, s.is_instructed,
       EXISTS (SELECT FROM doubtful_refunds d WHERE d.region_code = s.region_code AND d.uscc = s.uscc
               AND d.policy_year = s.policy_year) AS is_doubtful
FROM entitlement_balances s;

GRANT SELECT ON unit_positions TO stable_jobs_app;
