-- The triggers, foreign keys and indexes of 0017, and the code that they call.
CREATE OR REPLACE FUNCTION set_event() RETURNS trigger LANGUAGE plpgsql SET search_path = ledger, public, pg_temp AS $$
BEGIN
    NEW.event_id := ledger_event();
    IF NEW.event_id IS NULL THEN
        RAISE EXCEPTION 'a row of % needs an audit event', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE OR REPLACE FUNCTION guard_payment() RETURNS trigger LANGUAGE plpgsql SET search_path = ledger, public, pg_temp AS $$
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

CREATE OR REPLACE FUNCTION guard_entitlement() RETURNS trigger LANGUAGE plpgsql SET search_path = ledger, public, pg_temp AS $$
BEGIN
    IF (NEW.id, NEW.region_code, NEW.uscc, NEW.policy_year, NEW.scheme_pair)
        IS DISTINCT FROM (OLD.id, OLD.region_code, OLD.uscc, OLD.policy_year, OLD.scheme_pair) THEN
        RAISE EXCEPTION 'an entitlement keeps its unit and year' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE OR REPLACE PROCEDURE know_event_tables() LANGUAGE plpgsql SET search_path = ledger, public, pg_temp AS $$
DECLARE
    asked text;
BEGIN
    SELECT string_agg(format('SELECT %L::text WHERE EXISTS (SELECT FROM %I WHERE event_id = event)', c.relname, c.relname),
                      E'\n    UNION ALL ' ORDER BY c.relname) INTO asked
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE c.relnamespace = 'ledger'::regnamespace AND c.relkind = 'r' AND a.attname = 'event_id';
    -- Every one of the tables has an index on event_id: no plan may read a table of millions of rows for one event.
    EXECUTE format('CREATE OR REPLACE FUNCTION tables_of_event(event bigint) RETURNS SETOF text LANGUAGE plpgsql STABLE'
        ' SET search_path = ledger, public, pg_temp SET enable_seqscan = off SET plan_cache_mode = force_generic_plan AS %L',
        E'BEGIN\n    RETURN QUERY ' || asked || E';\nEND ');
END $$;

ALTER TABLE entitlements RESET (fillfactor);
ALTER TABLE payments RESET (fillfactor);
DROP INDEX payments_one_open_index, payments_notice_index;
CREATE UNIQUE INDEX payments_one_open_index ON payments (entitlement_id)
    WHERE state NOT IN ('paid', 'withdrawn', 'waived');
CREATE INDEX payments_state_index ON payments (state) WHERE state NOT IN ('paid', 'withdrawn', 'waived');
CREATE INDEX payments_notice_index ON payments (notice_id);
ALTER TABLE payments DROP COLUMN is_open;

DO $$
DECLARE
    name text;
BEGIN
    FOR name IN SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
        WHERE c.relnamespace = 'ledger'::regnamespace AND c.relkind = 'r' AND a.attname = 'event_id'
    LOOP
        EXECUTE format('DROP TRIGGER check_event ON %I', name);
        EXECUTE format('CREATE TRIGGER a_set_event BEFORE INSERT ON %I FOR EACH ROW EXECUTE FUNCTION set_event()', name);
        EXECUTE format('ALTER TABLE %I ALTER event_id SET DEFAULT ledger_event()', name);
    END LOOP;
    FOREACH name IN ARRAY '{payments, state_changes, entitlement_revisions, notice_lines, payment_lines, instructions,
        bank_answer_rows, bank_results, unit_numbers, reported_refunds}'::text[]
    LOOP
        EXECUTE format('DROP INDEX %I', name || '_event_index');
        EXECUTE format('CREATE INDEX %I ON %I (event_id)', name || '_event_index', name);
        EXECUTE format('ALTER TABLE %I ADD CONSTRAINT %I FOREIGN KEY (event_id) REFERENCES audit_events'
            ' DEFERRABLE INITIALLY DEFERRED', name, name || '_event_id_fkey');
    END LOOP;
END $$;

ALTER TABLE payments
    ADD CONSTRAINT payments_entitlement_id_fkey FOREIGN KEY (entitlement_id) REFERENCES entitlements (id),
    ADD CONSTRAINT payments_notice_id_fkey FOREIGN KEY (notice_id) REFERENCES notices (id);
ALTER TABLE state_changes ADD CONSTRAINT state_changes_payment_id_fkey FOREIGN KEY (payment_id) REFERENCES payments (id);
ALTER TABLE entitlement_revisions
    ADD CONSTRAINT entitlement_revisions_entitlement_id_fkey FOREIGN KEY (entitlement_id) REFERENCES entitlements (id);
ALTER TABLE notice_lines
    ADD CONSTRAINT notice_lines_payment_id_fkey FOREIGN KEY (payment_id) REFERENCES payments (id),
    ADD CONSTRAINT notice_lines_notice_id_fkey FOREIGN KEY (notice_id) REFERENCES notices (id);
ALTER TABLE payment_lines
    ADD CONSTRAINT payment_lines_batch_id_fkey FOREIGN KEY (batch_id) REFERENCES batches (id),
    ADD CONSTRAINT payment_lines_payment_id_fkey FOREIGN KEY (payment_id) REFERENCES payments (id);
ALTER TABLE instructions
    ADD CONSTRAINT instructions_line_id_fkey FOREIGN KEY (line_id) REFERENCES payment_lines (id),
    ADD CONSTRAINT instructions_batch_id_fkey FOREIGN KEY (batch_id) REFERENCES batches (id),
    ADD CONSTRAINT instructions_payment_id_fkey FOREIGN KEY (payment_id) REFERENCES payments (id);
ALTER TABLE bank_answer_rows
    ADD CONSTRAINT bank_answer_rows_answer_id_fkey FOREIGN KEY (answer_id) REFERENCES bank_answers (id);
ALTER TABLE bank_results
    ADD CONSTRAINT bank_results_line_id_fkey FOREIGN KEY (line_id) REFERENCES instructions (line_id),
    ADD CONSTRAINT bank_results_row_fkey FOREIGN KEY (answer_id, row_no) REFERENCES bank_answer_rows (answer_id, row_no);
ALTER TABLE unit_numbers
    ADD CONSTRAINT unit_numbers_entitlement_id_fkey FOREIGN KEY (entitlement_id) REFERENCES entitlements (id);
DROP TRIGGER check_new ON payments;
DROP TRIGGER check_changed ON entitlements;
CREATE TRIGGER guard BEFORE INSERT OR UPDATE ON payments FOR EACH ROW EXECUTE FUNCTION guard_payment();
CREATE TRIGGER guard BEFORE UPDATE ON entitlements FOR EACH ROW EXECUTE FUNCTION guard_entitlement();
DROP TRIGGER refers ON entitlement_revisions;
DROP TRIGGER refers ON state_changes;
DROP TRIGGER refers ON unit_numbers;
DROP TRIGGER refers ON bank_answer_rows;
DROP FUNCTION event_digest(bigint, integer);
DROP TABLE event_tables;
CALL know_event_tables();
