-- A call goes on after all: the next DN rings after the one before has left, as behind a queue, or a call that a session
-- has ended is heard of again.
UPDATE G_CALL SET STATE = 1, TERMINATED = NULL, TERMINATED_TS = NULL, TERMINATED_TCODE = NULL, GSYS_USEQ = $1
WHERE CALLID = $2 AND GSYS_SEQ = $3
