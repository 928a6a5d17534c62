-- Digests, and series from their beginning: what readers get another way than by itself on the day it comes out.

-- name: gather
-- Notes for a digest what readers would get by itself but for their rhythm. The conditions of the piece are added by AND.
INSERT INTO gathered (subscriber_id, release_id)
SELECT s.subscriber_id, :release_id
FROM subscriber s /* INDEXED BY subscriber_wishing */
WHERE s.wishes <> '' AND s.state = 'active'
    AND NOT EXISTS (SELECT 1 FROM suppression x WHERE x.address_key = s.address_key)
    AND NOT EXISTS (SELECT 1 FROM delivery d WHERE d.release_id = :release_id AND d.subscriber_id = s.subscriber_id)
    AND NOT EXISTS (SELECT 1 FROM gathered g WHERE g.release_id = :release_id AND g.subscriber_id = s.subscriber_id)
    AND replace(s.wishes, :any_rhythm, '') <> s.wishes

-- name: plan_again
-- Sends a release once more, to those who read its series from the beginning and never had it.
INSERT INTO delivery (release_id, subscriber_id, batch, state)
SELECT :release_id, s.subscriber_id, s.subscriber_id / :span, 0
FROM subscriber s /* INDEXED BY subscriber_wishing */
WHERE s.wishes <> '' AND s.state = 'active'
    AND NOT EXISTS (SELECT 1 FROM suppression x WHERE x.address_key = s.address_key)
    AND NOT EXISTS (SELECT 1 FROM delivery d WHERE d.release_id = :release_id AND d.subscriber_id = s.subscriber_id)
    AND NOT EXISTS (SELECT 1 FROM gathered g WHERE g.release_id = :release_id AND g.subscriber_id = s.subscriber_id)
    AND replace(s.wishes, :any_rhythm, '') = s.wishes

-- name: from_beginning
replace(s.wishes, :from_beginning, '') <> s.wishes

-- name: wishes_from_beginning
SELECT DISTINCT s.wishes FROM subscriber s /* INDEXED BY subscriber_wishing */
WHERE s.wishes <> '' AND s.state = 'active' AND replace(s.wishes, :any_beginning, '') <> s.wishes

-- name: has_rhythm
SELECT EXISTS (
    SELECT 1 FROM subscriber s /* INDEXED BY subscriber_wishing */
    WHERE s.wishes <> '' AND s.state = 'active' AND replace(s.wishes, :any_rhythm, '') <> s.wishes)

-- name: released_on_days
-- What was mailed and is settled, and came out on these days of earlier years.
SELECT * FROM release /* INDEXED BY release_month_day */ JOIN settings USING (settings_id)
WHERE is_mailed = 1 AND is_digest = 0 AND substr(on_date, 6) IN (:day, :other_day) AND on_date < :before
    AND state = 'finished' AND source_hash <> '' AND EXISTS (
        SELECT 1 FROM edition e
        WHERE e.hash = mailed_hash AND e.issue_id = release.issue_id AND e.number = release.number
            AND length(e.compiled) > 0)
ORDER BY released_at, release_id

-- name: send_again
UPDATE release SET state = 'sending', resumed_at = :at, again_at = :at WHERE release_id = :release_id AND state = 'finished'

-- name: gathered_for
-- What waits for a digest of one rhythm: of weekly readers, or of all others, so that nothing is lost by a change of mind.
-- What is stopped is in no digest before it is resumed.
SELECT g.subscriber_id, g.release_id
FROM gathered g /* INDEXED BY gathered_waiting */
JOIN subscriber s ON s.subscriber_id = g.subscriber_id
JOIN release r ON r.release_id = g.release_id
WHERE g.digest_id IS NULL AND s.state = 'active' AND r.state IN ('sending', 'finished')
    AND NOT EXISTS (SELECT 1 FROM suppression x WHERE x.address_key = s.address_key)

-- name: has_text
r.source_hash <> ''

-- name: is_weekly
replace(s.wishes, :weekly, '') <> s.wishes

-- name: is_not_weekly
replace(s.wishes, :weekly, '') = s.wishes

-- name: put_in_digest
UPDATE gathered SET digest_id = :digest_id
WHERE subscriber_id = :subscriber_id AND release_id = :release_id AND digest_id IS NULL

-- name: plan_digest
INSERT INTO delivery (release_id, subscriber_id, batch, state)
SELECT :digest_id, g.subscriber_id, g.subscriber_id / :span, 0
FROM gathered g WHERE g.release_id = :release_id AND g.digest_id = :digest_id

-- name: drop_gathered
-- Nothing that waits comes to a reader who has left.
DELETE FROM gathered WHERE subscriber_id = :subscriber_id AND digest_id IS NULL

-- name: forget_gathered
DELETE FROM gathered WHERE subscriber_id = :subscriber_id

-- name: drop_gathered_of_release
DELETE FROM gathered WHERE release_id = :release_id AND digest_id IS NULL

-- name: drop_weekly_until
-- What came out until a weekly digest that a mirror tells of, and is in none that it tells of.
DELETE FROM gathered
WHERE digest_id IS NULL AND release_id IN (SELECT r.release_id FROM release r WHERE r.released_at <= :at)
    AND subscriber_id IN (SELECT s.subscriber_id FROM subscriber s WHERE replace(s.wishes, :weekly, '') <> s.wishes)

-- name: drop_others_until
-- The same of any other digest.
DELETE FROM gathered
WHERE digest_id IS NULL AND release_id IN (SELECT r.release_id FROM release r WHERE r.released_at <= :at)
    AND subscriber_id IN (SELECT s.subscriber_id FROM subscriber s WHERE replace(s.wishes, :weekly, '') = s.wishes)

-- name: take_back_unsent
DELETE FROM delivery WHERE release_id = :release_id AND (state < 2 OR state = 3 OR state = 5) AND state = 0

-- name: count_gathered
SELECT count(*) FROM gathered /* INDEXED BY gathered_waiting */ WHERE digest_id IS NULL

-- name: gathered_of
SELECT r.issue_id, r.number, d.issue_id AS digest, d.number AS digest_number
FROM gathered g JOIN release r ON r.release_id = g.release_id
LEFT JOIN release d ON d.release_id = g.digest_id
WHERE g.subscriber_id = :subscriber_id ORDER BY r.released_at, r.release_id
