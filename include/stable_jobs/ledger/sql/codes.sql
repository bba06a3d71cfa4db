-- Codes that a licence bears though their check character is wrong: two people register them for a region.
-- Writes: registered_codes.

-- name: insert_registered_codes
INSERT INTO registered_codes (code, region_code, evidence, proposal_id)
VALUES (:code, :region, :evidence, :proposal);
