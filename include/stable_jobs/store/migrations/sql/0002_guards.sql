-- What the database itself refuses: rewritten history, states off the life cycle, money without its reasons.

CREATE INDEX region_nights_newest_index ON region_nights (region_code, business_date, id);
CREATE INDEX payments_state_index ON payments (state) WHERE state NOT IN ('paid', 'withdrawn', 'waived');
CREATE INDEX payments_notice_index ON payments (notice_id);
CREATE INDEX state_changes_payment_index ON state_changes (payment_id, id);
CREATE INDEX entitlement_revisions_entitlement_index ON entitlement_revisions (entitlement_id, id);
CREATE INDEX objections_payment_index ON objections (payment_id);
CREATE INDEX payment_lines_payment_index ON payment_lines (payment_id, id);
CREATE INDEX batches_formed_index ON batches (region_code) WHERE state = 'formed';
CREATE INDEX instructions_batch_index ON instructions (batch_id);
CREATE INDEX account_corrections_payment_index ON account_corrections (payment_id);
CREATE INDEX recovery_cases_entitlement_index ON recovery_cases (entitlement_id);
CREATE INDEX reported_refunds_unit_index ON reported_refunds (region_code, uscc);

-- The pieces of one entitlement, which must add up:
-- entitled = outside + paid + open + waived - recovering.
CREATE VIEW entitlement_standing AS
SELECT e.id AS entitlement_id, e.region_code, e.uscc, e.policy_year, e.scheme, e.unit_name,
       e.entitled_amount, e.outside_amount AS outside,
       coalesce(p.paid, 0) AS paid, coalesce(p.open, 0) AS open, coalesce(p.waived, 0) AS waived,
       coalesce(r.recovering, 0) AS recovering, coalesce(r.dropped, 0) AS dropped, coalesce(p.is_instructed, false) AS is_instructed,
       p.open_payment_id
FROM entitlements e
LEFT JOIN (
    SELECT entitlement_id,
           sum(amount) FILTER (WHERE state = 'paid') AS paid,
           sum(amount) FILTER (WHERE state NOT IN ('paid', 'withdrawn', 'waived')) AS open,
           sum(amount) FILTER (WHERE state = 'waived') AS waived,
           bool_or(state = 'instructed') AS is_instructed,
           max(id) FILTER (WHERE state NOT IN ('paid', 'withdrawn', 'waived')) AS open_payment_id
    FROM payments GROUP BY entitlement_id
) p ON p.entitlement_id = e.id
LEFT JOIN (
    SELECT c.entitlement_id, sum(c.amount) AS recovering,
           sum(c.amount) FILTER (WHERE k.outcome = 'dropped') AS dropped
    FROM recovery_cases c LEFT JOIN recovery_closings k ON k.case_id = c.id
    WHERE k.outcome IS DISTINCT FROM 'superseded' GROUP BY c.entitlement_id
) r ON r.entitlement_id = e.id;

CREATE VIEW newest_nights AS
SELECT DISTINCT ON (region_code) region_code, business_date, decision_id, is_held, event_id
FROM region_nights ORDER BY region_code, business_date DESC, id DESC;

CREATE VIEW standing_holds AS
SELECT h.id, h.region_code, h.reason, h.held_by
FROM region_holds h LEFT JOIN region_hold_releases r ON r.hold_id = h.id WHERE r.hold_id IS NULL;

CREATE VIEW assigned_approvers AS
SELECT person, region_code, level FROM (
    SELECT DISTINCT ON (person, region_code, level) person, region_code, level, is_assigned
    FROM approver_changes ORDER BY person, region_code, level, id DESC
) newest WHERE is_assigned;

CREATE VIEW doubtful_refunds AS
SELECT f.* FROM reported_refunds f LEFT JOIN refund_rulings r ON r.refund_id = f.id
WHERE f.standing = 'doubtful' AND r.refund_id IS NULL;

CREATE FUNCTION is_within(region text, upper text) RETURNS boolean LANGUAGE sql IMMUTABLE
RETURN upper IN (region, left(region, 4) || '00', left(region, 2) || '0000', '000000');

