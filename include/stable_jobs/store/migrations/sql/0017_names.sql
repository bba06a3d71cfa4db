-- The words of the glossary: a person stops payments and another one ends the stop; a night suspends a region; a notice
-- ends. What an event's digest hashes stays: see the function hashed_as.
ALTER TABLE region_holds RENAME TO payment_stops;
ALTER TABLE payment_stops RENAME COLUMN held_by TO stopped_by;
ALTER SEQUENCE region_holds_id_seq RENAME TO payment_stops_id_seq;
ALTER TABLE region_hold_releases RENAME TO payment_stop_ends;
ALTER TABLE payment_stop_ends RENAME COLUMN hold_id TO stop_id;
ALTER TABLE region_nights RENAME COLUMN is_held TO is_suspended;
ALTER TABLE notices RENAME COLUMN clears_on TO notice_ends_on;

-- Constraints, and the indexes that are no constraint's, bear the names of their table and column.
DO $$
DECLARE
    word record;
    renaming text;
BEGIN
    FOR word IN SELECT * FROM (VALUES
            ('region_hold_releases', 'payment_stop_ends'),
            ('region_holds', 'payment_stops'),
            ('held_by', 'stopped_by'),
            ('hold_id', 'stop_id'),
            ('is_held', 'is_suspended'),
            ('clears_on', 'notice_ends_on')) AS w (old, new)
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
