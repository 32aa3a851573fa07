-- The next transaction of the only queue was committed by somebody else.
UPDATE TBUS_QUEUE SET LAST_TRANSACTION = LAST_TRANSACTION + 1