CREATE FUNCTION end_to_end_id(policy_year integer, region text, uscc text, ordinal integer, attempt bigint)
RETURNS text LANGUAGE sql IMMUTABLE
RETURN concat_ws('-', right(policy_year::text, 2), region, uscc, lpad(ordinal::text, greatest(2, length(ordinal::text)), '0'),
    lpad(attempt::text, 2, '0'));

CREATE FUNCTION batch_hash(batch bigint) RETURNS text LANGUAGE sql STABLE
SET search_path = public, pg_temp
BEGIN ATOMIC
    SELECT encode(sha256(convert_to(string_agg(
        jsonb_build_array(l.line_no, l.end_to_end_id, l.payment_id, l.attempt, l.unit_name, l.scheme, l.amount,
            l.account_name, l.account_no, l.bank_code, l.bank_name, l.account_source)::text,
        E'\n' ORDER BY l.line_no), 'UTF8')), 'hex')
    FROM payment_lines l WHERE l.batch_id = batch;
END;

-- One person however the name is spelled: blanks around it, case and full width do not make another.
CREATE FUNCTION person_key(person text) RETURNS text LANGUAGE sql IMMUTABLE
RETURN lower(btrim(normalize(person, NFKC)));

-- Rows are added and never changed. Owners are refused too.
CREATE FUNCTION refuse_rewriting() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    RAISE EXCEPTION 'the ledger keeps its history: % of % is refused', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END $$;

-- A row belongs to the event of its transaction, whatever the statement says.
CREATE FUNCTION set_event() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    NEW.event_id := ledger_event();
    IF NEW.event_id IS NULL THEN
        RAISE EXCEPTION 'a row of % needs an audit event', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

-- Writers one after the other, whoever they are: the lock of the ledger's events, and only the event that comes
-- next. Nobody adds a row to an event that is in the chain.
CREATE FUNCTION require_own_event() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    next bigint;
BEGIN
    PERFORM pg_advisory_xact_lock(5700003);
    SELECT coalesce(max(id), 0) + 1 INTO next FROM audit_events;
    IF ledger_event() <> next THEN
        RAISE EXCEPTION 'a row of % cannot be of event %: the next one is %', TG_TABLE_NAME, ledger_event(), next
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION guard_audit_event() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    last record;
BEGIN
    SELECT id, hash INTO last FROM audit_events ORDER BY id DESC LIMIT 1;
    IF NEW.id <> coalesce(last.id, 0) + 1
        OR NEW.previous_hash <> coalesce(last.hash, repeat('0', 64))
        OR NEW.hash <> encode(sha256(convert_to(NEW.previous_hash || NEW.body, 'UTF8')), 'hex')
        OR NEW.body::jsonb -> 'id' IS DISTINCT FROM to_jsonb(NEW.id)
        OR jsonb_typeof(NEW.body::jsonb -> 'rows') IS DISTINCT FROM 'object' THEN
        RAISE EXCEPTION 'audit event % does not continue the chain', NEW.id USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION require_newest_night(region text, what text) RETURNS void LANGUAGE plpgsql
SET search_path = public, pg_temp AS $$
DECLARE
    night record;
BEGIN
    SELECT * INTO night FROM newest_nights WHERE region_code = region;
    IF night.business_date IS DISTINCT FROM ledger_date() OR ledger_date() IS NULL THEN
        RAISE EXCEPTION '% of region % on %: its newest decided night is %', what, region, ledger_date(),
            coalesce(night.business_date::text, 'none') USING ERRCODE = 'restrict_violation';
    END IF;
    IF night.is_held THEN
        RAISE EXCEPTION '% of region % on %: the region is held that night', what, region, ledger_date()
            USING ERRCODE = 'restrict_violation';
    END IF;
END $$;

CREATE FUNCTION require_no_hold(region text, what text) RETURNS void LANGUAGE plpgsql
SET search_path = public, pg_temp AS $$
DECLARE
    hold record;
BEGIN
    SELECT * INTO hold FROM standing_holds WHERE is_within(region, region_code) LIMIT 1;
    IF hold IS NOT NULL THEN
        RAISE EXCEPTION '% of region %: payments are held by %: %', what, region, hold.held_by, hold.reason
            USING ERRCODE = 'restrict_violation';
    END IF;
END $$;

