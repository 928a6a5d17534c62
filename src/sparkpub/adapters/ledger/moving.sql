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

-- name: never_confirmed
-- Who was asked to confirm the wish that stands, and never did, is not kept; letters in old mail say so. Whom no letter
-- has reached, such as readers of a list whom nobody has asked, stays, but for addresses that turned out to be none.
SELECT s.address FROM subscriber s
WHERE s.state = 'unconfirmed' AND s.asked_at <= :before AND EXISTS (
    SELECT 1 FROM letter l
    WHERE l.subscriber_id = s.subscriber_id AND l.kind = 'confirm' AND l.wished_at = s.asked_at AND (l.state = 2
        OR EXISTS (SELECT 1 FROM suppression x WHERE x.address_key = s.address_key)))
