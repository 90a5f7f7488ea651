-- What lists of reports show and search beside the headers. It is all in the bodies too: parts_listed says whether it was taken from
-- there, so that the program can do so for reports that are older than these tables.

-- +goose Up
CREATE TABLE report_misc_info (
    seq         INTEGER NOT NULL REFERENCES report (seq),
    position    INTEGER NOT NULL, -- in the report, from 0
    description TEXT    NOT NULL,
    value       TEXT    NOT NULL, -- text, or the number as a text where there is none
    PRIMARY KEY (seq, position)
);
CREATE INDEX report_misc_info_by_pair ON report_misc_info (description, value);

CREATE TABLE report_sub_unit (
    seq           INTEGER NOT NULL REFERENCES report (seq),
    position      INTEGER NOT NULL,
    serial_number TEXT    NOT NULL,
    part_number   TEXT    NOT NULL,
    revision      TEXT    NOT NULL,
    part_type     TEXT    NOT NULL,
    PRIMARY KEY (seq, position)
);
CREATE INDEX report_sub_unit_by_serial ON report_sub_unit (serial_number);
CREATE INDEX report_sub_unit_by_part ON report_sub_unit (part_number);

CREATE TABLE report_asset (
    seq           INTEGER NOT NULL REFERENCES report (seq),
    position      INTEGER NOT NULL,
    serial_number TEXT    NOT NULL,
    usage_count   INTEGER,
    PRIMARY KEY (seq, position)
);
CREATE INDEX report_asset_by_serial ON report_asset (serial_number);

-- Files: those of the report first, then those of its steps in document order.
CREATE TABLE report_attachment (
    id           INTEGER PRIMARY KEY, -- never changes: clients keep it
    seq          INTEGER NOT NULL REFERENCES report (seq),
    position     INTEGER NOT NULL,
    step_id      INTEGER, -- NULL: of the whole report
    name         TEXT    NOT NULL,
    content_type TEXT    NOT NULL,
    size         INTEGER NOT NULL, -- bytes
    description  TEXT    NOT NULL,
    UNIQUE (seq, position)
);

ALTER TABLE report ADD COLUMN parts_listed INTEGER NOT NULL DEFAULT 0;
CREATE INDEX report_unlisted ON report (seq) WHERE parts_listed = 0;
