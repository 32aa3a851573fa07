-- Which DNs are in which calls, and their last ones.
SELECT DN, CALLID, CONNID, CALLSEQ, STATE, CHANGED, SEQ FROM TBUS_PARTY ORDER BY SEQ
