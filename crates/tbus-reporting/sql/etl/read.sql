-- Rows of user events that are not read yet, in the order in which the recorder wrote them: those of one event stand together.
SELECT ID, GSYS_SEQ, GSYS_DOMAIN, GSYS_EXT_INT1, ADDED_TS, GSYS_EXT_VCH1, KEYNAME, VALUE
FROM G_CUSTOM_DATA_S
WHERE ID > $1
ORDER BY ID
LIMIT $2
