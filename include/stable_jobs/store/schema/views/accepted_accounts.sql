-- New accounts of extracts that a person accepted after money had come back.
CREATE OR REPLACE VIEW accepted_accounts AS
SELECT n.id, n.entitlement_id, account_key(n.account_no) AS account, name_key(n.account_name) AS name, n.bank_code,
       a.accepted_by
FROM new_accounts n JOIN account_acceptances a ON a.new_account_id = n.id;

GRANT SELECT ON accepted_accounts TO stable_jobs_app;
