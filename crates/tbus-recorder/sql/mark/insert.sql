-- A queue is used with this database for the first time.
INSERT INTO TBUS_QUEUE (QUEUE_ID, LAST_TRANSACTION, LAST_SESSION, UPDATED) VALUES ($1, 0, 0, $2)
