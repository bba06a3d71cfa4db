-- A batch is formed, published, voided or refused as its approvals and the region's stops allow.
CREATE OR REPLACE FUNCTION guard_batch() RETURNS trigger LANGUAGE plpgsql SET search_path = ledger, public, pg_temp AS $$
DECLARE
    approving bigint;
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.state <> 'formed' OR NEW.business_date IS DISTINCT FROM ledger_date() THEN
            RAISE EXCEPTION 'a batch begins formed, on its night' USING ERRCODE = 'restrict_violation';
        END IF;
        PERFORM require_newest_night(NEW.region_code, 'a batch');
        PERFORM require_no_hold(NEW.region_code, 'a batch');
        RETURN NEW;
    END IF;
    IF (to_jsonb(NEW) - 'state' - 'reason') IS DISTINCT FROM (to_jsonb(OLD) - 'state' - 'reason') THEN
        RAISE EXCEPTION 'of a batch only the state changes' USING ERRCODE = 'restrict_violation';
    END IF;
    IF NOT EXISTS (
        SELECT FROM life_cycle WHERE subject = 'batch' AND from_state = OLD.state AND to_state = NEW.state
    ) THEN
        RAISE EXCEPTION 'batch %: % cannot become %', OLD.batch_no, OLD.state, NEW.state
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.state = 'published' THEN
        PERFORM require_newest_night(NEW.region_code, 'publishing batch ' || NEW.batch_no);
        PERFORM require_no_hold(NEW.region_code, 'publishing batch ' || NEW.batch_no);
        IF batch_hash(NEW.id) IS DISTINCT FROM NEW.hash OR NOT EXISTS (
            SELECT FROM payment_lines WHERE batch_id = NEW.id
            HAVING count(*) = NEW.count AND sum(amount) = NEW.total) THEN
            RAISE EXCEPTION 'batch %: its lines are not those that were approved', NEW.batch_no
                USING ERRCODE = 'restrict_violation';
        END IF;
        SELECT count(DISTINCT person_key(approver)) INTO approving FROM approvals a
        WHERE a.batch_id = NEW.id AND a.batch_hash = NEW.hash AND a.answer = 'approved';
        IF approving < NEW.review_level THEN
            RAISE EXCEPTION 'batch %: % of % approvals are there', NEW.batch_no, approving, NEW.review_level
                USING ERRCODE = 'restrict_violation';
        END IF;
    END IF;
    RETURN NEW;
END $$;
