-- The lines of a batch whose account another line of it has too, however it is written.
CREATE OR REPLACE VIEW shared_accounts AS
SELECT batch_id, line_id FROM (
    SELECT batch_id, id AS line_id, count(*) OVER (PARTITION BY batch_id, account_key(account_no)) AS lines
    FROM payment_lines) counted WHERE lines > 1;

GRANT SELECT ON shared_accounts TO stable_jobs_app;
