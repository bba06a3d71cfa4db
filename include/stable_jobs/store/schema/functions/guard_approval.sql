-- An approval is of the batch as it stands, by a person who is assigned and prepared nothing of it.
CREATE OR REPLACE FUNCTION guard_approval() RETURNS trigger LANGUAGE plpgsql SET search_path = ledger, public, pg_temp AS $$
DECLARE
    batch record;
BEGIN
    SELECT * INTO batch FROM batches WHERE id = NEW.batch_id;
    IF batch.state <> 'formed' THEN
        RAISE EXCEPTION 'batch % is %: nobody is asked any more', batch.batch_no, batch.state
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.batch_hash IS DISTINCT FROM batch.hash OR NEW.batch_hash IS DISTINCT FROM batch_hash(batch.id) THEN
        RAISE EXCEPTION 'batch %: the approval is for other lines', batch.batch_no
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.level > batch.review_level THEN
        RAISE EXCEPTION 'batch % asks for % approvals', batch.batch_no, batch.review_level
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.level = 2 AND NOT EXISTS (
        SELECT FROM approvals WHERE batch_id = NEW.batch_id AND level = 1 AND answer = 'approved') THEN
        RAISE EXCEPTION 'batch %: the first approval is not there yet', batch.batch_no
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF EXISTS (SELECT FROM batch_preparers WHERE batch_id = NEW.batch_id
               AND person_key(person) = person_key(NEW.approver)) THEN
        RAISE EXCEPTION 'batch %: % prepared it and may not approve it', batch.batch_no, NEW.approver
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF EXISTS (SELECT FROM approvals WHERE batch_id = NEW.batch_id
               AND person_key(approver) = person_key(NEW.approver)) THEN
        RAISE EXCEPTION 'batch %: % has answered already; the second approver is another person', batch.batch_no,
            NEW.approver USING ERRCODE = 'restrict_violation';
    END IF;
    IF NOT EXISTS (
        SELECT FROM assigned_approvers a
        WHERE a.person = NEW.approver AND a.level = NEW.level AND is_within(batch.region_code, a.region_code)) THEN
        RAISE EXCEPTION 'batch %: % is not assigned as approver % of region %', batch.batch_no, NEW.approver,
            NEW.level, batch.region_code USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
