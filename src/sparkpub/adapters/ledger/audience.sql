-- Whom a release goes to: a statement below, with each condition that its segment gives added by AND.

-- name: plan
-- Freezes the audience into deliveries, in the order of the readers. A batch is a run of :span reader numbers: counting
-- the rows themselves would take longer than writing them.
INSERT INTO delivery (release_id, subscriber_id, batch, state)
SELECT :release_id, s.subscriber_id, s.subscriber_id / :span, 0
FROM subscriber s
WHERE s.state = 'active' AND NOT EXISTS (SELECT 1 FROM suppression x WHERE x.address_key = s.address_key)

-- name: last_reader
SELECT coalesce(max(subscriber_id), 0) FROM subscriber

-- name: count
SELECT count(*)
FROM subscriber s
WHERE s.state = 'active' AND NOT EXISTS (SELECT 1 FROM suppression x WHERE x.address_key = s.address_key)

-- name: has_tag
-- True if the entry stands in the list: taking it out would change the list.
replace(s.tags, :tag, '') <> s.tags

-- name: lacks_tag
replace(s.tags, :tag, '') = s.tags

-- name: added_from
s.added_at >= :added_from

-- name: added_before
s.added_at < :added_before

-- name: has_language
-- A language with all its regions and scripts (RFC 4647, 3.3.1): en is en-GB as well, and not eng. `:language` is in small
-- letters with a hyphen behind it.
substr(lower(s.language) || '-', 1, length(:language)) = :language

-- name: has_attribute
replace(s.attributes, :attribute, '') <> s.attributes

-- name: has_received
-- By itself, or in a digest.
EXISTS (
    SELECT 1 FROM release r JOIN delivery d ON d.release_id = r.release_id AND d.subscriber_id = s.subscriber_id
    WHERE r.issue_id = :received_issue AND r.number = :received_number AND d.state = 2
    UNION ALL
    SELECT 1 FROM release r JOIN gathered g ON g.release_id = r.release_id AND g.subscriber_id = s.subscriber_id
    JOIN delivery d ON d.release_id = g.digest_id AND d.subscriber_id = s.subscriber_id
    WHERE r.issue_id = :received_issue AND r.number = :received_number AND d.state = 2)

-- name: wants_everything
-- Nearly every reader does, and is not looked at further. The wishes are those of core/wishes.py.
s.wishes = ''

-- name: wants_each
replace(s.wishes, :rhythm, '') = s.wishes

-- name: wants_digest
s.wishes <> '' AND replace(s.wishes, :rhythm, '') <> s.wishes

-- name: wants_series
replace(s.wishes, :series, '') = s.wishes

-- name: wants_tag
replace(s.wishes, :tag, '') = s.wishes

-- name: wants_all_numbers
replace(s.wishes, :round_only, '') = s.wishes
