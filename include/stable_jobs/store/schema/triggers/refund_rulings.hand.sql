CREATE OR REPLACE TRIGGER hand BEFORE INSERT ON refund_rulings
    FOR EACH ROW EXECUTE FUNCTION require_hand('ruled_by', 'system');
