-- When the engine has something to do for a key by itself; null if never. The manifest has the last word.
ALTER TABLE kms_key ADD COLUMN due_millis INTEGER;

CREATE INDEX kms_key_due ON kms_key (due_millis, name) WHERE due_millis IS NOT NULL;
