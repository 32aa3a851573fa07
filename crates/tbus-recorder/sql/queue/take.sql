-- A body that is too long for a record is not read at all.
SELECT kind, session, at, events, length(body), CASE WHEN length(body) <= $1 THEN body END
FROM record WHERE id BETWEEN $2 AND $3 ORDER BY id
