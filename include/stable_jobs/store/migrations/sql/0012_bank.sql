-- The bank's word: whose fault a reject is, what it says twice and differently, and accounts that follow a return.

INSERT INTO later_columns VALUES ('bank_results', 'fault');
ALTER TABLE bank_results ADD COLUMN fault text CONSTRAINT bank_results_fault_check
    CHECK (fault IN ('payee_account', 'payee_name', 'regulatory', 'our_account', 'our_file', 'bank', 'unknown'));

ALTER TABLE bank_answer_rows DROP CONSTRAINT bank_answer_rows_standing_check,
    DROP CONSTRAINT bank_answer_rows_rule_check,
    ADD CONSTRAINT bank_answer_rows_standing_check
        CHECK (standing IN ('applied', 'repeated', 'pending', 'refused', 'duplicate', 'contradiction')),
    ADD CONSTRAINT bank_answer_rows_rule_check
        CHECK ((standing IN ('refused', 'duplicate', 'contradiction')) = (rule IS NOT NULL));

CREATE INDEX bank_answer_rows_duplicate_index ON bank_answer_rows (end_to_end_id) WHERE standing = 'duplicate';

-- What the bank said of a line against its own earlier word. The unit stops until two people have settled it.
CREATE TABLE contradictions (
    id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT contradictions_pkey PRIMARY KEY,
    line_id bigint NOT NULL CONSTRAINT contradictions_line_id_fkey REFERENCES instructions (line_id),
    answer_id bigint NOT NULL,
    row_no bigint NOT NULL,
    outcome text NOT NULL CONSTRAINT contradictions_outcome_check CHECK (outcome IN ('paid', 'returned')),
    reason_code text,
    reason_text text,
    fault text,
    booked_on date,
    opened_on date NOT NULL DEFAULT ledger_date(),
    event_id bigint NOT NULL DEFAULT ledger_event()
        CONSTRAINT contradictions_event_id_fkey REFERENCES audit_events DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT contradictions_row_key UNIQUE (answer_id, row_no),
    CONSTRAINT contradictions_row_fkey FOREIGN KEY (answer_id, row_no) REFERENCES bank_answer_rows (answer_id, row_no)
);
CREATE INDEX contradictions_line_index ON contradictions (line_id, id);

-- The result of a line as two people settled it, by the bank's letter.
CREATE TABLE settlements (
    id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT settlements_pkey PRIMARY KEY,
    line_id bigint NOT NULL CONSTRAINT settlements_line_id_fkey REFERENCES instructions (line_id),
    outcome text NOT NULL CONSTRAINT settlements_outcome_check CHECK (outcome IN ('paid', 'returned')),
    proposal_id bigint NOT NULL CONSTRAINT settlements_proposal_id_key UNIQUE
        CONSTRAINT settlements_proposal_id_fkey REFERENCES proposals (id),
    settled_on date NOT NULL,
    event_id bigint NOT NULL DEFAULT ledger_event()
        CONSTRAINT settlements_event_id_fkey REFERENCES audit_events DEFERRABLE INITIALLY DEFERRED
);
CREATE INDEX settlements_line_index ON settlements (line_id, id);

-- Accounts that extracts brought after a line of the unit came back, and who accepted them.
CREATE TABLE new_accounts (
    id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT new_accounts_pkey PRIMARY KEY,
    entitlement_id bigint NOT NULL CONSTRAINT new_accounts_entitlement_id_fkey REFERENCES entitlements (id),
    line_id bigint NOT NULL CONSTRAINT new_accounts_line_id_fkey REFERENCES instructions (line_id),
    account_name text NOT NULL,
    account_no text NOT NULL,
    bank_code text,
    bank_name text,
    event_id bigint NOT NULL DEFAULT ledger_event()
        CONSTRAINT new_accounts_event_id_fkey REFERENCES audit_events DEFERRABLE INITIALLY DEFERRED
);
CREATE INDEX new_accounts_entitlement_index ON new_accounts (entitlement_id, id);

