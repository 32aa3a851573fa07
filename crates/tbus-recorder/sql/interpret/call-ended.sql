-- A call has ended. Calls may share a CALLID; GSYS_SEQ tells them apart.
UPDATE G_CALL SET STATE = 2, TERMINATED = $1, TERMINATED_TS = $2, TERMINATED_TCODE = $3, GSYS_USEQ = $4
WHERE CALLID = $5 AND GSYS_SEQ = $6
