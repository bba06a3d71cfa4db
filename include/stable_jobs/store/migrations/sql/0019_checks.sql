-- The same rules about codes, in a form that costs a third: a counted repetition makes a large automaton, and these are
-- asked of every row of a city, whenever it changes.
ALTER TABLE entitlements
    DROP CONSTRAINT entitlements_region_code_check, DROP CONSTRAINT entitlements_uscc_check,
    ADD CONSTRAINT entitlements_region_code_check CHECK (length(region_code) = 6 AND region_code ~ '^[0-9]+$'),
    ADD CONSTRAINT entitlements_uscc_check CHECK (length(uscc) BETWEEN 15 AND 18 AND uscc ~ '^[0-9A-Z]+$');
ALTER TABLE payment_lines
    DROP CONSTRAINT payment_lines_end_to_end_id_check,
    ADD CONSTRAINT payment_lines_end_to_end_id_check
        CHECK (length(end_to_end_id) <= 35 AND end_to_end_id ~ '^[0-9A-Z-]+$');
