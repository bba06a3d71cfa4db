-- One person however the name is spelled: case, width, compatibility forms, blanks and what cannot be seen anywhere
-- in it do not make another. The dotted İ of Turkish is an i.
CREATE OR REPLACE FUNCTION person_key(person text) RETURNS text LANGUAGE sql IMMUTABLE
RETURN normalize(regexp_replace(
    replace(casefold(normalize(person, NFKC) COLLATE "pg_unicode_fast"), U&'i\0307', 'i'),
    U&'[\0001-\0020\007F-\00A0\00AD\034F\061C\115F\1160\1680\17B4\17B5\180B-\180F\2000-\200F\2028-\202F\205F-\206F\2800\3000\3164\FE00-\FE0F\FEFF\FFA0\FFF0-\FFFB\+0E0000-\+0E0FFF]', -- noqa: LT05
    '', 'g'), NFKC) COLLATE "C";
