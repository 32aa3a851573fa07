UPDATE head SET last_session = $1
