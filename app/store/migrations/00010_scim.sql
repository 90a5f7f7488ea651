-- Accounts as directories provision them (SCIM, RFC 7643), and tokens that end.

-- +goose Up
ALTER TABLE account ADD COLUMN id BYTEA;                                  -- NULL: of an older database; the program gives it one
ALTER TABLE account ADD COLUMN number INTEGER;                            -- from 1: by it clients are told apart; as above
ALTER TABLE account ADD COLUMN disabled INTEGER NOT NULL DEFAULT 0;       -- 1: neither password nor token is taken
ALTER TABLE account ADD COLUMN external_id TEXT NOT NULL DEFAULT '';      -- in the directory
ALTER TABLE account ADD COLUMN attributes TEXT NOT NULL DEFAULT '';       -- JSON: what else the directory says
ALTER TABLE account ADD COLUMN modified_ns BIGINT NOT NULL DEFAULT 0;     -- 0: never
CREATE UNIQUE INDEX account_by_id ON account (id);
CREATE UNIQUE INDEX account_by_number ON account (number);

ALTER TABLE token ADD COLUMN expires_ns BIGINT NOT NULL DEFAULT 0;        -- 0: never
ALTER TABLE token ADD COLUMN scope TEXT NOT NULL DEFAULT '';              -- '': all that the account may; 'scim': provisioning only
CREATE INDEX token_by_account ON token (account);

-- Counts the changes of accounts and tokens, so that every process notices those of the others.
CREATE TABLE account_change (
    id      INTEGER PRIMARY KEY CHECK (id = 1),
    counter BIGINT  NOT NULL
);
INSERT INTO account_change (id, counter) VALUES (1, 0);
