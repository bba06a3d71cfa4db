-- Lines of which the bank said two things and nobody has settled which holds.
CREATE OR REPLACE VIEW open_contradictions AS
SELECT c.id, c.line_id, i.end_to_end_id, i.payment_id, p.entitlement_id, e.region_code, e.uscc, e.unit_name, i.amount,
       r.outcome AS known, c.outcome, c.reason_code, c.reason_text, c.booked_on, c.opened_on
FROM contradictions c JOIN instructions i ON i.line_id = c.line_id JOIN payments p ON p.id = i.payment_id
JOIN entitlements e ON e.id = p.entitlement_id LEFT JOIN line_results r ON r.line_id = c.line_id
WHERE NOT EXISTS (SELECT FROM settlements s WHERE s.line_id = c.line_id AND s.event_id > c.event_id);

GRANT SELECT ON open_contradictions TO stable_jobs_app;
