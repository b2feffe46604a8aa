-- One row: the counter that tells processes that something changed, and the store's own key as the engine sealed it.
CREATE TABLE kms_state (
    only_row INTEGER NOT NULL PRIMARY KEY CHECK (only_row = 1),
    revision INTEGER NOT NULL,
    store_key BLOB
) STRICT;

INSERT INTO kms_state (only_row, revision, store_key) VALUES (1, 0, NULL);

-- One row a key, tombstones included; the manifest is sealed and authenticated by the engine.
CREATE TABLE kms_key (
    name TEXT NOT NULL PRIMARY KEY,
    generation INTEGER NOT NULL,
    manifest BLOB NOT NULL
) STRICT;

-- One row a version; wraps is null once it is erased. Apart from the manifest, so that a change of state rewrites no wraps.
CREATE TABLE kms_version (
    name TEXT NOT NULL REFERENCES kms_key (name),
    number INTEGER NOT NULL,
    id BLOB NOT NULL,
    wraps BLOB,
    PRIMARY KEY (name, number)
) STRICT;

CREATE UNIQUE INDEX kms_version_id ON kms_version (id);
