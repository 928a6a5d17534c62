-- Readers and the addresses that are never to be mailed.

-- name: add_subscriber
INSERT INTO subscriber (address_key, address, name, state, language, tags, attributes, wishes, evidence, asked_at,
    added_at, changed_at)
VALUES (:address_key, :address, :name, :state, :language, :tags, :attributes, :wishes, :evidence, :asked_at, :at, :at)
ON CONFLICT (address_key) DO NOTHING
RETURNING subscriber_id

-- name: find_subscriber
SELECT s.*, EXISTS (SELECT 1 FROM suppression x WHERE x.address_key = s.address_key) AS is_suppressed
FROM subscriber s WHERE s.address_key = :address_key

-- name: subscriber
SELECT s.*, EXISTS (SELECT 1 FROM suppression x WHERE x.address_key = s.address_key) AS is_suppressed
FROM subscriber s WHERE s.subscriber_id = :subscriber_id

-- name: subscribers
SELECT s.*, EXISTS (SELECT 1 FROM suppression x WHERE x.address_key = s.address_key) AS is_suppressed
FROM subscriber s WHERE s.subscriber_id > :after ORDER BY s.subscriber_id LIMIT :count

-- name: set_subscriber
UPDATE subscriber SET name = :name, state = :state, language = :language, tags = :tags, attributes = :attributes,
    wishes = :wishes, evidence = :evidence, asked_at = :asked_at, changed_at = :at
WHERE subscriber_id = :subscriber_id

-- name: let_go
-- To be left alone is a wish too: no link to confirm an earlier one is good after it.
UPDATE subscriber SET state = 'unsubscribed', asked_at = :at, changed_at = :at WHERE subscriber_id = :subscriber_id

-- name: suppress
INSERT INTO suppression (address_key, reason, at) VALUES (:address_key, :reason, :at)
ON CONFLICT (address_key) DO NOTHING

-- name: unsuppress
DELETE FROM suppression WHERE address_key = :address_key

-- name: put_mark
INSERT INTO mark (mark, verb, at) VALUES (:mark, :verb, :at) ON CONFLICT (mark, verb) DO NOTHING

-- name: has_marks
SELECT EXISTS (SELECT 1 FROM mark)

-- name: marked
SELECT verb, at FROM mark WHERE mark = :mark ORDER BY verb

-- name: drop_mark
DELETE FROM mark WHERE mark = :mark AND verb = :verb

-- name: suppression
SELECT reason, at FROM suppression WHERE address_key = :address_key

-- name: count_subscribers
SELECT count(*) FROM subscriber