CREATE TABLE account_acceptances (
    new_account_id bigint CONSTRAINT account_acceptances_pkey PRIMARY KEY
        CONSTRAINT account_acceptances_new_account_id_fkey REFERENCES new_accounts (id),
    reason text NOT NULL CONSTRAINT account_acceptances_reason_check CHECK (btrim(reason) <> ''),
    accepted_by text NOT NULL CONSTRAINT account_acceptances_accepted_by_check CHECK (btrim(accepted_by) <> ''),
    event_id bigint NOT NULL DEFAULT ledger_event()
        CONSTRAINT account_acceptances_event_id_fkey REFERENCES audit_events DEFERRABLE INITIALLY DEFERRED
);

CALL keep_ledger_table('contradictions');
CALL keep_ledger_table('settlements');
CALL keep_ledger_table('new_accounts');
CALL keep_ledger_table('account_acceptances');
GRANT MAINTAIN ON new_accounts TO stable_jobs_app;

-- Whether another account is needed before the money goes again.
CREATE FUNCTION is_payees_fault(fault text) RETURNS boolean LANGUAGE sql IMMUTABLE
RETURN coalesce(fault, 'unknown') NOT IN ('our_account', 'our_file', 'bank');

CREATE VIEW newest_settlements AS
SELECT DISTINCT ON (s.line_id) s.line_id, s.outcome, s.settled_on, s.event_id, c.reason_code, c.reason_text, c.fault,
       c.booked_on
FROM settlements s LEFT JOIN contradictions c ON c.line_id = s.line_id AND c.outcome = s.outcome
ORDER BY s.line_id, s.id DESC, c.id DESC;

-- What counts as the result of a line: the bank's first word, or what two people settled.
CREATE VIEW line_results AS
SELECT r.line_id, r.answer_id, r.row_no, coalesce(s.outcome, r.outcome) AS outcome,
       CASE WHEN coalesce(s.outcome, r.outcome) = r.outcome THEN r.reason_code ELSE s.reason_code END AS reason_code,
       CASE WHEN coalesce(s.outcome, r.outcome) = r.outcome THEN r.reason_text ELSE s.reason_text END AS reason_text,
       r.amount,
       CASE WHEN coalesce(s.outcome, r.outcome) = r.outcome THEN r.booked_on ELSE s.booked_on END AS booked_on,
       greatest(r.event_id, s.event_id) AS event_id,
       CASE WHEN coalesce(s.outcome, r.outcome) = r.outcome THEN r.fault ELSE s.fault END AS fault,
       s.settled_on
FROM bank_results r LEFT JOIN newest_settlements s ON s.line_id = r.line_id;

-- When each payment went out first and last, and whether all that went out before a date had come back by then: such
-- money is not already paid on that date.
CREATE FUNCTION payments_sent(before date)
RETURNS TABLE (payment_id bigint, attempt integer, first_on date, last_on date, came_back boolean)
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT i.payment_id, min(i.attempt), min(i.instructed_on), max(i.instructed_on),
           coalesce(bool_and(coalesce(r.outcome = 'returned'
               AND coalesce(r.settled_on, b.business_date) <= before, false))
               FILTER (WHERE i.instructed_on < before), false)
    FROM instructions i LEFT JOIN line_results r ON r.line_id = i.line_id
    LEFT JOIN bank_answers b ON b.id = r.answer_id
    GROUP BY i.payment_id;
END;

CREATE VIEW open_contradictions AS
SELECT c.id, c.line_id, i.end_to_end_id, i.payment_id, p.entitlement_id, e.region_code, e.uscc, e.unit_name, i.amount,
       r.outcome AS known, c.outcome, c.reason_code, c.reason_text, c.booked_on, c.opened_on
FROM contradictions c JOIN instructions i ON i.line_id = c.line_id JOIN payments p ON p.id = i.payment_id
JOIN entitlements e ON e.id = p.entitlement_id LEFT JOIN line_results r ON r.line_id = c.line_id
WHERE NOT EXISTS (SELECT FROM settlements s WHERE s.line_id = c.line_id AND s.event_id > c.event_id);

