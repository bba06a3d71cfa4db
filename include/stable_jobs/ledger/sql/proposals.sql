-- What two people must agree on: one proposes, another confirms, and only then anything follows.
-- Reads: open_proposals.
-- Writes: proposal_decisions, proposals.

-- name: insert_proposals
INSERT INTO proposals (kind, region_code, subject, content, reason, proposed_by)
VALUES (:kind, :region, :subject, CAST(:content AS jsonb), :reason, :person) RETURNING id;

-- name: open_proposal
SELECT id, kind, region_code, subject, content, reason, proposed_by
FROM open_proposals WHERE id = :id;

-- name: insert_proposal_decisions
INSERT INTO proposal_decisions (proposal_id, outcome, reason, decided_by)
VALUES (:id, :outcome, :reason, :person);
