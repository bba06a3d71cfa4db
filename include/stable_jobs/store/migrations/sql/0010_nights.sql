-- Which decision of a date counts, which night of a region counts, and what must be there before a recovery case ends.

-- A region that is held on a night for which it sent nothing. Such a night never becomes the region's newest.
ALTER TABLE region_nights ADD COLUMN is_silent boolean
    CONSTRAINT region_nights_is_silent_check CHECK (is_silent IS NOT TRUE OR is_held);
INSERT INTO later_columns VALUES ('region_nights', 'is_silent');

-- What the step that decides wrote last is the date's decision in force.
CREATE TABLE decisions_in_force (
    id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT decisions_in_force_pkey PRIMARY KEY,
    business_date date NOT NULL DEFAULT ledger_date(),
    decision_id bigint NOT NULL CONSTRAINT decisions_in_force_decision_id_fkey REFERENCES snapshots (id),
    event_id bigint NOT NULL DEFAULT ledger_event()
        CONSTRAINT decisions_in_force_event_id_fkey REFERENCES audit_events DEFERRABLE INITIALLY DEFERRED
);
CREATE INDEX decisions_in_force_date_index ON decisions_in_force (business_date, id);

-- A night of a region that two people took back: its rows up to night_id count no more.
CREATE TABLE night_withdrawals (
    night_id bigint CONSTRAINT night_withdrawals_pkey PRIMARY KEY
        CONSTRAINT night_withdrawals_night_id_fkey REFERENCES region_nights (id),
    region_code text NOT NULL,
    business_date date NOT NULL,
    proposal_id bigint NOT NULL CONSTRAINT night_withdrawals_proposal_id_fkey REFERENCES proposals (id),
    event_id bigint NOT NULL DEFAULT ledger_event()
        CONSTRAINT night_withdrawals_event_id_fkey REFERENCES audit_events DEFERRABLE INITIALLY DEFERRED
);
CREATE INDEX night_withdrawals_region_index ON night_withdrawals (region_code, business_date);

-- What finance says is left of a payment of ours, wherever it differs from what finance said before.
CREATE TABLE reported_recoveries (
    id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT reported_recoveries_pkey PRIMARY KEY,
    payment_reference text NOT NULL
        CONSTRAINT reported_recoveries_payment_reference_fkey REFERENCES instructions (end_to_end_id),
    paid_amount numeric(18, 2) NOT NULL,
    left_amount numeric(18, 2) NOT NULL,
    vouchers text NOT NULL,
    reported_on date NOT NULL DEFAULT ledger_date(),
    event_id bigint NOT NULL DEFAULT ledger_event()
        CONSTRAINT reported_recoveries_event_id_fkey REFERENCES audit_events DEFERRABLE INITIALLY DEFERRED
);
CREATE INDEX reported_recoveries_reference_index ON reported_recoveries (payment_reference, id);

CREATE VIEW standing_nights AS
SELECT n.id, n.region_code, n.business_date, n.decision_id, n.is_held, n.event_id FROM region_nights n
WHERE n.is_silent IS NOT TRUE AND NOT EXISTS (
    SELECT FROM night_withdrawals w
    WHERE w.region_code = n.region_code AND w.business_date = n.business_date AND w.night_id >= n.id);

CREATE OR REPLACE VIEW newest_nights AS
SELECT DISTINCT ON (region_code) region_code, business_date, decision_id, is_held, event_id
FROM standing_nights ORDER BY region_code, business_date DESC, id DESC;

CREATE FUNCTION decision_in_force(on_date date) RETURNS bigint LANGUAGE sql STABLE SET search_path = public, pg_temp
BEGIN ATOMIC
    SELECT d.decision_id FROM decisions_in_force d WHERE d.business_date = on_date ORDER BY d.id DESC LIMIT 1;
END;

-- What finance says came back of the payments of one entitlement, less what recovered cases have used up.
CREATE FUNCTION money_back(entitlement bigint) RETURNS numeric LANGUAGE sql STABLE SET search_path = public, pg_temp
BEGIN ATOMIC
    SELECT coalesce((
        SELECT sum(greatest(r.paid_amount - r.left_amount, 0))
        FROM payments p JOIN instructions i ON i.payment_id = p.id
        JOIN LATERAL (SELECT o.paid_amount, o.left_amount FROM reported_recoveries o
            WHERE o.payment_reference = i.end_to_end_id ORDER BY o.id DESC LIMIT 1) r ON true
        WHERE p.entitlement_id = entitlement AND p.state = 'paid'
          AND i.attempt = (SELECT max(o.attempt) FROM instructions o WHERE o.payment_id = p.id)), 0)
    - coalesce((
        SELECT sum(c.amount) FROM recovery_cases c JOIN recovery_closings k ON k.case_id = c.id
        WHERE c.entitlement_id = entitlement AND k.outcome = 'recovered'), 0);
END;

CREATE FUNCTION require_decision_of_date(decision bigint, of_date date) RETURNS void LANGUAGE plpgsql
SET search_path = public, pg_temp AS $$
DECLARE
    found record;
