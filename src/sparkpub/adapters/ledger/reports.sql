-- What came back: reports, the scores of addresses, and mail that waits for a person.

-- name: add_report
-- The same again changes nothing, but that an address is gone outweighs whatever was said before.
INSERT INTO report (release_id, subscriber_id, kind, meaning, status, words, at)
VALUES (:release_id, :subscriber_id, :kind, :meaning, :status, :words, :at)
ON CONFLICT (release_id, subscriber_id, kind) DO UPDATE SET
    meaning = excluded.meaning, status = excluded.status, words = excluded.words, at = excluded.at
WHERE excluded.meaning = 'gone' AND report.meaning <> 'gone'

-- name: forget_heard
DELETE FROM heard WHERE at <= :before

-- name: note_heard
INSERT INTO heard (mail, at) VALUES (:mail, :at) ON CONFLICT (mail) DO NOTHING

-- name: report_counts
SELECT kind, meaning, count(*) FROM report WHERE release_id = :release_id GROUP BY kind, meaning

-- name: reports_of
SELECT r.issue_id, r.number, p.kind, p.meaning, p.status, p.words, p.at
FROM report p LEFT JOIN release r ON r.release_id = p.release_id
WHERE p.subscriber_id = :subscriber_id ORDER BY p.at, p.release_id, p.kind

-- name: newest_sent
-- The release of which a reader has the newest letter, or may have it.
SELECT r.release_id FROM release r
JOIN delivery d ON d.release_id = r.release_id AND d.subscriber_id = :subscriber_id
WHERE d.state IN (2, 5) ORDER BY r.released_at DESC, r.release_id DESC LIMIT 1

-- name: has_delivery
SELECT 1 FROM delivery WHERE release_id = :release_id AND subscriber_id = :subscriber_id

-- name: score
SELECT score, counted_at FROM bounce_score WHERE mark = :mark

-- name: set_score
INSERT INTO bounce_score (mark, score, counted_at) VALUES (:mark, :score, :counted_at)
ON CONFLICT (mark) DO UPDATE SET score = excluded.score, counted_at = excluded.counted_at

-- name: drop_score
DELETE FROM bounce_score WHERE mark = :mark

-- name: add_inquiry
INSERT INTO inquiry (mail, at, address, subject, why, verb) VALUES (:mail, :at, :address, :subject, :why, :verb)
ON CONFLICT (mail) DO NOTHING

-- name: inquiries
SELECT inquiry_id, at, address, subject, why, verb FROM inquiry WHERE settled_at IS NULL ORDER BY inquiry_id

-- name: settle_answered
-- Who has left or is suppressed by now needs no decision any more.
UPDATE inquiry SET settled_at = :at WHERE settled_at IS NULL AND EXISTS (
    SELECT 1 FROM subscriber s WHERE s.address_key = inquiry.address AND (s.state = 'unsubscribed'
        OR EXISTS (SELECT 1 FROM suppression x WHERE x.address_key = s.address_key)))

-- name: count_inquiries
SELECT count(*) FROM inquiry WHERE settled_at IS NULL

-- name: forget_inquiries
DELETE FROM inquiry WHERE settled_at <= :before

-- name: settle_inquiry
UPDATE inquiry SET settled_at = :at WHERE inquiry_id = :inquiry_id AND settled_at IS NULL
