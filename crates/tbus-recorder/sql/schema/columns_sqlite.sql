-- Every column of the tables that could be ours; a view takes such a name, too.
SELECT upper(t.name), upper(c.name)
FROM sqlite_master AS t JOIN pragma_table_info(t.name) AS c
WHERE t.type IN ('table', 'view') AND (upper(t.name) LIKE 'G\_%' ESCAPE '\' OR upper(t.name) LIKE 'TBUS\_%' ESCAPE '\')
