CREATE OR REPLACE TRIGGER hand BEFORE INSERT ON objection_decisions
    FOR EACH ROW EXECUTE FUNCTION require_hand('decided_by');
