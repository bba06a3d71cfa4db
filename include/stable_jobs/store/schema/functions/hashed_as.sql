-- The names that an event's digest hashes where a table (column_name is NULL) or a column of the ledger was renamed since:
-- an event keeps its hash. A row stays as long as there are events; `ledger verify` names tables by hashed_name.
CREATE OR REPLACE FUNCTION hashed_as() RETURNS TABLE (table_name text, column_name text, hashed_name text)
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
VALUES ('payment_stops', NULL, 'region_holds'),
       ('payment_stops', 'stopped_by', 'held_by'),
       ('payment_stop_ends', NULL, 'region_hold_releases'),
       ('payment_stop_ends', 'stop_id', 'hold_id'),
       ('region_nights', 'is_suspended', 'is_held'),
       ('notices', 'notice_ends_on', 'clears_on')
$$;
