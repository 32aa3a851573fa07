INSERT INTO record (id, kind, session, at, events, body) VALUES ($1, $2, $3, $4, $5, $6)
