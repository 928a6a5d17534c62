-- Lists of readers: rows arrive in tables of their own, which no other process sees, and go in all at once.

-- name: make_arriving
CREATE TEMPORARY TABLE arriving (
    line        INTEGER PRIMARY KEY,
    address_key TEXT NOT NULL,
    address     TEXT NOT NULL,
    name        TEXT NOT NULL,
    state       TEXT NOT NULL,
    language    TEXT NOT NULL,
    tags        TEXT NOT NULL,
    attributes  TEXT NOT NULL,
    wishes      TEXT NOT NULL
)

-- name: make_refused
CREATE TEMPORARY TABLE refused (line INTEGER PRIMARY KEY, reason TEXT NOT NULL)

-- name: drop_arriving
DROP TABLE IF EXISTS arriving

-- name: drop_refused
DROP TABLE IF EXISTS refused

-- name: arrive
-- A million times: its values come in this order, without names.
INSERT INTO arriving (line, address_key, address, name, state, language, tags, attributes, wishes)
VALUES (:line, :address_key, :address, :name, :state, :language, :tags, :attributes, :wishes)

-- name: refuse
INSERT INTO refused (line, reason) VALUES (:line, :reason)

-- name: index_arriving
-- Made when all are here: sorting them is quicker than keeping them sorted.
CREATE INDEX arriving_key ON arriving (address_key, line)

-- name: refuse_repeated
INSERT INTO refused (line, reason)
SELECT a.line, a.address || ' stands already in line ' || g.line
FROM (SELECT address_key, min(line) AS line FROM arriving GROUP BY address_key HAVING count(*) > 1) g
JOIN arriving a ON a.address_key = g.address_key AND a.line > g.line

-- name: drop_repeated
DELETE FROM arriving WHERE line IN (SELECT line FROM refused)

-- name: gone
-- Who left and was forgotten, by keyed hash.
SELECT mark FROM mark WHERE verb = 'left'

-- name: arrived_after
SELECT line, address FROM arriving WHERE line > :after ORDER BY line LIMIT :count

-- name: leave_out
DELETE FROM arriving WHERE line = :line

-- name: count_arrived
SELECT count(*), coalesce(max(line), 0) FROM arriving

-- name: count_refused
SELECT count(*) FROM refused

-- name: refused
SELECT line, reason FROM refused WHERE line > :after ORDER BY line LIMIT :count

-- name: count_new
SELECT count(*) FROM arriving a WHERE NOT EXISTS (SELECT 1 FROM subscriber s WHERE s.address_key = a.address_key)

-- name: take_in
-- Who is known stays as they are: nobody is subscribed again.
INSERT INTO subscriber (address_key, address, name, state, language, tags, attributes, wishes, evidence, asked_at,
    added_at, changed_at)
SELECT address_key, address, name, state, language, tags, attributes, wishes, :evidence, :at, :at, :at
FROM arriving WHERE line BETWEEN :first AND :last ORDER BY line
ON CONFLICT (address_key) DO NOTHING

-- name: wish_anew
-- Who of the list was known already and is unconfirmed, and has no letter to confirm that went or will.
UPDATE subscriber SET asked_at = :at, changed_at = :at
WHERE state = 'unconfirmed' AND address_key IN (SELECT address_key FROM arriving) AND NOT EXISTS (
    SELECT 1 FROM letter l
    WHERE l.subscriber_id = subscriber.subscriber_id AND l.kind = 'confirm' AND l.state IN (0, 1, 2, 3))

-- name: ask
-- Those, and who is new and unconfirmed.
INSERT INTO letter (kind, subscriber_id, wished_at, queued_at, at)
SELECT 'confirm', s.subscriber_id, s.asked_at, :at, :at
FROM arriving a JOIN subscriber s ON s.address_key = a.address_key
WHERE s.state = 'unconfirmed' AND s.asked_at = :at
    AND NOT EXISTS (SELECT 1 FROM suppression x WHERE x.address_key = s.address_key)
ORDER BY s.subscriber_id
ON CONFLICT (kind, subscriber_id, wished_at) DO NOTHING

-- name: count_to_ask
SELECT count(*) FROM arriving a LEFT JOIN subscriber s ON s.address_key = a.address_key
WHERE NOT EXISTS (SELECT 1 FROM suppression x WHERE x.address_key = a.address_key)
    AND coalesce(s.state, a.state) = 'unconfirmed' AND NOT EXISTS (
        SELECT 1 FROM letter l
        WHERE l.subscriber_id = s.subscriber_id AND l.kind = 'confirm' AND l.state IN (0, 1, 2, 3))

-- name: last_reader
SELECT coalesce(max(subscriber_id), 0) FROM subscriber

-- name: addresses_after
SELECT subscriber_id, address FROM subscriber WHERE subscriber_id > :after ORDER BY subscriber_id LIMIT :count

-- name: marks
SELECT DISTINCT mark FROM mark

-- name: readers
-- With the conditions of a choice added by AND, and then the page.
SELECT s.*, EXISTS (SELECT 1 FROM suppression x WHERE x.address_key = s.address_key) AS is_suppressed
FROM subscriber s WHERE s.subscriber_id > :after

-- name: page
ORDER BY s.subscriber_id LIMIT :count

-- name: count_readers
SELECT count(*) FROM subscriber s WHERE s.subscriber_id > :after

-- name: has_state
s.state = :state

-- name: can_be_mailed
s.state = 'active' AND NOT EXISTS (SELECT 1 FROM suppression x WHERE x.address_key = s.address_key)

-- name: columns
-- What shows which columns an export needs.
SELECT s.subscriber_id, s.attributes, s.wishes FROM subscriber s
WHERE s.subscriber_id > :after AND (s.attributes <> '' OR s.wishes <> '')
