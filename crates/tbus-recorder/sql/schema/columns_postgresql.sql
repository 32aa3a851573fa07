-- Every column of the tables that could be ours, in the schema that CREATE TABLE uses. PostgreSQL keeps names that are
-- not quoted in lower case.
SELECT upper(c.table_name::text), upper(c.column_name::text)
FROM information_schema.columns AS c
WHERE c.table_schema = current_schema()
  AND (upper(c.table_name::text) LIKE 'G\_%' ESCAPE '\' OR upper(c.table_name::text) LIKE 'TBUS\_%' ESCAPE '\')
