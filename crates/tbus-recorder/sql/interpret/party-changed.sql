-- What a DN does in a call.
UPDATE TBUS_PARTY SET STATE = $1, CHANGED = $2, SEQ = $3 WHERE DN = $4 AND CALLSEQ = $5
