-- Inspections that people carry out: definitions, which units they are for, their documents, and their runs.

-- +goose Up
CREATE TABLE inspection (
    id          BYTEA   PRIMARY KEY,
    name        TEXT    NOT NULL,
    version     INTEGER NOT NULL, -- from 1 for each name
    status      INTEGER NOT NULL, -- 0 draft, 1 pending, 2 released, 3 revoked
    is_global   INTEGER NOT NULL,
    document    TEXT    NOT NULL, -- the members that nothing filters by, as JSON
    workflow    TEXT    NOT NULL, -- XAML, '' when there is none yet
    row_version INTEGER NOT NULL,
    UNIQUE (name, version)
);

CREATE TABLE inspection_relation (
    id         BYTEA   PRIMARY KEY,
    inspection BYTEA   NOT NULL REFERENCES inspection (id),
    position   INTEGER NOT NULL, -- in the order of their making
    document   TEXT    NOT NULL  -- JSON
);
CREATE INDEX inspection_relation_by_inspection ON inspection_relation (inspection, position);

CREATE TABLE inspection_document (
    id         BYTEA  PRIMARY KEY,
    inspection BYTEA  NOT NULL REFERENCES inspection (id),
    name       TEXT   NOT NULL,
    blob       BIGINT NOT NULL REFERENCES blob (id),
    size       BIGINT NOT NULL, -- bytes
    created_ns BIGINT NOT NULL,
    account    TEXT   NOT NULL
);
CREATE INDEX inspection_document_by_inspection ON inspection_document (inspection, created_ns);

CREATE TABLE inspection_run (
    id            BYTEA  PRIMARY KEY,
    inspection    BYTEA  NOT NULL REFERENCES inspection (id),
    unit_id       BYTEA  NOT NULL, -- made of serial and part number
    serial_number TEXT   NOT NULL,
    part_number   TEXT   NOT NULL,
    revision      TEXT   NOT NULL,
    created_ns    BIGINT NOT NULL,
    event_ns      BIGINT NOT NULL -- the last one
);
CREATE INDEX inspection_run_by_inspection ON inspection_run (inspection);
CREATE INDEX inspection_run_by_unit ON inspection_run (unit_id, created_ns);

CREATE TABLE inspection_text (
    run   BYTEA NOT NULL REFERENCES inspection_run (id),
    name  TEXT  NOT NULL, -- of the step
    value TEXT  NOT NULL,
    PRIMARY KEY (run, name)
);
