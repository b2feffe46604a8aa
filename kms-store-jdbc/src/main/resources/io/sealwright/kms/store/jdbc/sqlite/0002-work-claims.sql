-- One row a piece of work that some process does, or did until it died.
CREATE TABLE kms_claim (
    work TEXT NOT NULL PRIMARY KEY,
    holder TEXT NOT NULL,
    until_millis INTEGER NOT NULL
) STRICT;
