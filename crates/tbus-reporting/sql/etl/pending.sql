-- The 15 minutes whose sums a commit changes: those of its final events, and those of the earlier final events of the same
-- callbacks, which no longer count.
INSERT INTO CTL_TBUS_PENDING (DATE_TIME_KEY)
SELECT DISTINCT o.START_DATE_TIME_KEY
FROM CALLBACK_FACT o
WHERE o.FINAL_RECORD = 1
  AND o.SERVICE_ID IN (
      SELECT n.SERVICE_ID FROM CALLBACK_FACT n WHERE n.CREATE_AUDIT_KEY = $1 AND n.FINAL_RECORD = 1
  )
ON CONFLICT DO NOTHING
