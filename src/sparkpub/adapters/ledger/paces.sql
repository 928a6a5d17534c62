-- The pace of each way that letters go, and its next slot: rows, so that all processes and a restart keep one pace.

-- name: paces
SELECT way, per_second, best FROM pace WHERE per_second IS NOT NULL ORDER BY way

-- name: keep_pace
INSERT INTO pace (way, next_at, per_second, best) VALUES (:way, 0, :per_second, :best)
ON CONFLICT (way) DO UPDATE SET per_second = :per_second, best = :best

-- name: take_slots
-- Whoever comes first takes the way until :until; nobody does while it is taken. What lies beyond :far was taken under a
-- clock that has been set back since.
INSERT INTO pace (way, next_at) VALUES (:way, :until)
ON CONFLICT (way) DO UPDATE SET next_at = :until WHERE pace.next_at <= :now OR pace.next_at > :far

-- name: next_slot
SELECT next_at FROM pace WHERE way = :way
