-- The last transaction of a queue that the database has, and the last session.
SELECT LAST_TRANSACTION, LAST_SESSION FROM TBUS_QUEUE WHERE QUEUE_ID = $1
