SELECT id, kind, events, length(body) FROM record WHERE id > $1 ORDER BY id
