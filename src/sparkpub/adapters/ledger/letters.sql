-- Letters, which belong to no release, and who asked for what lately.

-- name: queue_letter
INSERT INTO letter (kind, subscriber_id, wished_at, queued_at, at) VALUES (:kind, :subscriber_id, :wished_at, :at, :at)
ON CONFLICT (kind, subscriber_id, wished_at) DO NOTHING

-- name: due_letters
SELECT letter_id, kind, subscriber_id, wished_at, queued_at, attempts, first_at FROM letter
WHERE state IN (0, 1, 3) AND at <= :at AND letter_id > :after ORDER BY letter_id LIMIT :count

-- name: begin_letter
UPDATE letter SET state = 1, attempts = attempts + 1, first_at = coalesce(first_at, :at)
WHERE letter_id = :letter_id AND state IN (0, 1, 3)

-- name: settle_letter
UPDATE letter SET state = :state, at = :at, code = :code WHERE letter_id = :letter_id

-- name: count_letters
SELECT count(*) FROM letter WHERE state IN (0, 1, 3)

-- name: letters_of
SELECT kind, wished_at, state, at, code FROM letter WHERE subscriber_id = :subscriber_id ORDER BY letter_id

-- name: note_ask
INSERT INTO ask (mark, at) VALUES (:mark, :at)

-- name: count_asks
SELECT count(*) FROM ask WHERE mark = :mark AND at > :since

-- name: forget_asks
DELETE FROM ask WHERE at <= :before
