-- The ledger on SQLite: who was told what, and when. This file is the data dictionary.
--
-- Instants are whole seconds since 1970-01-01 UTC; dates are text like 2017-09-04. States of deliveries are small
-- numbers, because that table grows by a row for each reader of each release:
--
--   0 pending    nothing was tried yet            4 failed      refused for good, or given up
--   1 sending    the body is on its way           5 uncertain   the connection was lost after the body
--   2 sent       the relay accepted the message   6 suppressed  the reader left, or is not to be mailed
--   3 deferred   to be tried again at `at`        7 cancelled   the release was called off
--
-- Tables are STRICT; keys of growing tables are integers that are appended in order.

-- Single values of the press: watermark, stopped, key_fingerprint, the day's quota ...
CREATE TABLE fact (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- The history: one row for each thing that was decided or done. `subject` is an issue id, ISSUE/N or a word.
CREATE TABLE event (
    event_id INTEGER PRIMARY KEY,
    at       INTEGER NOT NULL,
    verb     TEXT NOT NULL,
    subject  TEXT NOT NULL,
    detail   TEXT NOT NULL
) STRICT;
-- What was said when an address was suppressed, which goes when its reader is erased.
CREATE INDEX event_suppressed ON event (subject) WHERE verb = 'suppressed';

-- The editors' queue. Only occurrences at or after activated_at fire by themselves. Who holds an issue decides what lets
-- it go: a person's word, the file's own, or a person who has looked at an edit.
CREATE TABLE issue_state (
    issue_id     TEXT PRIMARY KEY,
    state        TEXT NOT NULL CHECK (state IN ('unqueued', 'queued', 'held')),
    activated_at INTEGER NOT NULL,
    rule_hash    TEXT NOT NULL,
    content_hash TEXT NOT NULL,
    held_by      TEXT NOT NULL CHECK (held_by IN ('', 'person', 'file', 'edit')),
    reason       TEXT NOT NULL              -- why it is held, in words for people
) STRICT, WITHOUT ROWID;

-- The file of an issue as it was when a person approved it, where `approval = "strict"`: what a later edit is shown against.
CREATE TABLE approval (
    issue_id TEXT PRIMARY KEY,
    source   BLOB NOT NULL
) STRICT;

-- Verdicts on occurrences that are not released.
CREATE TABLE decision (
    issue_id   TEXT NOT NULL,
    number     INTEGER NOT NULL,
    on_date    TEXT NOT NULL,
    verdict    TEXT NOT NULL CHECK (verdict IN ('skipped', 'missed')),
    decided_at INTEGER NOT NULL,
    PRIMARY KEY (issue_id, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX decision_day ON decision (on_date);

-- Files that pages and emails show, named by their content.
CREATE TABLE asset (
    name       TEXT PRIMARY KEY,
    media_type TEXT NOT NULL,
    width      INTEGER NOT NULL,
    height     INTEGER NOT NULL,
    data       BLOB NOT NULL
) STRICT;

-- An issue rendered once, for one number of it. `compiled` is the message with holes for each reader's values; empty where nothing is
-- mailed. `media` is a JSON object: image source as the issue writes it -> name of the asset.
CREATE TABLE edition (
    hash     TEXT NOT NULL,
    issue_id TEXT NOT NULL,
    number   INTEGER NOT NULL,
    media    TEXT NOT NULL,
    source   BLOB NOT NULL,
    compiled BLOB NOT NULL,
    PRIMARY KEY (hash, issue_id, number)
) STRICT;

-- Each sparkpub.toml under which something was released, as text: a released text is read by the settings of its day, so that
-- a series or an audience can be dropped later.
CREATE TABLE settings (
    settings_id INTEGER PRIMARY KEY,
    text        TEXT NOT NULL UNIQUE
) STRICT;

-- The fact that an edition was made public. The two UNIQUE constraints are what "once" rests on. A digest is a release that
-- makes nothing public: its issue_id is `digest:daily` or the like, its number its date as yyyymmdd, its text its subject.
CREATE TABLE release (
    release_id   INTEGER PRIMARY KEY,
    issue_id     TEXT NOT NULL,
    number       INTEGER NOT NULL,
    on_date      TEXT NOT NULL,
    released_at  INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL,          -- moves only with a correction
    edition_hash TEXT NOT NULL,             -- what page and feeds show
    mailed_hash  TEXT NOT NULL,             -- what was mailed; a correction leaves it alone
    issue_source BLOB NOT NULL,             -- the file as mailed, or as its latest correction left it
    source_hash  TEXT NOT NULL,             -- its SHA-256 in hex; empty where the text was lost with a ledger
    issue_path   TEXT NOT NULL,
    settings_id  INTEGER NOT NULL REFERENCES settings,
    entry_id     TEXT NOT NULL,             -- id of the feed entry, for ever
    transport    TEXT NOT NULL,             -- the only transport that may send it
    state        TEXT NOT NULL CHECK (state IN ('sending', 'stopped', 'finished', 'cancelled')),
    is_mailed    INTEGER NOT NULL,          -- 0: an archive taken in
    is_digest    INTEGER NOT NULL DEFAULT 0,
    repeats      INTEGER NOT NULL,
    tzdata       TEXT NOT NULL,             -- version of the time zone data it was reckoned with
    stopped_at   INTEGER,                   -- when it was last stopped, and why
    stop_reason  TEXT NOT NULL DEFAULT '',
    resumed_at   INTEGER,                   -- `grace` counts from here once somebody resumed it
    again_at     INTEGER,                   -- when it was last sent to who reads its series from the beginning; what is
                                            -- sent since is dated so
    UNIQUE (issue_id, number),
    UNIQUE (issue_id, on_date)
) STRICT;
-- A tick asks what is settled of some days, and when something was mailed last, without reading any text; once a day,
-- what came out on this day of earlier years.
CREATE INDEX release_day ON release (on_date, issue_id, number);
CREATE INDEX release_mailed ON release (released_at, on_date) WHERE is_mailed = 1 AND is_digest = 0;
-- A build asks what each page is made from, and reads the texts of those alone that changed.
CREATE INDEX release_shown ON release (released_at, release_id, issue_id, number, on_date, updated_at, edition_hash, source_hash,
    issue_path, settings_id, entry_id, repeats) WHERE is_digest = 0;
CREATE INDEX release_month_day ON release (substr(on_date, 6)) WHERE is_mailed = 1 AND is_digest = 0;

-- An address that asked, with the state of that wish. `address_key` is what makes two spellings one reader. `tags`,
-- `attributes` and `wishes` hold one entry a line, with a line end before the first and after the last: so one comparison
-- finds an entry, on every engine. A number is never given twice, not even one whose reader was erased: links in old mail
-- are signed for it.
CREATE TABLE subscriber (
    subscriber_id INTEGER PRIMARY KEY AUTOINCREMENT,
    address_key   TEXT NOT NULL UNIQUE,
    address       TEXT NOT NULL,
    name          TEXT NOT NULL,
    state         TEXT NOT NULL CHECK (state IN ('unconfirmed', 'active', 'unsubscribed')),
    language      TEXT NOT NULL,
    tags          TEXT NOT NULL,
    attributes    TEXT NOT NULL,            -- key=value
    wishes        TEXT NOT NULL,            -- what of all that is released they want: core/wishes.py
    evidence      TEXT NOT NULL,            -- how the wish is known: a form, a letter, a list taken over
    asked_at      INTEGER NOT NULL,         -- when that wish was made; a link to confirm is good for it alone
    added_at      INTEGER NOT NULL,
    changed_at    INTEGER NOT NULL
) STRICT;

-- The few who want anything but everything, and those who have not confirmed.
CREATE INDEX subscriber_wishing ON subscriber (subscriber_id) WHERE wishes <> '';
CREATE INDEX subscriber_unconfirmed ON subscriber (asked_at) WHERE state = 'unconfirmed';

-- A standing order never to mail an address; it outlives the subscriber and every import.
CREATE TABLE suppression (
    address_key TEXT PRIMARY KEY,
    reason      TEXT NOT NULL,
    at          INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Who left or is suppressed as a restored ledger knows it from its mirror, where it has no such address: by its keyed hash.
-- When the address comes again, the wish still holds.
CREATE TABLE mark (
    mark TEXT NOT NULL,
    verb TEXT NOT NULL CHECK (verb IN ('left', 'suppressed')),
    at   INTEGER NOT NULL,
    PRIMARY KEY (mark, verb)
) STRICT, WITHOUT ROWID;

-- Messages that belong to no release: please confirm, welcome. They are written when they are sent, so only who and why stand
-- here. A reader gets one of a kind for each wish. States are those of deliveries; there is no 5: a letter of which
-- nobody knows whether it went is sent again, under the same Message-ID.
CREATE TABLE letter (
    letter_id     INTEGER PRIMARY KEY,
    kind          TEXT NOT NULL,
    subscriber_id INTEGER NOT NULL,
    wished_at     INTEGER NOT NULL,
    queued_at     INTEGER NOT NULL,         -- what the letter is dated
    state         INTEGER NOT NULL DEFAULT 0 CHECK (state IN (0, 1, 2, 3, 4, 6)),
    attempts      INTEGER NOT NULL DEFAULT 0,
    first_at      INTEGER,
    at            INTEGER NOT NULL,         -- last change; not to be tried before
    code          TEXT NOT NULL DEFAULT '',
    UNIQUE (kind, subscriber_id, wished_at)
) STRICT;
CREATE INDEX letter_reader ON letter (subscriber_id);
CREATE INDEX letter_open ON letter (at) WHERE state IN (0, 1, 3);

-- Who asked for something lately, by keyed hashes of address and network alone: so that nobody is bombed with letters.
CREATE TABLE ask (
    mark TEXT NOT NULL,
    at   INTEGER NOT NULL
) STRICT;
CREATE INDEX ask_mark ON ask (mark, at);

-- One release to one subscriber. The audience is frozen when the release is made, in batches.
CREATE TABLE delivery (
    release_id    INTEGER NOT NULL,
    subscriber_id INTEGER NOT NULL,
    batch         INTEGER NOT NULL,
    state         INTEGER NOT NULL CHECK (state BETWEEN 0 AND 7),
    attempts      INTEGER NOT NULL DEFAULT 0,
    epoch         INTEGER,                  -- the run whose intent it is
    first_at      INTEGER,                  -- first attempt; `give_up` counts from here
    at            INTEGER,                  -- last change; of a deferred one: not to be tried before
    code          TEXT,                     -- the relay's last words, shortened
    PRIMARY KEY (release_id, subscriber_id)
) STRICT, WITHOUT ROWID;

-- The only secondary index on it: it shrinks as deliveries settle, however many old rows there are. Its condition is
-- written without IN, for which SQLite makes a table of its own each time a row changes.
CREATE INDEX delivery_open ON delivery (release_id, batch) WHERE state < 2 OR state = 3 OR state = 5;

-- How fast letters may go each way: a relay as host:port, or a domain of readers as @domain. Whoever sends takes the way
-- until next_at, for as many letters as its pace allows until then.
CREATE TABLE pace (
    way        TEXT PRIMARY KEY,
    next_at    INTEGER NOT NULL,            -- microseconds since 1970-01-01 UTC
    per_second REAL,                        -- learned from replies; NULL: they ask for no pace
    best       REAL                         -- what it was before it was too fast
) STRICT, WITHOUT ROWID;

-- What a reader gets, or got, in a digest instead of by itself. Like `delivery` it is noted when a release is made, and
-- its key is what keeps a piece from coming twice.
CREATE TABLE gathered (
    subscriber_id INTEGER NOT NULL,
    release_id    INTEGER NOT NULL,
    digest_id     INTEGER,                  -- the release that is the digest; while it waits there is none
    PRIMARY KEY (subscriber_id, release_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX gathered_waiting ON gathered (release_id) WHERE digest_id IS NULL;

-- One sending process from start to end. A run that never ended died; boot and pid tell whether it still lives.
CREATE TABLE run (
    epoch    INTEGER PRIMARY KEY,
    boot     TEXT NOT NULL,
    pid      INTEGER NOT NULL,
    began_at INTEGER NOT NULL,
    ended_at INTEGER
) STRICT;

-- A batch taken on by a run, written durably before the first of its messages and closed durably after the last.
-- It covers the batch's deliveries from first_ to last_subscriber_id that were due at claimed_at.
CREATE TABLE claim (
    claim_id            INTEGER PRIMARY KEY,
    epoch               INTEGER NOT NULL,
    release_id          INTEGER NOT NULL,
    batch               INTEGER NOT NULL,
    first_subscriber_id INTEGER NOT NULL,
    last_subscriber_id  INTEGER NOT NULL,
    claimed_at          INTEGER NOT NULL,
    closed_at           INTEGER
) STRICT;
CREATE INDEX claim_open ON claim (epoch) WHERE closed_at IS NULL;

-- What came back of a message after it was sent: it bounced, or its reader complained or left by it. The key is what makes
-- the same report count once, however often and on whatever way it is heard.
CREATE TABLE report (
    release_id    INTEGER NOT NULL,         -- 0: of no release that is known
    subscriber_id INTEGER NOT NULL,
    kind          TEXT NOT NULL CHECK (kind IN ('bounce', 'complaint', 'left')),
    meaning       TEXT NOT NULL,            -- of a bounce: what it says of the address (core/bounces.py)
    status        TEXT NOT NULL,            -- an enhanced status code like 5.1.1, or nothing
    words         TEXT NOT NULL,            -- what was said, shortened
    at            INTEGER NOT NULL,
    PRIMARY KEY (release_id, subscriber_id, kind)
) STRICT, WITHOUT ROWID;
CREATE INDEX report_reader ON report (subscriber_id);

-- How badly an address fared lately, by its keyed hash: nothing here names anybody, and it outlives the reader.
CREATE TABLE bounce_score (
    mark       TEXT PRIMARY KEY,
    score      REAL NOT NULL,
    counted_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Mail in the inbox that only a person can decide about: what people wrote, and reports that nobody vouches for.
CREATE TABLE inquiry (
    inquiry_id INTEGER PRIMARY KEY,
    mail       TEXT NOT NULL UNIQUE,        -- a digest of what was written, so that it is asked once
    at         INTEGER NOT NULL,
    address    TEXT NOT NULL,               -- whom it is about, as far as anybody can know
    subject    TEXT NOT NULL,
    why        TEXT NOT NULL,
    verb       TEXT NOT NULL CHECK (verb IN ('', 'unsubscribe', 'suppress')),   -- what a person may want to say to it
    settled_at INTEGER
) STRICT;
CREATE INDEX inquiry_open ON inquiry (inquiry_id) WHERE settled_at IS NULL;

-- Mail and events that were heard, by their digests: whoever hears them again hears nothing new.
CREATE TABLE heard (
    mail TEXT PRIMARY KEY,
    at   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
