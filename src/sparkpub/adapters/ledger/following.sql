-- What follows a release's sending: doubts by name, one reader's deliveries, another try of what failed.

-- name: uncertain_deliveries
SELECT d.release_id, d.subscriber_id, s.address, s.name, d.state, d.attempts, d.first_at, d.at, d.code
FROM delivery d /* INDEXED BY delivery_open */ LEFT JOIN subscriber s ON s.subscriber_id = d.subscriber_id
WHERE d.release_id = :release_id AND (d.state < 2 OR d.state = 3 OR d.state = 5) AND d.state = 5
ORDER BY d.subscriber_id

-- name: deliveries_of
-- One reader through every release, by the key of each.
SELECT r.release_id, r.issue_id, r.number, r.released_at, d.state, d.attempts, d.first_at, d.at, d.code
FROM release r JOIN delivery d ON d.release_id = r.release_id AND d.subscriber_id = :subscriber_id
ORDER BY r.released_at, r.release_id

-- name: retry_failed
-- From the start, as if never tried; an address that is not to be mailed stays as it is, and so does what has no message
-- any more, because it was lost with a ledger.
UPDATE delivery SET state = 0, attempts = 0, first_at = NULL, at = :at
WHERE release_id = :release_id AND state = 4 AND EXISTS (
    SELECT 1 FROM subscriber s WHERE s.subscriber_id = delivery.subscriber_id AND s.state = 'active'
        AND NOT EXISTS (SELECT 1 FROM suppression x WHERE x.address_key = s.address_key))
    AND EXISTS (
        SELECT 1 FROM release r
        JOIN edition e ON e.hash = r.mailed_hash AND e.issue_id = r.issue_id AND e.number = r.number
        WHERE r.release_id = :release_id AND length(e.compiled) > 0)

-- name: count_retriable
SELECT count(*) FROM delivery d JOIN subscriber s ON s.subscriber_id = d.subscriber_id
WHERE d.release_id = :release_id AND d.state = 4 AND s.state = 'active'
    AND NOT EXISTS (SELECT 1 FROM suppression x WHERE x.address_key = s.address_key)
    AND EXISTS (
        SELECT 1 FROM release r
        JOIN edition e ON e.hash = r.mailed_hash AND e.issue_id = r.issue_id AND e.number = r.number
        WHERE r.release_id = :release_id AND length(e.compiled) > 0)

-- name: drop_uncertain
UPDATE delivery /* INDEXED BY delivery_open */ SET state = 7, at = :at, code = 'dropped: its end was not known'
WHERE release_id = :release_id AND (state < 2 OR state = 3 OR state = 5) AND state = 5

-- name: renew_grace
-- A person wants it sent now, so its grace counts from now; a stopped release stays stopped.
UPDATE release SET resumed_at = :at, state = CASE WHEN state = 'finished' THEN 'sending' ELSE state END
WHERE release_id = :release_id AND state IN ('sending', 'finished')

-- name: has_due
-- Whether anything of a release waits to be sent.
SELECT EXISTS (
    SELECT 1 FROM delivery /* INDEXED BY delivery_open */
    WHERE release_id = :release_id AND (state < 2 OR state = 3 OR state = 5) AND (state = 0 OR (state = 3 AND at <= :at)))

-- name: has_reader_besides
-- An active reader who is at none of some domains, each of which adds conditions by AND, and then `one`.
SELECT s.subscriber_id FROM subscriber s WHERE s.state = 'active'

-- name: is_not_like
s.address_key NOT LIKE :domain

-- name: one
LIMIT 1
