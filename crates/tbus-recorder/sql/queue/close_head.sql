UPDATE head SET last_transaction = $1, last_record = $2
