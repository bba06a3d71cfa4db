CREATE OR REPLACE TRIGGER hand BEFORE INSERT ON payment_stop_ends
    FOR EACH ROW EXECUTE FUNCTION require_hand('released_by');
