-- Each new row's column names a row of another table by its id: a foreign key of a table that gets a row for every unit,
-- asked once per statement. What is referred to is never deleted and keeps its id. Arguments: the column, the table.
CREATE OR REPLACE FUNCTION require_reference() RETURNS trigger LANGUAGE plpgsql SET search_path = ledger, public, pg_temp AS $$
DECLARE
    missing bigint;
BEGIN
    EXECUTE format('SELECT n.%I FROM new_rows n LEFT JOIN %I o ON o.id = n.%I WHERE o.id IS NULL LIMIT 1',
        TG_ARGV[0], TG_ARGV[1], TG_ARGV[0]) INTO missing;
    IF missing IS NOT NULL THEN
        RAISE EXCEPTION 'a row of % names a row of % that is not there: %', TG_TABLE_NAME, TG_ARGV[1], missing
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END $$;
