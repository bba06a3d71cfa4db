-- What a night's decision stood on, in the night's event: the catalog's rows and the bytes of its files.
-- Reads: catalog_digests, region_nights.
-- Writes: night_evidence.

-- name: insert_night_evidence
INSERT INTO night_evidence (decision_id, subject, subject_id, sha256)
SELECT :id, c.subject, c.subject_id, c.sha256
FROM decision_evidence(:id) d JOIN catalog_digests c USING (subject, subject_id)
WHERE EXISTS (SELECT FROM region_nights WHERE decision_id = :id)
ON CONFLICT (decision_id, subject, subject_id) DO NOTHING;
