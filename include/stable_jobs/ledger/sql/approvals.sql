-- Approvals: an answer belongs to a batch's hash and to a person. Who may answer, the database decides.
-- Reads: approval_hands, approvals, assigned_approvers, batch_preparers.
-- Writes: approvals, approver_changes.

-- name: insert_approvals
INSERT INTO approvals (batch_id, batch_hash, level, approver, answer, reason, answered_in)
VALUES (:batch, :hash, :level, :person, :answer, :reason, :answered_in);

-- name: answer_hands
SELECT a.level, concat_ws('，', CASE WHEN a.answered_in <> 'airflow' THEN a.answered_in END,
                          CASE WHEN NOT h.is_authenticated THEN :mark END)
FROM approvals a JOIN approval_hands h ON h.approval_id = a.id WHERE a.batch_id = :id;

-- name: approvers
SELECT DISTINCT person FROM assigned_approvers a
WHERE level = :level AND is_within(:region, a.region_code) AND (a.is_authenticated OR NOT :checked)
ORDER BY person;

-- name: hindrance
SELECT EXISTS (SELECT FROM batch_preparers
               WHERE batch_id = :id AND person_key(person) = person_key(:person)) AS prepared,
       EXISTS (SELECT FROM approvals
               WHERE batch_id = :id AND person_key(approver) = person_key(:person)) AS answered,
       EXISTS (SELECT FROM approval_hands WHERE batch_id = :id AND NOT is_authenticated) AS mixed;

-- name: insert_approver_changes
INSERT INTO approver_changes (person, region_code, level, is_assigned, entered_by)
SELECT :person, :region, :level, :assigned, :by
WHERE :assigned <> EXISTS (SELECT FROM assigned_approvers
    WHERE person = :person AND region_code = :region AND level = :level
      AND (is_authenticated OR NOT :assigned OR NOT :checked));
