-- A transaction of a queue is in the database. No row changes when it is there already.
UPDATE TBUS_QUEUE SET LAST_TRANSACTION = $1, LAST_SESSION = $2, UPDATED = $3 WHERE QUEUE_ID = $4 AND LAST_TRANSACTION < $5
