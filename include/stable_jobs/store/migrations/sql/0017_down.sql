-- The names before 0017.
ALTER TABLE notices RENAME COLUMN notice_ends_on TO clears_on;
ALTER TABLE region_nights RENAME COLUMN is_suspended TO is_held;
ALTER TABLE payment_stop_ends RENAME COLUMN stop_id TO hold_id;
ALTER TABLE payment_stop_ends RENAME TO region_hold_releases;
ALTER SEQUENCE payment_stops_id_seq RENAME TO region_holds_id_seq;
ALTER TABLE payment_stops RENAME COLUMN stopped_by TO held_by;
ALTER TABLE payment_stops RENAME TO region_holds;

-- Constraints, and the indexes that are no constraint's, bear the names of their table and column.
DO $$
DECLARE
    word record;
    renaming text;
BEGIN
    FOR word IN SELECT * FROM (VALUES
            ('payment_stop_ends', 'region_hold_releases'),
            ('payment_stops', 'region_holds'),
            ('stopped_by', 'held_by'),
            ('stop_id', 'hold_id'),
            ('is_suspended', 'is_held'),
            ('notice_ends_on', 'clears_on')) AS w (old, new)
    LOOP
        FOR renaming IN
            SELECT format('ALTER TABLE %s RENAME CONSTRAINT %I TO %I', conrelid::regclass, conname,
                replace(conname, word.old, word.new))
            FROM pg_constraint
            WHERE connamespace = 'ledger'::regnamespace AND conrelid <> 0 AND strpos(conname, word.old) > 0
            UNION ALL
            SELECT format('ALTER INDEX %I RENAME TO %I', relname, replace(relname, word.old, word.new))
            FROM pg_class c
            WHERE relnamespace = 'ledger'::regnamespace AND relkind = 'i' AND strpos(relname, word.old) > 0
                AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = c.oid AND contype <> 'f')
        LOOP
            EXECUTE renaming;
        END LOOP;
    END LOOP;
END $$;

CALL know_event_tables();
