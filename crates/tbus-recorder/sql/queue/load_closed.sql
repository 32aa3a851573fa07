SELECT number, first, last, records, bytes FROM closed ORDER BY number
