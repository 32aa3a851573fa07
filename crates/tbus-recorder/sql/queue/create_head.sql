INSERT INTO head (one, id, last_transaction, last_record, last_session) VALUES (1, $1, 0, 0, 0)
