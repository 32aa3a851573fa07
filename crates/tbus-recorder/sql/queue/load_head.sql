SELECT id, last_transaction, last_record, last_session FROM head