CREATE OR REPLACE VIEW contradiction_stops AS
SELECT entitlement_id, 'contradiction' AS cause,
       end_to_end_id || ': 银行先报 the bank first said ' || coalesce(known, '?') || ', 后报 then ' || outcome AS detail
FROM open_contradictions;

-- Lines of which the bank has the payment and has not said what became of it.
CREATE VIEW duplicate_lines AS
SELECT DISTINCT ON (i.line_id) i.line_id, i.end_to_end_id, i.payment_id, i.attempt, k.answer_id, k.row_no, k.found,
       a.business_date AS answered_on
FROM bank_answer_rows k JOIN bank_answers a ON a.id = k.answer_id
JOIN instructions i ON i.end_to_end_id = k.end_to_end_id
LEFT JOIN bank_results r ON r.line_id = i.line_id
WHERE k.standing = 'duplicate' AND r.line_id IS NULL
ORDER BY i.line_id, k.answer_id, k.row_no;

-- Lines that failed by the payee's account or name: nothing goes there again by itself, in whatever payment.
CREATE VIEW failed_lines AS
SELECT p.entitlement_id, p.id AS payment_id, r.line_id, r.event_id, r.fault, account_key(l.account_no) AS account,
       name_key(l.account_name) AS name, l.bank_code
FROM line_results r JOIN instructions i ON i.line_id = r.line_id JOIN payments p ON p.id = i.payment_id
JOIN payment_lines l ON l.id = r.line_id
WHERE r.outcome = 'returned' AND is_payees_fault(r.fault);

-- Units whose money came back and has not arrived since: another account of an extract is a doubt for a person.
CREATE VIEW doubtful_accounts AS
SELECT f.entitlement_id, max(f.line_id) AS line_id FROM failed_lines f
WHERE NOT EXISTS (
    SELECT FROM payments p JOIN instructions i ON i.payment_id = p.id JOIN line_results r ON r.line_id = i.line_id
    WHERE p.entitlement_id = f.entitlement_id AND r.outcome = 'paid' AND r.event_id > f.event_id)
GROUP BY f.entitlement_id;

CREATE VIEW accepted_accounts AS
SELECT n.id, n.entitlement_id, account_key(n.account_no) AS account, name_key(n.account_name) AS name, n.bank_code,
       a.accepted_by
FROM new_accounts n JOIN account_acceptances a ON a.new_account_id = n.id;

-- Lines of one payment that arrived beside the one that counts: money paid twice, whatever the payment's state.
CREATE VIEW surplus_payments AS
SELECT p.entitlement_id, sum(p.amount * (x.paid - CASE WHEN p.state = 'paid' THEN 1 ELSE 0 END)) AS amount
FROM (SELECT DISTINCT i.payment_id FROM settlements s JOIN instructions i ON i.line_id = s.line_id) q
JOIN payments p ON p.id = q.payment_id
JOIN LATERAL (
    SELECT count(*) AS paid FROM instructions i JOIN line_results r ON r.line_id = i.line_id
    WHERE i.payment_id = p.id AND r.outcome = 'paid') x ON true
GROUP BY p.entitlement_id;

-- Around whatever the view is: its `paid` counts what arrived twice. The comment keeps what it was, for the way back.
DO $$
DECLARE
    columns text;
    before text := rtrim(pg_get_viewdef('entitlement_standing'::regclass), ';');
BEGIN
    EXECUTE format('COMMENT ON VIEW surplus_payments IS %L', before);
    SELECT string_agg(CASE WHEN attname = 'paid' THEN 's.paid + coalesce(x.amount, 0) AS paid'
                           ELSE format('s.%I', attname) END, ', ' ORDER BY attnum)
    INTO columns FROM pg_attribute WHERE attrelid = 'entitlement_standing'::regclass AND attnum > 0;
    EXECUTE format(
        'CREATE OR REPLACE VIEW entitlement_standing AS SELECT %s FROM (%s) s'
        ' LEFT JOIN surplus_payments x ON x.entitlement_id = s.entitlement_id',
        columns, before);
