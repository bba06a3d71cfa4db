CREATE OR REPLACE TRIGGER guard BEFORE INSERT ON proposal_decisions
    FOR EACH ROW EXECUTE FUNCTION guard_proposal_decision();