BEGIN
    SELECT kind, business_date INTO found FROM snapshots WHERE id = decision;
    IF found.kind IS DISTINCT FROM 'eligibility' OR found.business_date IS DISTINCT FROM of_date
        OR of_date IS DISTINCT FROM ledger_date() THEN
        RAISE EXCEPTION 'the night of % cannot take over %: it is no decision of that date',
            coalesce(ledger_date()::text, 'no date'), decision USING ERRCODE = 'restrict_violation';
    END IF;
END $$;

CREATE FUNCTION guard_decision_in_force() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM require_decision_of_date(NEW.decision_id, NEW.business_date);
    RETURN NEW;
END $$;

CREATE FUNCTION guard_region_night() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM require_decision_of_date(NEW.decision_id, NEW.business_date);
    IF decision_in_force(NEW.business_date) IS DISTINCT FROM NEW.decision_id THEN
        RAISE EXCEPTION 'the night of % cannot take over decision %: the one in force is %', NEW.business_date,
            NEW.decision_id, coalesce(decision_in_force(NEW.business_date)::text, 'none')
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE OR REPLACE FUNCTION require_newest_night(region text, what text) RETURNS void LANGUAGE plpgsql
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
    IF decision_in_force(ledger_date()) <> night.decision_id THEN
        RAISE EXCEPTION '% of region % on %: the date was decided again, and the ledger has not taken that over',
            what, region, ledger_date() USING ERRCODE = 'restrict_violation';
    END IF;
END $$;

CREATE FUNCTION guard_night_withdrawal() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM proposals p JOIN proposal_decisions d ON d.proposal_id = p.id
        WHERE p.id = NEW.proposal_id AND p.kind = 'night_withdrawal' AND d.outcome = 'confirmed'
          AND d.event_id = ledger_event() AND person_key(p.proposed_by) <> person_key(d.decided_by)
          AND p.content ->> 'business_date' = NEW.business_date::text
          AND (p.content -> 'nights' ->> NEW.region_code)::bigint = NEW.night_id) THEN
        RAISE EXCEPTION 'the night of % of region % is not withdrawn: another person must confirm it',
            NEW.business_date, NEW.region_code USING ERRCODE = 'restrict_violation';
    END IF;
    IF NOT EXISTS (SELECT FROM standing_nights n JOIN newest_nights w USING (region_code, business_date)
        WHERE n.id = NEW.night_id AND n.region_code = NEW.region_code AND n.business_date = NEW.business_date
          AND n.event_id = w.event_id) THEN
        RAISE EXCEPTION 'the night of % of region % is not withdrawn: it is not the region''s newest night any more',
            NEW.business_date, NEW.region_code USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION guard_recovery_closing() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    case_of record;
BEGIN
    IF NEW.outcome = 'superseded' THEN
        IF NEW.closed_by <> 'stable-jobs' THEN
            RAISE EXCEPTION 'recovery case %: only a night decides a case again', NEW.case_id
                USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NEW;
    END IF;
    IF NOT EXISTS (
        SELECT FROM proposals p JOIN proposal_decisions d ON d.proposal_id = p.id
        WHERE p.kind = 'recovery_closing' AND p.subject = 'case ' || NEW.case_id AND d.outcome = 'confirmed'
          AND d.event_id = ledger_event() AND p.content ->> 'outcome' = NEW.outcome
          AND d.decided_by = NEW.closed_by AND person_key(p.proposed_by) <> person_key(d.decided_by)) THEN
        RAISE EXCEPTION 'recovery case %: two people must agree that it ends, not % alone', NEW.case_id, NEW.closed_by
            USING ERRCODE = 'restrict_violation';
    END IF;
    SELECT * INTO case_of FROM recovery_cases WHERE id = NEW.case_id;
    IF NEW.outcome = 'recovered' AND money_back(case_of.entitlement_id) < case_of.amount THEN
        RAISE EXCEPTION 'recovery case %: finance''s prior_refunds show % of % yuan as come back: its row with our'
            ' payment reference must show what is left of the payment, in a night that the ledger took over',
            NEW.case_id, greatest(money_back(case_of.entitlement_id), 0)::numeric(18, 2), case_of.amount
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

CALL keep_ledger_table('decisions_in_force');
CALL keep_ledger_table('night_withdrawals');
CALL keep_ledger_table('reported_recoveries');
CREATE TRIGGER guard BEFORE INSERT ON decisions_in_force FOR EACH ROW EXECUTE FUNCTION guard_decision_in_force();
CREATE TRIGGER guard BEFORE INSERT ON region_nights FOR EACH ROW EXECUTE FUNCTION guard_region_night();
CREATE TRIGGER guard BEFORE INSERT ON night_withdrawals FOR EACH ROW EXECUTE FUNCTION guard_night_withdrawal();
CREATE TRIGGER guard BEFORE INSERT ON recovery_closings FOR EACH ROW EXECUTE FUNCTION guard_recovery_closing();
GRANT SELECT ON standing_nights TO stable_jobs_app;
