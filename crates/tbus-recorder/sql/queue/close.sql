INSERT INTO closed (number, first, last, records, bytes) VALUES ($1, $2, $3, $4, $5)
