-- Releases, editions and the files they show.

-- name: releases
-- Those whose text was lost with a ledger are left out: they only block their number and date.
SELECT * FROM release JOIN settings USING (settings_id) WHERE source_hash <> '' AND is_digest = 0
ORDER BY released_at, release_id

-- name: shown_of_releases
-- All that a page can be made from, the text by its hash.
SELECT release_id, released_at, issue_id, number, on_date, updated_at, edition_hash, source_hash, issue_path, settings_id,
    entry_id, repeats
FROM release WHERE source_hash <> '' AND is_digest = 0 ORDER BY released_at, release_id

-- name: releases_of_issue
SELECT * FROM release JOIN settings USING (settings_id)
WHERE issue_id = :issue_id AND source_hash <> '' AND is_digest = 0 ORDER BY released_at, release_id

-- name: newest_releases
SELECT * FROM release JOIN settings USING (settings_id)
WHERE source_hash <> '' AND is_digest = 0 ORDER BY released_at DESC, release_id DESC LIMIT :count

-- name: last_release
SELECT coalesce(max(release_id), 0) FROM release

-- name: releases_without_text
SELECT * FROM release JOIN settings USING (settings_id) WHERE source_hash = '' AND is_digest = 0
ORDER BY released_at, release_id

-- name: digests
SELECT * FROM release JOIN settings USING (settings_id) WHERE is_digest = 1 ORDER BY released_at, release_id

-- name: released
SELECT issue_id, number, on_date, released_at, is_mailed FROM release WHERE is_digest = 0 ORDER BY release_id

-- name: last_mailed_at
SELECT max(released_at) FROM release WHERE is_mailed = 1 AND is_digest = 0

-- name: newest_mailed
SELECT * FROM release JOIN settings USING (settings_id) WHERE is_mailed = 1 AND is_digest = 0
ORDER BY released_at DESC, release_id DESC LIMIT 1

-- name: release
SELECT * FROM release JOIN settings USING (settings_id) WHERE release_id = :release_id

-- name: add_release
-- Gives no row where a constraint refuses it.
INSERT INTO release (issue_id, number, on_date, released_at, updated_at, edition_hash, mailed_hash, issue_source,
    source_hash, issue_path, settings_id, entry_id, transport, state, is_mailed, is_digest, repeats, tzdata)
VALUES (:issue_id, :number, :on_date, :released_at, :updated_at, :edition_hash, :edition_hash, :issue_source,
    :source_hash, :issue_path, :settings_id, :entry_id, :transport, :state, :is_mailed, :is_digest, :repeats, :tzdata)
ON CONFLICT DO NOTHING
RETURNING release_id

-- name: correct_release
UPDATE release SET issue_source = :source, source_hash = :source_hash, settings_id = :settings_id,
    edition_hash = :edition_hash, updated_at = :updated_at
WHERE release_id = :release_id

-- name: put_settings
INSERT INTO settings (text) VALUES (:text) ON CONFLICT (text) DO UPDATE SET text = excluded.text RETURNING settings_id

-- name: put_asset
INSERT INTO asset (name, media_type, width, height, data) VALUES (:name, :media_type, :width, :height, :data)
ON CONFLICT (name) DO NOTHING

-- name: asset
SELECT name, media_type, width, height, data FROM asset WHERE name = :name

-- name: put_edition
-- The same edition again changes nothing, but for a message that was not compiled before.
INSERT INTO edition (hash, issue_id, number, media, source, compiled)
VALUES (:hash, :issue_id, :number, :media, :source, :compiled)
ON CONFLICT (hash, issue_id, number) DO UPDATE SET compiled = excluded.compiled WHERE length(edition.compiled) = 0

-- name: edition
SELECT compiled, media FROM edition WHERE hash = :hash LIMIT 1

-- name: shown_media
SELECT media FROM edition WHERE hash = :edition_hash AND issue_id = :issue_id AND number = :number

-- name: asset_facts
SELECT name, media_type, width, height FROM asset WHERE name = :name

-- name: mailed_edition
SELECT e.compiled, e.media FROM release r
JOIN edition e ON e.hash = r.mailed_hash AND e.issue_id = r.issue_id AND e.number = r.number
WHERE r.release_id = :release_id

-- name: stop_release
UPDATE release SET state = 'stopped', stopped_at = :at, stop_reason = :reason
WHERE release_id = :release_id AND state = 'sending'

-- name: resume_release
UPDATE release SET state = 'sending', resumed_at = :at, stop_reason = ''
WHERE release_id = :release_id AND state = 'stopped'

-- name: cancel_release
UPDATE release SET state = 'cancelled' WHERE release_id = :release_id AND state IN ('sending', 'stopped')

-- name: finish_release
UPDATE release SET state = 'finished'
WHERE release_id = :release_id AND state IN ('sending', 'stopped') AND NOT EXISTS (
    SELECT 1 FROM delivery d /* INDEXED BY delivery_open */
    WHERE d.release_id = :release_id AND (d.state < 2 OR d.state = 3 OR d.state = 5) AND d.state <> 5)

-- name: release_state
SELECT state FROM release WHERE release_id = :release_id

-- name: stop_notes
SELECT stopped_at, stop_reason, resumed_at FROM release WHERE release_id = :release_id

-- name: reopen_release
UPDATE release SET state = 'sending' WHERE release_id = :release_id AND state = 'finished'

-- name: releases_in_state
-- Newest first: the latest news is worth most.
SELECT * FROM release JOIN settings USING (settings_id) WHERE state = :state AND is_mailed = 1 ORDER BY released_at DESC, release_id DESC
