-- Bytes of any size, in chunks, so that neither writing nor reading one needs more memory than a chunk.

-- +goose Up
CREATE TABLE blob (
    id         INTEGER PRIMARY KEY,
    state      INTEGER NOT NULL, -- 0 being written, 1 whole, 2 whole and owned by something
    size       BIGINT  NOT NULL, -- bytes so far
    sha256     BYTEA   NOT NULL, -- of a whole one; else the state of the hash
    touched_ns BIGINT  NOT NULL
);
CREATE INDEX blob_unowned ON blob (touched_ns) WHERE state < 2;

CREATE TABLE blob_chunk (
    blob     BIGINT NOT NULL REFERENCES blob (id),
    position BIGINT NOT NULL, -- of its first byte
    bytes    BYTEA  NOT NULL,
    PRIMARY KEY (blob, position)
);
