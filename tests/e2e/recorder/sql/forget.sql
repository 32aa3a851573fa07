-- The only queue was never used with this database.
DELETE FROM TBUS_QUEUE