END $$;

GRANT SELECT ON newest_settlements, line_results, open_contradictions, duplicate_lines, failed_lines,
    doubtful_accounts, accepted_accounts, surplus_payments TO stable_jobs_app;

-- A settlement is what two people agreed on in this very event, about this line.
CREATE FUNCTION guard_settlement() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    named text;
BEGIN
    SELECT end_to_end_id INTO named FROM instructions WHERE line_id = NEW.line_id;
    IF NOT EXISTS (
        SELECT FROM proposals p JOIN proposal_decisions d ON d.proposal_id = p.id
        WHERE p.id = NEW.proposal_id AND p.kind = 'contradiction' AND p.subject = named
          AND p.content ->> 'outcome' = NEW.outcome
          AND d.outcome = 'confirmed' AND d.event_id = ledger_event()) THEN
        RAISE EXCEPTION 'line %: two people must settle it', named USING ERRCODE = 'restrict_violation';
    END IF;
    IF NOT EXISTS (SELECT FROM open_contradictions c WHERE c.line_id = NEW.line_id)
        AND NOT EXISTS (SELECT FROM duplicate_lines d WHERE d.line_id = NEW.line_id) THEN
        RAISE EXCEPTION 'line %: nothing is to be settled', named USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER guard BEFORE INSERT ON settlements FOR EACH ROW EXECUTE FUNCTION guard_settlement();

CREATE FUNCTION guard_contradiction() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    stranger text;
BEGIN
    SELECT min(i.end_to_end_id) INTO stranger
    FROM new_rows n JOIN instructions i ON i.line_id = n.line_id
    JOIN bank_answer_rows k ON k.answer_id = n.answer_id AND k.row_no = n.row_no
    WHERE k.standing <> 'contradiction' OR k.end_to_end_id IS DISTINCT FROM i.end_to_end_id
        OR k.outcome IS DISTINCT FROM n.outcome;
    IF stranger IS NOT NULL THEN
        RAISE EXCEPTION 'no answer of the bank contradicts itself about line %', stranger
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER guard AFTER INSERT ON contradictions REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION guard_contradiction();

-- No line to an account that failed for that unit, and after a return none to an account that only an extract
-- knows: both need people.
CREATE FUNCTION guard_line_accounts() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    stranger text;
BEGIN
    SELECT min(n.end_to_end_id) INTO stranger
    FROM new_rows n JOIN payments p ON p.id = n.payment_id
    JOIN failed_lines f ON f.entitlement_id = p.entitlement_id AND f.account = account_key(n.account_no)
    WHERE n.account_source <> 'person' AND is_same_failure(f.fault, f.name, f.bank_code, n.account_name, n.bank_code);
    IF stranger IS NOT NULL THEN
        RAISE EXCEPTION 'line % would go to an account that failed', stranger USING ERRCODE = 'restrict_violation';
    END IF;
    SELECT min(n.end_to_end_id) INTO stranger
    FROM new_rows n JOIN payments p ON p.id = n.payment_id
    JOIN doubtful_accounts d ON d.entitlement_id = p.entitlement_id
    WHERE n.account_source <> 'person' AND NOT EXISTS (
        SELECT FROM accepted_accounts a WHERE a.entitlement_id = p.entitlement_id
          AND (a.account, a.name, a.bank_code)
              IS NOT DISTINCT FROM (account_key(n.account_no), name_key(n.account_name), n.bank_code));
    IF stranger IS NOT NULL THEN
        RAISE EXCEPTION 'line %: money of the unit came back, and nobody has accepted the new account', stranger
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END $$;

-- Of one and the same number: a wrong name or a wrong bank may have been put right.
CREATE FUNCTION is_same_failure(fault text, name text, bank_code text, new_name text, new_bank_code text)
RETURNS boolean LANGUAGE sql IMMUTABLE
RETURN CASE coalesce(fault, 'unknown')
    WHEN 'payee_account' THEN bank_code IS NOT DISTINCT FROM new_bank_code
    ELSE (name, bank_code) IS NOT DISTINCT FROM (name_key(new_name), new_bank_code) END;

