UPDATE head SET last_transaction = $1
