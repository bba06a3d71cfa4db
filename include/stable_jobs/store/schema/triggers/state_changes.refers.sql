CREATE OR REPLACE TRIGGER refers AFTER INSERT ON state_changes REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION require_reference('payment_id', 'payments');
