-- Lines that failed by the payee's account or name: nothing goes there again by itself, in whatever payment.
CREATE OR REPLACE VIEW failed_lines AS
SELECT p.entitlement_id, p.id AS payment_id, r.line_id, r.event_id, r.fault, account_key(l.account_no) AS account,
       name_key(l.account_name) AS name, l.bank_code
FROM line_results r JOIN instructions i ON i.line_id = r.line_id JOIN payments p ON p.id = i.payment_id
JOIN payment_lines l ON l.id = r.line_id
WHERE r.outcome = 'returned' AND is_payees_fault(r.fault);

GRANT SELECT ON failed_lines TO stable_jobs_app;
