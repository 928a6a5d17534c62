-- Facts, history, the editors' queue and verdicts.

-- name: fact
SELECT value FROM fact WHERE key = :key

-- name: set_fact
INSERT INTO fact (key, value) VALUES (:key, :value) ON CONFLICT (key) DO UPDATE SET value = excluded.value

-- name: record
INSERT INTO event (at, verb, subject, detail) VALUES (:at, :verb, :subject, :detail)

-- name: history
-- An issue's own events and those of its occurrences ('0' is the character after '/'); the batches are not its story.
SELECT at, verb, subject, detail FROM event
WHERE (subject = :issue_id OR (subject > :issue_id || '/' AND subject < :issue_id || '0')) AND verb NOT IN ('claimed', 'closed')
ORDER BY event_id

-- name: event
SELECT event_id, at, verb, subject, detail FROM event WHERE event_id = :event_id

-- name: events_after
SELECT event_id, at, verb, subject, detail FROM event WHERE event_id > :event_id ORDER BY event_id

-- name: last_event
SELECT coalesce(max(event_id), 0) FROM event

-- name: issue_states
SELECT issue_id, state, activated_at, rule_hash, content_hash, held_by, reason FROM issue_state ORDER BY issue_id

-- name: issue_state
SELECT issue_id, state, activated_at, rule_hash, content_hash, held_by, reason FROM issue_state WHERE issue_id = :issue_id

-- name: save_issue_state
INSERT INTO issue_state (issue_id, state, activated_at, rule_hash, content_hash, held_by, reason)
VALUES (:issue_id, :state, :activated_at, :rule_hash, :content_hash, :held_by, :reason)
ON CONFLICT (issue_id) DO UPDATE SET
    state = excluded.state, activated_at = excluded.activated_at, rule_hash = excluded.rule_hash,
    content_hash = excluded.content_hash, held_by = excluded.held_by, reason = excluded.reason

-- name: approve
INSERT INTO approval (issue_id, source) VALUES (:issue_id, :source)
ON CONFLICT (issue_id) DO UPDATE SET source = excluded.source

-- name: approved
SELECT source FROM approval WHERE issue_id = :issue_id

-- name: decisions
SELECT issue_id, number, on_date, verdict, decided_at FROM decision ORDER BY decided_at, issue_id, number

-- name: skipped
SELECT 1 FROM decision WHERE issue_id = :issue_id AND number = :number AND verdict = 'skipped'

-- name: decide
-- A person's word replaces what the grace decided, never the other way round.
INSERT INTO decision (issue_id, number, on_date, verdict, decided_at)
VALUES (:issue_id, :number, :on_date, :verdict, :decided_at)
ON CONFLICT (issue_id, number) DO UPDATE SET
    on_date = excluded.on_date, verdict = excluded.verdict, decided_at = excluded.decided_at
WHERE decision.verdict = 'missed'
