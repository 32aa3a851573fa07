-- More DNs than are remembered: the calls that ended longest ago go.
DELETE FROM TBUS_PARTY WHERE STATE >= 3 AND SEQ <= $1
