CREATE OR REPLACE TRIGGER refers AFTER INSERT ON bank_answer_rows REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION require_reference('answer_id', 'bank_answers');
