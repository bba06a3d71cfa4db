-- Whether a region's total is beyond the last one of the year that counted is for the database to say.
CREATE OR REPLACE FUNCTION guard_total() RETURNS trigger LANGUAGE plpgsql SET search_path = ledger, public, pg_temp AS $$
DECLARE
    last record;
BEGIN
    SELECT t.id, t.total INTO last FROM region_totals t LEFT JOIN total_rulings r ON r.total_id = t.id
    WHERE t.region_code = NEW.region_code AND t.business_date < NEW.business_date
      AND extract(year FROM t.business_date) = extract(year FROM NEW.business_date)
      AND (NOT t.is_beyond OR r.total_id IS NOT NULL)
    ORDER BY t.business_date DESC, t.id DESC LIMIT 1;
    NEW.last_id := last.id;
    NEW.is_beyond := coalesce(NEW.total > last.total * NEW.factor AND NEW.total > coalesce(NEW.floor, 0), false);
    RETURN NEW;
END $$;