CREATE FUNCTION guard_entitlement() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF (NEW.id, NEW.region_code, NEW.uscc, NEW.policy_year, NEW.scheme_pair)
        IS DISTINCT FROM (OLD.id, OLD.region_code, OLD.uscc, OLD.policy_year, OLD.scheme_pair) THEN
        RAISE EXCEPTION 'an entitlement keeps its unit and year' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION record_new_entitlements() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO entitlement_revisions (entitlement_id, unit_name, scheme, entitled_amount, outside_amount, decided_on)
    SELECT id, unit_name, scheme, entitled_amount, outside_amount, decided_on FROM new_rows ORDER BY id;
    RETURN NULL;
END $$;

CREATE FUNCTION guard_payment() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.state <> 'on_notice' THEN
            RAISE EXCEPTION 'a payment begins on notice' USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NEW;
    END IF;
    IF (NEW.id, NEW.entitlement_id, NEW.ordinal, NEW.notice_id, NEW.scheme, NEW.amount, NEW.event_id)
        IS DISTINCT FROM
       (OLD.id, OLD.entitlement_id, OLD.ordinal, OLD.notice_id, OLD.scheme, OLD.amount, OLD.event_id) THEN
        RAISE EXCEPTION 'of a payment only the state changes' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

-- All changed payments at once: each along the life cycle, and with what makes it so in the ledger.
CREATE FUNCTION check_changed_payments() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    wrong record;
BEGIN
    SELECT n.id, o.state AS from_state, n.state INTO wrong
    FROM new_rows n JOIN old_rows o ON o.id = n.id
    WHERE NOT EXISTS (
        SELECT FROM life_cycle c WHERE c.subject = 'payment' AND c.from_state = o.state AND c.to_state = n.state)
    ORDER BY n.id LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'payment %: % cannot become %', wrong.id, wrong.from_state, wrong.state
            USING ERRCODE = 'restrict_violation';
    END IF;
    SELECT n.id, n.state INTO wrong
    FROM new_rows n JOIN old_rows o ON o.id = n.id
    LEFT JOIN LATERAL (
        SELECT i.attempt, r.outcome FROM instructions i LEFT JOIN bank_results r ON r.line_id = i.line_id
        WHERE i.payment_id = n.id ORDER BY i.attempt DESC LIMIT 1) newest ON true
    WHERE NOT (CASE n.state
        WHEN 'batched' THEN EXISTS (
            SELECT FROM payment_lines l JOIN batches b ON b.id = l.batch_id
            WHERE l.payment_id = n.id AND b.state = 'formed')
        WHEN 'instructed' THEN newest.attempt IS NOT NULL AND newest.outcome IS NULL
        WHEN 'paid' THEN newest.outcome = 'paid'
        WHEN 'returned' THEN newest.outcome = 'returned'
        WHEN 'corrected' THEN newest.outcome = 'returned' AND (o.state = 'batched' OR EXISTS (
            SELECT FROM account_corrections c LEFT JOIN account_confirmations k ON k.correction_id = c.id
            WHERE c.payment_id = n.id AND (c.source = 'extract' OR k.correction_id IS NOT NULL)
              AND c.after_attempt = newest.attempt))
        WHEN 'cleared' THEN newest.attempt IS NULL
        ELSE true END IS TRUE)
    ORDER BY n.id LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'payment %: nothing in the ledger makes it %', wrong.id, wrong.state
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION record_new_payments() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO state_changes (payment_id, from_state, to_state, reason, changed_on)
    SELECT id, NULL, state, reason, changed_on FROM new_rows ORDER BY id;
    RETURN NULL;
END $$;

CREATE FUNCTION record_changed_payments() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO state_changes (payment_id, from_state, to_state, reason, changed_on)
    SELECT n.id, o.state, n.state, n.reason, n.changed_on
    FROM new_rows n JOIN old_rows o ON o.id = n.id ORDER BY n.id;
    RETURN NULL;
END $$;

