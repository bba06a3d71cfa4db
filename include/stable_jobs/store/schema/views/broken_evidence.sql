-- Rows of the catalog that are not what they were when a night was taken over.
CREATE OR REPLACE VIEW broken_evidence AS
SELECT e.decision_id, e.event_id, e.subject, e.subject_id, e.sha256 AS expected, c.sha256 AS found
FROM night_evidence e LEFT JOIN catalog_digests c ON c.subject = e.subject AND c.subject_id = e.subject_id
WHERE c.sha256 IS DISTINCT FROM e.sha256;

GRANT SELECT ON broken_evidence TO stable_jobs_app;
