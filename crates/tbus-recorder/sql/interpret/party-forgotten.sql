-- A DN has had a later call, and the data of this one can come no more.
DELETE FROM TBUS_PARTY WHERE DN = $1 AND CALLSEQ = $2
