-- Every column of the tables and views.
SELECT upper(t.name), upper(c.name)
FROM sqlite_master AS t JOIN pragma_table_info(t.name) AS c
WHERE t.type IN ('table', 'view')
