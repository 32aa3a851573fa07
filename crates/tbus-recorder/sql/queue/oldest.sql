SELECT min(id) FROM record
