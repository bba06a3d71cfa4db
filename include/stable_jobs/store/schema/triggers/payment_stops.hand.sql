CREATE OR REPLACE TRIGGER hand BEFORE INSERT ON payment_stops
    FOR EACH ROW EXECUTE FUNCTION require_hand('stopped_by', 'system');
