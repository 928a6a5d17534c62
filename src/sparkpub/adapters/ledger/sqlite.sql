-- What only SQLite has: the numbers that AUTOINCREMENT gives, in a table of its own.

-- name: last_number
-- The highest number that a row of the table ever had.
SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = :table

-- name: drop_number
DELETE FROM sqlite_sequence WHERE name = :table

-- name: set_number
INSERT INTO sqlite_sequence (name, seq) VALUES (:table, :number)
