-- Equipment. Limits and intervals are NULL when absent, -1 unlimited, -2 (intervals) kept by another system.

-- +goose Up
CREATE TABLE asset_type (
    id               BYTEA   PRIMARY KEY,
    name             TEXT    NOT NULL,
    name_key         TEXT    NOT NULL UNIQUE, -- name in lower case
    running_limit    BIGINT,
    total_limit      BIGINT,
    maintenance_days DOUBLE PRECISION,
    calibration_days DOUBLE PRECISION,
    warning_percent  DOUBLE PRECISION,
    alarm_percent    DOUBLE PRECISION,
    read_only        INTEGER NOT NULL,
    icon             TEXT    NOT NULL,
    row_version      INTEGER NOT NULL
);

CREATE TABLE asset (
    id                  BYTEA   PRIMARY KEY,
    serial_number       TEXT    NOT NULL UNIQUE,
    type_id             BYTEA   NOT NULL REFERENCES asset_type (id),
    parent_id           BYTEA   REFERENCES asset (id),
    name                TEXT    NOT NULL,
    part_number         TEXT    NOT NULL,
    revision            TEXT    NOT NULL,
    client_id           INTEGER,
    state               INTEGER NOT NULL,
    description         TEXT    NOT NULL,
    location            TEXT    NOT NULL,
    tags                TEXT    NOT NULL, -- JSON, for reading; asset_tag is for searching
    first_seen_ns       BIGINT  NOT NULL,
    last_seen_ns        BIGINT  NOT NULL,
    last_maintenance_ns BIGINT,
    next_maintenance_ns BIGINT, -- follows from the type unless another system keeps it
    last_calibration_ns BIGINT,
    next_calibration_ns BIGINT,
    running_count       BIGINT  NOT NULL,
    total_count         BIGINT  NOT NULL,
    running_epoch       INTEGER NOT NULL, -- how often the count was set anew: what was counted before is not in it
    total_epoch         INTEGER NOT NULL,
    row_version         INTEGER NOT NULL  -- of what people edit, not of counts and dates
);
CREATE INDEX asset_by_type ON asset (type_id);
CREATE INDEX asset_by_parent ON asset (parent_id) WHERE parent_id IS NOT NULL;
CREATE INDEX asset_by_location ON asset (location, serial_number);

CREATE TABLE asset_tag (
    asset_id BYTEA NOT NULL REFERENCES asset (id),
    key      TEXT  NOT NULL,
    value    TEXT  NOT NULL,
    PRIMARY KEY (asset_id, key)
);
CREATE INDEX asset_tag_by_key ON asset_tag (key, value);

CREATE TABLE asset_log (
    id       INTEGER PRIMARY KEY,
    asset_id BYTEA   NOT NULL REFERENCES asset (id),
    at_ns    BIGINT  NOT NULL,
    account  TEXT    NOT NULL, -- name of the user
    type     INTEGER NOT NULL,
    comment  TEXT    NOT NULL
);
CREATE INDEX asset_log_by_asset ON asset_log (asset_id, at_ns, id);
CREATE INDEX asset_log_by_time ON asset_log (at_ns, id);

CREATE TABLE asset_file (
    asset_id   BYTEA  NOT NULL REFERENCES asset (id),
    name       TEXT   NOT NULL,
    blob       BIGINT NOT NULL REFERENCES blob (id),
    size       BIGINT NOT NULL, -- bytes
    created_ns BIGINT NOT NULL,
    account    TEXT   NOT NULL,
    PRIMARY KEY (asset_id, name)
);

-- What current reports have counted, and how the asset stood right after. NULL where the report came before the asset.
CREATE TABLE asset_use (
    seq                 BIGINT  NOT NULL REFERENCES report (seq),
    asset_id            BYTEA   NOT NULL REFERENCES asset (id),
    uses                BIGINT  NOT NULL,
    running_epoch       INTEGER NOT NULL, -- epoch of the asset's count that it is in
    total_epoch         INTEGER NOT NULL,
    running_count       BIGINT,
    total_count         BIGINT,
    running_exceeded    INTEGER,
    total_exceeded      INTEGER,
    last_calibration_ns BIGINT,
    next_calibration_ns BIGINT,
    last_maintenance_ns BIGINT,
    next_maintenance_ns BIGINT,
    PRIMARY KEY (seq, asset_id)
);
CREATE INDEX asset_use_by_asset ON asset_use (asset_id, seq);
