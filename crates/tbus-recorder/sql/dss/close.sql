-- A data-source session has ended; ICON_ETIME only when the recorder ends with it.
UPDATE G_DSS_PROVIDER SET DSCONN_ETIME = $1, ICON_ETIME = $2 WHERE DSS_ID = $3
