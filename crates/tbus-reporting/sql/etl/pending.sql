-- The 15 minutes whose sums a commit changes: those of its final events, and those of the final events that counted for the
-- same callbacks before. The one that counted is looked up for each callback by itself: for a join, PostgreSQL may choose
-- to read all facts at every commit.
INSERT INTO CTL_TBUS_PENDING (DATE_TIME_KEY)
SELECT n.START_DATE_TIME_KEY
FROM CALLBACK_FACT n
WHERE n.CREATE_AUDIT_KEY = $1
  AND n.FINAL_RECORD = 1
UNION
SELECT COALESCE(
    (
        SELECT o.START_DATE_TIME_KEY
        FROM CALLBACK_FACT o
        WHERE o.SERVICE_ID = n.SERVICE_ID
          AND o.FINAL_RECORD = 1
          AND o.CREATE_AUDIT_KEY <> $1
        ORDER BY o.ADDED_TS DESC, o.EVENT_SEQUENCE DESC, o.DS_AUDIT_KEY DESC
        LIMIT 1
    ),
    n.START_DATE_TIME_KEY
)
FROM CALLBACK_FACT n
WHERE n.CREATE_AUDIT_KEY = $1
  AND n.FINAL_RECORD = 1
ON CONFLICT DO NOTHING
