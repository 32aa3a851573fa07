SELECT value FROM fact WHERE key = $1
