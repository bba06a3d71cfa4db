-- The lines of batches, each with its unit: what a batch's files are made of.
CREATE OR REPLACE VIEW batch_lines AS
SELECT l.*, e.region_code, e.uscc
FROM payment_lines l JOIN payments p ON p.id = l.payment_id JOIN entitlements e ON e.id = p.entitlement_id;

GRANT SELECT ON batch_lines TO stable_jobs_app;
