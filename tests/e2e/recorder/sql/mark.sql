-- The last transaction of the only queue.
SELECT LAST_TRANSACTION FROM TBUS_QUEUE
