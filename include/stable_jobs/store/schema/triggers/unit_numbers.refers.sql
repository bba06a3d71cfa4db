CREATE OR REPLACE TRIGGER refers AFTER INSERT ON unit_numbers REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION require_reference('entitlement_id', 'entitlements');