CREATE TRIGGER guard_accounts AFTER INSERT ON payment_lines REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION guard_line_accounts();

INSERT INTO life_cycle VALUES
    ('payment', 'paid', 'returned'), ('payment', 'returned', 'paid'), ('payment', 'corrected', 'paid'),
    ('payment', 'withdrawn', 'paid'), ('payment', 'waived', 'paid');

-- As before, by what counts as a line's result; a payment of which any line arrived is paid, and one whose newest
-- line came back by no fault of the payee may go again to the same account.
CREATE OR REPLACE FUNCTION check_changed_payments() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    wrong record;
BEGIN
    EXECUTE $q$ WITH found AS MATERIALIZED (
    SELECT n.id, o.state AS from_state, n.state
    FROM new_rows n JOIN old_rows o ON o.id = n.id
    WHERE NOT EXISTS (
        SELECT FROM life_cycle c WHERE c.subject = 'payment' AND c.from_state = o.state AND c.to_state = n.state)
    ) SELECT * FROM found ORDER BY id LIMIT 1 $q$ INTO wrong;
    IF wrong.id IS NOT NULL THEN
        RAISE EXCEPTION 'payment %: % cannot become %', wrong.id, wrong.from_state, wrong.state
            USING ERRCODE = 'restrict_violation';
    END IF;
    EXECUTE $q$ WITH found AS MATERIALIZED (
    SELECT n.id, n.state
    FROM new_rows n JOIN old_rows o ON o.id = n.id
    LEFT JOIN LATERAL (
        SELECT i.attempt, r.outcome, r.fault FROM instructions i LEFT JOIN line_results r ON r.line_id = i.line_id
        WHERE i.payment_id = n.id ORDER BY i.attempt DESC LIMIT 1) newest ON true
    LEFT JOIN LATERAL (
        SELECT true AS arrived FROM instructions i JOIN line_results r ON r.line_id = i.line_id
        WHERE i.payment_id = n.id AND r.outcome = 'paid' LIMIT 1) any_line ON true
    WHERE NOT (CASE n.state
        WHEN 'batched' THEN EXISTS (
            SELECT FROM payment_lines l JOIN batches b ON b.id = l.batch_id
            WHERE l.payment_id = n.id AND b.state = 'formed')
        WHEN 'instructed' THEN newest.attempt IS NOT NULL AND newest.outcome IS NULL
        WHEN 'paid' THEN newest.outcome IS NOT NULL AND any_line.arrived
        WHEN 'returned' THEN newest.outcome = 'returned' AND any_line.arrived IS NULL
        WHEN 'corrected' THEN newest.outcome = 'returned' AND any_line.arrived IS NULL
            AND (o.state = 'batched' OR NOT is_payees_fault(newest.fault) OR EXISTS (
            SELECT FROM account_corrections c LEFT JOIN account_confirmations k ON k.correction_id = c.id
            WHERE c.payment_id = n.id AND (c.source = 'extract' OR k.correction_id IS NOT NULL)
              AND c.after_attempt = newest.attempt))
        WHEN 'cleared' THEN newest.attempt IS NULL
        ELSE true END IS TRUE)
    ) SELECT * FROM found ORDER BY id LIMIT 1 $q$ INTO wrong;
    IF wrong.id IS NOT NULL THEN
        RAISE EXCEPTION 'payment %: nothing in the ledger makes it %', wrong.id, wrong.state
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END $$;

-- The guard of instructions, whatever it is by now, looks at what counts as a line's result.
DO $$
DECLARE
    body text := pg_get_functiondef('guard_instructions'::regproc);
BEGIN
    IF position('bank_results r' IN body) = 0 THEN
        RAISE EXCEPTION 'guard_instructions does not look at bank_results';
    END IF;
    EXECUTE replace(body, 'bank_results r', 'line_results r');
END $$;
