-- One row: the store's own key as the engine sealed it.
CREATE TABLE kms_state (
    only_row INTEGER NOT NULL PRIMARY KEY CHECK (only_row = 1),
    store_key BYTEA
);

INSERT INTO kms_state (only_row, store_key) VALUES (1, NULL);

-- Counts changes, for processes to see that something changed; several rows, so that changes do not wait for each other.
CREATE TABLE kms_revision (
    slot INTEGER NOT NULL PRIMARY KEY,
    changes BIGINT NOT NULL
) WITH (fillfactor = 10);

INSERT INTO kms_revision (slot, changes) SELECT slot, 0 FROM generate_series(0, 15) AS slot;

-- One row a key, tombstones included; the manifest is sealed and authenticated by the engine. due_millis tells when the
-- engine has something to do for the key by itself; null if never.
CREATE TABLE kms_key (
    name TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    generation BIGINT NOT NULL,
    manifest BYTEA NOT NULL,
    due_millis BIGINT
);

CREATE INDEX kms_key_due ON kms_key (due_millis, name) WHERE due_millis IS NOT NULL;

-- One row a version; wraps is null once it is erased. Apart from the manifest, so that a change of state rewrites no wraps.
CREATE TABLE kms_version (
    name TEXT COLLATE "C" NOT NULL REFERENCES kms_key (name),
    number INTEGER NOT NULL,
    id BYTEA NOT NULL,
    wraps BYTEA,
    PRIMARY KEY (name, number)
);

CREATE UNIQUE INDEX kms_version_id ON kms_version (id);

-- Random bytes do not compress, and lengths are asked for before values.
ALTER TABLE kms_state ALTER COLUMN store_key SET STORAGE EXTERNAL;

ALTER TABLE kms_key ALTER COLUMN manifest SET STORAGE EXTERNAL;

ALTER TABLE kms_version ALTER COLUMN wraps SET STORAGE EXTERNAL;

-- One row a piece of work that some process does, or did until it died.
CREATE TABLE kms_claim (
    work TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    holder TEXT NOT NULL,
    until_millis BIGINT NOT NULL
);