CREATE FUNCTION guard_notice_closing() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    notice record;
BEGIN
    SELECT * INTO notice FROM notices WHERE id = NEW.notice_id;
    IF NEW.closed_on < notice.clears_on OR NEW.closed_on IS DISTINCT FROM ledger_date() THEN
        RAISE EXCEPTION 'notice % of region % stands until %', notice.id, notice.region_code, notice.clears_on
            USING ERRCODE = 'restrict_violation';
    END IF;
    PERFORM require_newest_night(notice.region_code, 'closing of a notice');
    RETURN NEW;
END $$;

CREATE FUNCTION guard_batch() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
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

CREATE FUNCTION record_batch() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO batch_changes (batch_id, from_state, to_state, reason, changed_on)
    VALUES (NEW.id, CASE WHEN TG_OP = 'UPDATE' THEN OLD.state END, NEW.state, NEW.reason,
            coalesce(ledger_date(), NEW.business_date));
    RETURN NULL;
END $$;

-- Lines come with their batch and in one go.
CREATE FUNCTION guard_lines() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    stranger text;
BEGIN
    SELECT b.batch_no INTO stranger FROM new_rows n JOIN batches b ON b.id = n.batch_id
    WHERE b.event_id <> ledger_event() OR b.state <> 'formed' LIMIT 1;
    IF stranger IS NOT NULL THEN
        RAISE EXCEPTION 'batch % takes no more lines', stranger USING ERRCODE = 'restrict_violation';
    END IF;
    SELECT n.end_to_end_id INTO stranger
    FROM new_rows n JOIN payments p ON p.id = n.payment_id JOIN entitlements e ON e.id = p.entitlement_id
    JOIN batches b ON b.id = n.batch_id
    WHERE p.amount <> n.amount OR e.region_code <> b.region_code OR e.policy_year <> b.policy_year
        OR p.state NOT IN ('cleared', 'corrected')
        OR n.attempt <> 1 + (SELECT count(*) FROM instructions i WHERE i.payment_id = p.id)
        OR n.end_to_end_id <> end_to_end_id(e.policy_year, e.region_code, e.uscc, p.ordinal, n.attempt) LIMIT 1;
    IF stranger IS NOT NULL THEN
        RAISE EXCEPTION 'line % is not its payment', stranger USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION guard_approval() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
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

CREATE FUNCTION guard_instructions() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    stranger text;
BEGIN
    SELECT n.end_to_end_id INTO stranger
    FROM new_rows n
    JOIN payment_lines l ON l.id = n.line_id
    JOIN batches b ON b.id = l.batch_id
    LEFT JOIN batch_changes c ON c.batch_id = b.id AND c.to_state = 'published' AND c.event_id = ledger_event()
    JOIN payments p ON p.id = n.payment_id
    WHERE c.id IS NULL OR b.state <> 'published' OR p.state <> 'batched'
        OR n.instructed_on IS DISTINCT FROM ledger_date()
        OR EXISTS (SELECT FROM instructions o LEFT JOIN bank_results r ON r.line_id = o.line_id
            WHERE o.payment_id = n.payment_id AND o.line_id <> n.line_id AND r.outcome IS DISTINCT FROM 'returned')
        OR (n.batch_id, n.payment_id, n.attempt, n.end_to_end_id, n.amount)
            IS DISTINCT FROM (l.batch_id, l.payment_id, l.attempt, l.end_to_end_id, l.amount)
    LIMIT 1;
    IF stranger IS NOT NULL THEN
        RAISE EXCEPTION 'line % is not of a batch published now', stranger USING ERRCODE = 'restrict_violation';
    END IF;
    SELECT e.uscc INTO stranger
    FROM entitlements e
    JOIN (SELECT DISTINCT p.entitlement_id FROM new_rows n JOIN payments p ON p.id = n.payment_id) t
        ON t.entitlement_id = e.id
    JOIN entitlement_standing s ON s.entitlement_id = e.id
    WHERE s.paid + s.open > s.entitled_amount - s.outside + s.recovering LIMIT 1;
    IF stranger IS NOT NULL THEN
        RAISE EXCEPTION 'unit % would get more than it is entitled to', stranger
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION guard_bank_results() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    stranger text;
BEGIN
    SELECT i.end_to_end_id INTO stranger
    FROM new_rows n JOIN instructions i ON i.line_id = n.line_id JOIN payments p ON p.id = i.payment_id
    WHERE n.amount <> i.amount OR p.state <> 'instructed' LIMIT 1;
    IF stranger IS NOT NULL THEN
        RAISE EXCEPTION 'the answer to line % does not fit it', stranger USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION guard_another_person() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    first_person text;
    second_person text;
