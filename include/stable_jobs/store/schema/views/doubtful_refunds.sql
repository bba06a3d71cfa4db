-- Refunds that finance reported, the ledger could not match, and no person has ruled on.
CREATE OR REPLACE VIEW doubtful_refunds AS
SELECT f.* FROM reported_refunds f LEFT JOIN refund_rulings r ON r.refund_id = f.id
WHERE f.standing = 'doubtful' AND r.refund_id IS NULL;

GRANT SELECT ON doubtful_refunds TO stable_jobs_app;
