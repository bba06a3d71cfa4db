CREATE OR REPLACE TRIGGER hand BEFORE INSERT ON proposal_decisions
    FOR EACH ROW EXECUTE FUNCTION require_hand('decided_by');
