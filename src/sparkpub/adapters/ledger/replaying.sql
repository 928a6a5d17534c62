-- What a mirror tells a ledger that was put back: rows that it lacks. Nothing here makes anything go out.

-- name: add_event
INSERT INTO event (event_id, at, verb, subject, detail) VALUES (:event_id, :at, :verb, :subject, :detail)

-- name: mirrored_release
-- What of a release never changes, for the mirror.
SELECT r.release_id, r.number, r.on_date, r.released_at, r.mailed_hash, r.issue_path, r.entry_id, r.transport,
    r.is_mailed, r.is_digest, r.repeats, r.tzdata, e.source,
    (SELECT count(*) FROM delivery d WHERE d.release_id = r.release_id) AS eligible,
    (SELECT coalesce(max(d.subscriber_id), 0) FROM delivery d WHERE d.release_id = r.release_id) AS last_reader
FROM release r
LEFT JOIN edition e ON e.hash = r.mailed_hash AND e.issue_id = r.issue_id AND e.number = r.number
WHERE r.issue_id = :issue_id AND r.number = :number

-- name: add_mark_of_release
INSERT INTO release (release_id, issue_id, number, on_date, released_at, updated_at, edition_hash, mailed_hash,
    issue_source, source_hash, issue_path, settings_id, entry_id, transport, state, is_mailed, is_digest, repeats, tzdata)
VALUES (:release_id, :issue_id, :number, :on_date, :released_at, :released_at, :hash, :hash,
    :no_source, '', :issue_path, :settings_id, :entry_id, :transport, 'sending', :is_mailed, :is_digest, :repeats, :tzdata)
ON CONFLICT DO NOTHING

-- name: release_named
SELECT release_id FROM release WHERE issue_id = :issue_id AND number = :number

-- name: doubt
-- Claimed, so that the messages may have left; what had failed or was in doubt may have been tried again.
UPDATE delivery SET state = 5, code = :code, at = :at
WHERE release_id = :release_id AND subscriber_id BETWEEN :first AND :last AND state IN (0, 1, 3, 4, 5)

-- name: settle_doubt
UPDATE delivery SET state = :state, at = :at, code = :settled
WHERE release_id = :release_id AND subscriber_id BETWEEN :first AND :last AND (state IN (0, 1, 3) OR (state = 5 AND code = :code))

-- name: call_off_the_rest
-- What the mirror does not know to have left, of a release whose message is lost.
UPDATE delivery SET state = 7, at = :at, code = :code WHERE release_id = :release_id AND state IN (0, 1, 3)

-- name: mark_cancelled
UPDATE release SET state = 'cancelled' WHERE release_id = :release_id

-- name: open_claims
SELECT release_id, epoch, first_subscriber_id, last_subscriber_id FROM claim WHERE closed_at IS NULL ORDER BY claim_id

-- name: end_everything
UPDATE claim SET closed_at = :at WHERE closed_at IS NULL

-- name: end_runs
UPDATE run SET ended_at = :at WHERE ended_at IS NULL

-- name: last_reader
SELECT coalesce(max(subscriber_id), 0) FROM delivery
