-- What pages show of accounts, for a role that may not read any. Views read as their owner does.
CREATE OR REPLACE VIEW masked_accounts AS
SELECT id AS line_id, CASE WHEN length(account_no) >= 8
    THEN repeat('*', length(account_no) - 4) || right(account_no, 4) ELSE '****' END AS account
FROM payment_lines;

GRANT SELECT ON masked_accounts TO stable_jobs_app;
