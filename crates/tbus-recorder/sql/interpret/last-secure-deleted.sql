-- A key of which the last value is kept was deleted: its row says so, the value stays.
UPDATE G_SECURE_USERDATA_HISTORY SET PARTYID = $1, ENDPOINTID = $2, ENDPOINTDN = $3, CHANGETYPE = 2, CSEQ = $4,
  ADDED = $5, ADDED_TS = $6, ADDED_TCODE = $7, GSYS_DOMAIN = $8, GSYS_USEQ = $9, GSYS_EXT_VCH1 = $10, GSYS_EXT_INT1 = $11
WHERE CALLID = $12 AND GSYS_SEQ = $13