BEGIN
    IF TG_TABLE_NAME = 'region_hold_releases' THEN
        SELECT held_by INTO first_person FROM region_holds WHERE id = NEW.hold_id;
        second_person := NEW.released_by;
    ELSIF TG_TABLE_NAME = 'approver_changes' THEN
        first_person := NEW.person;
        second_person := NEW.entered_by;
    ELSE
        SELECT entered_by INTO first_person FROM account_corrections WHERE id = NEW.correction_id;
        second_person := NEW.confirmed_by;
    END IF;
    IF first_person IS NULL OR person_key(first_person) = person_key(second_person) THEN
        RAISE EXCEPTION 'another person than % must do this', coalesce(first_person, 'nobody')
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER guard BEFORE INSERT ON audit_events FOR EACH ROW EXECUTE FUNCTION guard_audit_event();
CREATE TRIGGER guard BEFORE UPDATE ON entitlements FOR EACH ROW EXECUTE FUNCTION guard_entitlement();
CREATE TRIGGER record_new AFTER INSERT ON entitlements REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION record_new_entitlements();
CREATE TRIGGER record_changed AFTER UPDATE ON entitlements REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION record_new_entitlements();
CREATE TRIGGER guard BEFORE INSERT OR UPDATE ON payments FOR EACH ROW EXECUTE FUNCTION guard_payment();
CREATE TRIGGER record_new AFTER INSERT ON payments REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION record_new_payments();
CREATE TRIGGER check_changed AFTER UPDATE ON payments REFERENCING NEW TABLE AS new_rows OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION check_changed_payments();
CREATE TRIGGER record_changed AFTER UPDATE ON payments REFERENCING NEW TABLE AS new_rows OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION record_changed_payments();
CREATE TRIGGER guard BEFORE INSERT ON notice_closings FOR EACH ROW EXECUTE FUNCTION guard_notice_closing();
CREATE TRIGGER guard BEFORE INSERT OR UPDATE ON batches FOR EACH ROW EXECUTE FUNCTION guard_batch();
CREATE TRIGGER record AFTER INSERT OR UPDATE ON batches FOR EACH ROW EXECUTE FUNCTION record_batch();
CREATE TRIGGER guard AFTER INSERT ON payment_lines REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION guard_lines();
CREATE TRIGGER guard BEFORE INSERT ON approvals FOR EACH ROW EXECUTE FUNCTION guard_approval();
CREATE TRIGGER guard AFTER INSERT ON instructions REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION guard_instructions();
CREATE TRIGGER guard AFTER INSERT ON bank_results REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION guard_bank_results();
CREATE TRIGGER guard BEFORE INSERT ON region_hold_releases FOR EACH ROW EXECUTE FUNCTION guard_another_person();
CREATE TRIGGER guard BEFORE INSERT ON account_confirmations FOR EACH ROW EXECUTE FUNCTION guard_another_person();
CREATE TRIGGER guard BEFORE INSERT ON approver_changes FOR EACH ROW EXECUTE FUNCTION guard_another_person();

-- What writes as the owner may not be hung on a table of somebody else's.
REVOKE EXECUTE ON FUNCTION record_new_entitlements, record_new_payments, record_changed_payments, record_batch
    FROM PUBLIC;

