-- Every state that a payment has had, and since which night and event. A payment begins on notice, when its notice is
-- opened: that state is no row of `state_changes` (ledgers older than 0020 have one, which is the same and not read).
CREATE OR REPLACE VIEW payment_states AS
SELECT c.id, c.payment_id, c.from_state, c.to_state, c.reason, c.changed_on, c.event_id
FROM state_changes c WHERE c.from_state IS NOT NULL
UNION ALL
SELECT 0, p.id, NULL, 'on_notice', '', n.opened_on, p.event_id
FROM payments p JOIN notices n ON n.id = p.notice_id;

GRANT SELECT ON payment_states TO stable_jobs_app;
