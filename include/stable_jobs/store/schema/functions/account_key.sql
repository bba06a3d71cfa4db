-- An account number as it is compared: half width, upper case, without blanks, hyphens, dots and leading zeros.
-- `stable_jobs.accounts.account_key` says the same. A number of plain digits, as nearly all are, needs none of that.
CREATE OR REPLACE FUNCTION account_key(account_no text) RETURNS text LANGUAGE sql IMMUTABLE
RETURN nullif(ltrim(CASE WHEN translate(account_no, '0123456789', '') = '' THEN account_no
    ELSE regexp_replace(upper(normalize(account_no, NFKC)),
    '[\u0009-\u000d\u001c-\u0020\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000'
    '\u002e\u00b7\u2022\u2024\u2027\u2219\u22c5\u3002\u30fb\uff0e\uff61\uff65'
    '\u058a\u05be\u1806\u2010-\u2015\u2043\u207b\u208b\u2212\u2e17\u2e1a\u2e3a\u2e3b\u2e40\u301c\u3030\u30a0\u30fc'
    '\ufe31\ufe32\ufe58\ufe63\uff0d\uff70\u002d]', '', 'g') END, '0'), '');
