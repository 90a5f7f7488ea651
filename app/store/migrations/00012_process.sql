-- What can be said about operations, and how repairs are carried out. Without a row an operation is repaired in the usual way.

-- +goose Up
ALTER TABLE process ADD COLUMN properties TEXT NOT NULL DEFAULT '';
ALTER TABLE process ADD COLUMN row_version INTEGER NOT NULL DEFAULT 1;

CREATE TABLE repair_operation (
    process_code               INTEGER PRIMARY KEY REFERENCES process (code),
    description                TEXT    NOT NULL,
    uut_required               INTEGER NOT NULL,
    component_mask             TEXT    NOT NULL, -- regular expression, '': any
    component_mask_description TEXT    NOT NULL,
    bom_constraint             TEXT    NOT NULL,
    bom_required               INTEGER NOT NULL,
    vendor_required            INTEGER NOT NULL,
    misc_infos                 TEXT    NOT NULL, -- JSON list
    row_version                INTEGER NOT NULL
);

-- An ID is NULL until somebody gives one: then it is made of operation, category and code.
CREATE TABLE fail_category (
    process_code     INTEGER NOT NULL REFERENCES process (code),
    category         TEXT    NOT NULL,
    position         INTEGER NOT NULL,
    id               BYTEA,
    selectable       INTEGER NOT NULL DEFAULT 1,
    failure_type     INTEGER NOT NULL DEFAULT 0,
    image_constraint TEXT    NOT NULL DEFAULT '',
    state            INTEGER NOT NULL DEFAULT 1,
    PRIMARY KEY (process_code, category)
);

INSERT INTO fail_category (process_code, category, position)
SELECT process_code, category, MIN(position) FROM fail_code GROUP BY process_code, category;

ALTER TABLE fail_code ADD COLUMN id BYTEA;
ALTER TABLE fail_code ADD COLUMN failure_type INTEGER NOT NULL DEFAULT 0;
ALTER TABLE fail_code ADD COLUMN image_constraint TEXT NOT NULL DEFAULT '';
ALTER TABLE fail_code ADD COLUMN state INTEGER NOT NULL DEFAULT 1;
