-- Whether there are aggregates at all.
SELECT COUNT(*) FROM (SELECT 1 FROM AGT_CALLBACK_SUBHOUR LIMIT 1) one
