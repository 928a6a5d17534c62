-- What a tick asks of a ledger of any size: of few issues, or of few days.

-- name: released_of
SELECT number, on_date, released_at, is_mailed FROM release WHERE issue_id = :issue_id ORDER BY number

-- name: decisions_of
SELECT number, on_date, verdict, decided_at FROM decision WHERE issue_id = :issue_id ORDER BY number

-- name: settled_on
-- What was due on these dates and is released or decided.
SELECT issue_id, number, on_date FROM release WHERE on_date BETWEEN :first AND :last
UNION ALL
SELECT issue_id, number, on_date FROM decision WHERE on_date BETWEEN :first AND :last

-- name: mailed_up_to
-- Read from the newest backwards, this meets what was due by then at once.
SELECT released_at FROM release WHERE is_mailed = 1 AND is_digest = 0 AND on_date <= :on_date ORDER BY released_at DESC LIMIT 1
