-- What one person proposed and no second one has confirmed or rejected.
CREATE OR REPLACE VIEW open_proposals AS
SELECT p.* FROM proposals p LEFT JOIN proposal_decisions d ON d.proposal_id = p.id WHERE d.proposal_id IS NULL;

GRANT SELECT ON open_proposals TO stable_jobs_app;