-- Every table of the ledger: no DELETE, no TRUNCATE; of most no UPDATE; each row of its transaction's event.
DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY[
        'audit_events', 'life_cycle', 'region_nights', 'entitlements', 'entitlement_revisions', 'notices', 'payments',
        'state_changes', 'notice_lines', 'notice_closings', 'objections', 'objection_decisions', 'batches',
        'batch_changes', 'payment_lines', 'batch_preparers', 'approver_changes', 'approvals', 'instructions',
        'published_files', 'bank_answers', 'bank_answer_rows', 'bank_results', 'account_corrections',
        'account_confirmations', 'recovery_cases', 'recovery_closings', 'reported_refunds', 'refund_rulings',
        'region_holds', 'region_hold_releases', 'budget_entries']
    LOOP
        EXECUTE format('CREATE TRIGGER keep_history BEFORE DELETE OR TRUNCATE ON %I'
            ' FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting()', name);
        IF name NOT IN ('entitlements', 'payments', 'batches') THEN
            EXECUTE format('CREATE TRIGGER keep_rows BEFORE UPDATE ON %I'
                ' FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting()', name);
        END IF;
        IF name NOT IN ('audit_events', 'life_cycle', 'entitlements') THEN
            EXECUTE format('CREATE TRIGGER a_set_event BEFORE INSERT ON %I'
                ' FOR EACH ROW EXECUTE FUNCTION set_event()', name);
            EXECUTE format('CREATE TRIGGER own_event BEFORE INSERT ON %I'
                ' FOR EACH STATEMENT EXECUTE FUNCTION require_own_event()', name);
            EXECUTE format('CREATE INDEX %I ON %I (event_id)', name || '_event_index', name);
        END IF;
        EXECUTE format('GRANT SELECT ON %I TO stable_jobs_app', name);
        IF name NOT IN ('life_cycle', 'entitlement_revisions', 'state_changes', 'batch_changes') THEN
            EXECUTE format('GRANT INSERT ON %I TO stable_jobs_app', name);
        END IF;
    END LOOP;
    EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO stable_jobs_app', current_database());
    -- for ANALYZE: the planner learns of new rows in the transaction that writes them
    GRANT MAINTAIN ON entitlements, entitlement_revisions, payments, state_changes, notice_lines, payment_lines,
        instructions, bank_answer_rows, bank_results, reported_refunds, recovery_cases TO stable_jobs_app;
END $$;

GRANT UPDATE (unit_name, scheme, entitled_amount, outside_amount, decided_on) ON entitlements TO stable_jobs_app;
GRANT UPDATE (state, reason, changed_on) ON payments TO stable_jobs_app;
GRANT UPDATE (state, reason) ON batches TO stable_jobs_app;
GRANT SELECT ON entitlement_standing, newest_nights, standing_holds, assigned_approvers, doubtful_refunds
    TO stable_jobs_app;

-- What an event wrote: per table its rows and the SHA-256 over the SHA-256 of each, in their order.
CREATE FUNCTION event_digest(event bigint) RETURNS jsonb LANGUAGE plpgsql STABLE
SET search_path = public, pg_temp AS $$
DECLARE
    name text;
    found jsonb;
    result jsonb := '{}';
BEGIN
    FOREACH name IN ARRAY ARRAY[
        'region_nights', 'entitlement_revisions', 'notices', 'payments', 'state_changes', 'notice_lines',
        'notice_closings', 'objections', 'objection_decisions', 'batches', 'batch_changes', 'payment_lines',
        'batch_preparers', 'approver_changes', 'approvals', 'instructions', 'published_files', 'bank_answers',
        'bank_answer_rows', 'bank_results', 'account_corrections', 'account_confirmations', 'recovery_cases',
        'recovery_closings', 'reported_refunds', 'refund_rulings', 'region_holds', 'region_hold_releases',
        'budget_entries']
    LOOP
        EXECUTE format($q$
            SELECT jsonb_build_object('rows', count(*), 'sha256',
                encode(sha256(string_agg(h, ''::bytea ORDER BY h)), 'hex'))
            FROM (SELECT sha256(convert_to((to_jsonb(t) %s)::text, 'UTF8')) AS h FROM %I t WHERE t.event_id = $1) r
            HAVING count(*) > 0 $q$,
            CASE WHEN name IN ('payments', 'batches') THEN $s$- '{state,reason,changed_on}'::text[]$s$
                WHEN name = 'entitlement_revisions' THEN $s$|| (
                    SELECT jsonb_build_object('unit', e.region_code || e.uscc || e.policy_year || e.scheme_pair)
                    FROM entitlements e WHERE e.id = t.entitlement_id)$s$ ELSE '' END,
            name) INTO found USING event;
        IF found IS NOT NULL THEN
            result := result || jsonb_build_object(name, found);
        END IF;
    END LOOP;
    RETURN result;
END $$;
