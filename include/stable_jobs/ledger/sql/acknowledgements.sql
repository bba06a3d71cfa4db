-- Acknowledgements: a person puts name and reason to what a rule found in a night. Rows; edits add.
-- Reads: acknowledgements, audit_events.
-- Writes: acknowledgements.

-- name: insert_acknowledgements
INSERT INTO acknowledgements (business_date, extract, rule_id, region_code, person, reason)
VALUES (:business_date, :extract, :rule, :region, :person, :reason) RETURNING id;

-- name: said
SELECT k.extract, k.rule_id, k.region_code, k.person, k.reason, a.body::jsonb ->> 'at' AS at
FROM acknowledgements k JOIN audit_events a ON a.id = k.event_id
WHERE k.business_date = :on AND k.extract = ANY(:extracts) ORDER BY k.id;
