DELETE FROM closed WHERE number = $1
