-- Readers who move to another address, and what is left of those who are erased.

-- name: move
UPDATE subscriber SET address_key = :address_key, address = :address, evidence = :evidence, changed_at = :at
WHERE subscriber_id = :subscriber_id

-- name: suppressions
SELECT address_key, at FROM suppression

-- name: drop_reader
DELETE FROM subscriber WHERE subscriber_id = :subscriber_id

-- name: drop_letters
DELETE FROM letter WHERE subscriber_id = :subscriber_id

-- name: forget_words
-- What relays said names the address more often than not. Doubts (5) keep our own words, by which they are told apart.
UPDATE delivery SET code = NULL
WHERE release_id IN (SELECT release_id FROM release) AND subscriber_id = :subscriber_id AND state <> 5

-- name: forget_reports
-- That something came back counts on; what was said does not stay.
UPDATE report SET words = '' WHERE subscriber_id = :subscriber_id

-- name: forget_inquiries
DELETE FROM inquiry WHERE address = :address_key

-- name: has_inquiries
SELECT EXISTS (SELECT 1 FROM inquiry WHERE address = :address_key)

-- name: forget_details
UPDATE event SET detail = '' WHERE verb = 'suppressed' AND subject = :subject
