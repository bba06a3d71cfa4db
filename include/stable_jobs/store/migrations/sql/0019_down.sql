-- The spelling of 0018.
ALTER TABLE entitlements
    DROP CONSTRAINT entitlements_region_code_check, DROP CONSTRAINT entitlements_uscc_check,
    ADD CONSTRAINT entitlements_region_code_check CHECK (region_code ~ '^[0-9]{6}$'),
    ADD CONSTRAINT entitlements_uscc_check CHECK (uscc ~ '^[0-9A-Z]{15,18}$');
ALTER TABLE payment_lines
    DROP CONSTRAINT payment_lines_end_to_end_id_check,
    ADD CONSTRAINT payment_lines_end_to_end_id_check CHECK (end_to_end_id ~ '^[0-9A-Z-]{1,35}$');
