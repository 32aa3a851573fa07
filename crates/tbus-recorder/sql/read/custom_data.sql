-- What user events have left, in the order in which it was stored.
SELECT ADDED, GSYS_DOMAIN, GSYS_EXT_VCH1, ENDPOINTDN, KEYNAME, VALUE FROM G_CUSTOM_DATA_S ORDER BY ID
