-- Every column of the tables and views in the schema that CREATE TABLE uses. PostgreSQL keeps names that are not quoted
-- in lower case.
SELECT upper(c.table_name::text), upper(c.column_name::text)
FROM information_schema.columns AS c
WHERE c.table_schema = current_schema()
