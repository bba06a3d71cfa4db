-- What every new table of the ledger gets, in the migration that makes it: its history is kept, its rows are found by
-- event; the application reads, and adds where `is_written`.
CREATE OR REPLACE PROCEDURE keep_ledger_table(name text, is_written boolean DEFAULT true) LANGUAGE plpgsql
SET search_path = ledger, public, pg_temp AS $$
BEGIN
    CALL guard_history(name);
    EXECUTE format('GRANT SELECT ON %I TO stable_jobs_app', name);
    IF EXISTS (SELECT FROM pg_attribute WHERE attrelid = name::regclass AND attname = 'event_id') THEN
        EXECUTE format('CREATE INDEX %I ON %I (event_id)', name || '_event_index', name);
        IF is_written THEN
            EXECUTE format('GRANT INSERT ON %I TO stable_jobs_app', name);
        END IF;
    END IF;
END $$;
