-- The highest session number that any queue has brought.
SELECT COALESCE(MAX(LAST_SESSION), 0) FROM TBUS_QUEUE
