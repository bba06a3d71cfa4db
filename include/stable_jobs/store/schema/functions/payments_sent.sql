-- When each payment went out first and last, and whether all that went out before a date had come back by then: such
-- money is not already paid on that date.
CREATE OR REPLACE FUNCTION payments_sent(before date)
RETURNS TABLE (payment_id bigint, attempt integer, first_on date, last_on date, came_back boolean)
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT i.payment_id, min(i.attempt), min(i.instructed_on), max(i.instructed_on),
           coalesce(bool_and(coalesce(r.outcome = 'returned'
               AND coalesce(r.settled_on, b.business_date) <= before, false))
               FILTER (WHERE i.instructed_on < before), false)
    FROM instructions i LEFT JOIN line_results r ON r.line_id = i.line_id
    LEFT JOIN bank_answers b ON b.id = r.answer_id
    GROUP BY i.payment_id;
END;
