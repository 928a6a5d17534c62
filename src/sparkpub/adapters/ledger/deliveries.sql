-- Deliveries: claim, intent, reply, close, recovery. The states' numbers are explained in schema.sql.
--
-- `(state < 2 OR state = 3 OR state = 5)` is the condition of the index delivery_open, which must be written as it stands
-- there; what is meant follows it. SQLite would rather walk a whole release than use that index, so it is told to by the
-- comment `INDEXED BY`, which other engines pass over.

-- name: balance
SELECT state, count(*) FROM delivery WHERE release_id = :release_id GROUP BY state

-- name: count_failed_by
-- How many have failed with a code like this.
SELECT count(*) FROM delivery WHERE release_id = :release_id AND state = 4 AND code LIKE :code

-- name: open_counts
-- What is still to be done for a release: never tried, under way, waiting for another attempt, due for it.
SELECT count(*) FILTER (WHERE state = 0), count(*) FILTER (WHERE state = 1), count(*) FILTER (WHERE state = 3),
    count(*) FILTER (WHERE state = 3 AND at <= :at)
FROM delivery /* INDEXED BY delivery_open */ WHERE release_id = :release_id AND (state < 2 OR state = 3 OR state = 5)

-- name: begin_run
INSERT INTO run (boot, pid, began_at) VALUES (:boot, :pid, :at) RETURNING epoch

-- name: end_run
UPDATE run SET ended_at = :at WHERE epoch = :epoch

-- name: open_runs
SELECT epoch, boot, pid FROM run WHERE ended_at IS NULL AND epoch <> :epoch ORDER BY epoch

-- name: next_batch
-- A run goes through a release once, so that it never takes on again what it has not settled yet.
SELECT batch FROM delivery /* INDEXED BY delivery_open */
WHERE release_id = :release_id AND (state < 2 OR state = 3 OR state = 5) AND (state = 0 OR (state = 3 AND at <= :at))
    AND batch >= :batch AND (batch > :batch OR subscriber_id > :after)
ORDER BY batch LIMIT 1

-- name: suppress_left
-- Whoever left since the release was planned is not mailed.
UPDATE delivery /* INDEXED BY delivery_open */ SET state = 6, at = :at
WHERE release_id = :release_id AND batch = :batch AND (state < 2 OR state = 3 OR state = 5) AND state IN (0, 3)
    AND NOT EXISTS (
    SELECT 1 FROM subscriber s WHERE s.subscriber_id = delivery.subscriber_id AND s.state = 'active'
        AND NOT EXISTS (SELECT 1 FROM suppression x WHERE x.address_key = s.address_key))

-- name: due_in_batch
SELECT d.subscriber_id, s.address, s.name, s.attributes, d.attempts, d.first_at
FROM delivery d /* INDEXED BY delivery_open */ JOIN subscriber s ON s.subscriber_id = d.subscriber_id
WHERE d.release_id = :release_id AND d.batch = :batch AND (d.state < 2 OR d.state = 3 OR d.state = 5)
    AND (d.state = 0 OR (d.state = 3 AND d.at <= :at)) AND d.subscriber_id > :after
ORDER BY d.subscriber_id LIMIT :count

-- name: claim
INSERT INTO claim (epoch, release_id, batch, first_subscriber_id, last_subscriber_id, claimed_at)
VALUES (:epoch, :release_id, :batch, :first, :last, :at)
RETURNING claim_id

-- name: close_claim
UPDATE claim SET closed_at = :at WHERE claim_id = :claim_id AND closed_at IS NULL

-- name: claim_of
SELECT r.issue_id, r.number, c.release_id, c.batch, c.first_subscriber_id, c.last_subscriber_id
FROM claim c JOIN release r ON r.release_id = c.release_id WHERE c.claim_id = :claim_id

-- name: not_sent_in_claim
SELECT subscriber_id, state FROM delivery
WHERE release_id = :release_id AND subscriber_id BETWEEN :first AND :last AND state <> 2 ORDER BY state, subscriber_id

-- name: intend
-- The compare-and-set that only one worker can win. A stop or a cancellation that came first wins as well.
UPDATE delivery SET state = 1, attempts = attempts + 1, epoch = :epoch, first_at = coalesce(first_at, :at), at = :at
WHERE release_id = :release_id AND subscriber_id = :subscriber_id AND (state = 0 OR (state = 3 AND at <= :at))
    AND (SELECT r.state FROM release r WHERE r.release_id = :release_id) = 'sending'

-- name: settle
-- The reply to a message whose body was on its way.
UPDATE delivery SET state = :state, at = :at, code = :code
WHERE release_id = :release_id AND subscriber_id = :subscriber_id AND state = 1 AND epoch = :epoch

-- name: settle_unbegun
-- An answer that came before the body.
UPDATE delivery
SET state = :state, attempts = attempts + 1, epoch = :epoch, first_at = coalesce(first_at, :tried_at), at = :at,
    code = :code
WHERE release_id = :release_id AND subscriber_id = :subscriber_id AND (state = 0 OR (state = 3 AND at <= :tried_at))

-- name: recover_sending
-- A dead run's messages that were on their way.
UPDATE delivery /* INDEXED BY delivery_open */ SET state = :state, at = :at, code = :code
WHERE release_id = :release_id AND (state < 2 OR state = 3 OR state = 5) AND state = 1 AND epoch = :epoch

-- name: recover_claimed
-- After a new boot commits since the last durable one may be gone: what a dead run had claimed may have been sent.
UPDATE delivery /* INDEXED BY delivery_open */ SET state = :state, at = :at, code = :code
WHERE release_id = :release_id AND (state < 2 OR state = 3 OR state = 5)
    AND (state IN (0, 1) OR (state = 3 AND at <= :claimed_at))
    AND batch = :batch AND subscriber_id <= :last

-- name: open_claims
SELECT claim_id, release_id, batch, last_subscriber_id, claimed_at FROM claim
WHERE closed_at IS NULL AND epoch = :epoch ORDER BY claim_id

-- name: cancel_open
UPDATE delivery /* INDEXED BY delivery_open */ SET state = 7, at = :at
WHERE release_id = :release_id AND (state < 2 OR state = 3 OR state = 5) AND state IN (0, 3)

-- name: resend_uncertain
-- What has no message any more, because it was lost with a ledger, cannot be sent again.
UPDATE delivery /* INDEXED BY delivery_open */ SET state = 0, at = :at
WHERE release_id = :release_id AND (state < 2 OR state = 3 OR state = 5) AND state = 5
    AND coalesce(code, '') <> :but_code
    AND EXISTS (
        SELECT 1 FROM release r
        JOIN edition e ON e.hash = r.mailed_hash AND e.issue_id = r.issue_id AND e.number = r.number
        WHERE r.release_id = :release_id AND length(e.compiled) > 0)

-- name: releases_with_uncertain
SELECT DISTINCT release_id FROM delivery /* INDEXED BY delivery_open */
WHERE (state < 2 OR state = 3 OR state = 5) AND state = 5 ORDER BY release_id

-- name: suppress_reader
-- Wherever a reader still waits for a message, it is not sent.
UPDATE delivery SET state = 6, at = :at
WHERE subscriber_id = :subscriber_id AND (state < 2 OR state = 3 OR state = 5) AND state IN (0, 3) AND release_id IN (
    SELECT r.release_id FROM release r WHERE r.state IN ('sending', 'stopped'))
