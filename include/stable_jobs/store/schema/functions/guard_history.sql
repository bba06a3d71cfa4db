-- What keeps a table's history: rows are added and never changed, each of its transaction's event but for an
-- entitlement's revisions, which are of the event that wrote them. Of an entitlement, a payment and a batch some columns may
-- change; their own guards say which.
CREATE OR REPLACE PROCEDURE guard_history(name text) LANGUAGE plpgsql SET search_path = ledger, public, pg_temp AS $$
BEGIN
    EXECUTE format('CREATE OR REPLACE TRIGGER keep_history BEFORE DELETE OR TRUNCATE ON %I'
        ' FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting()', name);
    IF name NOT IN ('entitlements', 'payments', 'batches') THEN
        EXECUTE format('CREATE OR REPLACE TRIGGER keep_rows BEFORE UPDATE ON %I'
            ' FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting()', name);
    END IF;
    IF EXISTS (SELECT FROM pg_attribute WHERE attrelid = name::regclass AND attname = 'event_id') THEN
        EXECUTE format('CREATE OR REPLACE TRIGGER own_event BEFORE INSERT ON %I'
            ' FOR EACH STATEMENT EXECUTE FUNCTION require_own_event()', name);
        IF name <> 'entitlement_revisions' THEN
            EXECUTE format('CREATE OR REPLACE TRIGGER check_event AFTER INSERT ON %I REFERENCING NEW TABLE AS new_rows'
                ' FOR EACH STATEMENT EXECUTE FUNCTION check_event()', name);
        END IF;
    END IF;
END $$;

REVOKE EXECUTE ON PROCEDURE guard_history FROM PUBLIC;
