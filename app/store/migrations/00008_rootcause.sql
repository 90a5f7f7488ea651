-- Tickets on the causes of failures, and defects.

-- +goose Up
CREATE TABLE ticket (
    number      INTEGER PRIMARY KEY, -- running
    id          BYTEA   NOT NULL UNIQUE,
    subject     TEXT    NOT NULL,
    status      INTEGER NOT NULL, -- 1 open, 2 in progress, 4 on hold, 8 solved, 16 closed, 32 archived
    priority    INTEGER NOT NULL,
    progress    TEXT    NOT NULL,
    owner       TEXT    NOT NULL,
    assignee    TEXT    NOT NULL,
    team        TEXT    NOT NULL,
    origin      TEXT    NOT NULL,
    report_id   BYTEA,
    tags        TEXT    NOT NULL, -- JSON, for reading; ticket_tag is for searching
    created_ns  BIGINT  NOT NULL,
    updated_ns  BIGINT  NOT NULL,
    row_version INTEGER NOT NULL
);
CREATE INDEX ticket_by_status ON ticket (status, number);
CREATE INDEX ticket_by_report ON ticket (report_id) WHERE report_id IS NOT NULL;

CREATE TABLE ticket_tag (
    ticket BIGINT NOT NULL REFERENCES ticket (number),
    key    TEXT   NOT NULL,
    value  TEXT   NOT NULL,
    PRIMARY KEY (ticket, key)
);

CREATE TABLE ticket_update (
    id         BYTEA   PRIMARY KEY,
    ticket     BIGINT  NOT NULL REFERENCES ticket (number),
    position   INTEGER NOT NULL, -- in the history, from 0
    at_ns      BIGINT  NOT NULL,
    account    TEXT    NOT NULL,
    type       INTEGER NOT NULL, -- 0 content, 1 progress, 2 properties, 3 notification
    content    TEXT    NOT NULL,
    UNIQUE (ticket, position)
);

-- Files. One that no update refers to yet is owned by nothing, and goes with its blob.
CREATE TABLE ticket_attachment (
    id         BYTEA  PRIMARY KEY,
    update_id  BYTEA  REFERENCES ticket_update (id),
    name       TEXT   NOT NULL,
    blob       BIGINT NOT NULL,
    size       BIGINT NOT NULL, -- bytes
    created_ns BIGINT NOT NULL,
    account    TEXT   NOT NULL
);
CREATE INDEX ticket_attachment_by_update ON ticket_attachment (update_id) WHERE update_id IS NOT NULL;
CREATE INDEX ticket_attachment_unused ON ticket_attachment (created_ns) WHERE update_id IS NULL;

-- The failures that repairs name, with category and code as the catalogue of the repair operation spells them. They are in the bodies too.
CREATE TABLE report_failure (
    seq            BIGINT  NOT NULL REFERENCES report (seq),
    position       INTEGER NOT NULL, -- among the failures of the report, from 0
    part_number    TEXT    NOT NULL, -- of the part that failed
    category       TEXT    NOT NULL,
    code           TEXT    NOT NULL,
    component_ref  TEXT    NOT NULL,
    function_block TEXT    NOT NULL,
    step_id        INTEGER, -- of the test
    comment        TEXT    NOT NULL,
    PRIMARY KEY (seq, position)
);
CREATE INDEX report_failure_by_code ON report_failure (category, code);
-- Repairs that are older than the table have their failures listed when the program opens the database.
CREATE INDEX report_failures_unlisted ON report (seq) WHERE report_type = 'R' AND parts_listed < 2;

-- Defects that somebody has registered for a test.
CREATE TABLE defect (
    id             BYTEA   PRIMARY KEY,
    report_id      BYTEA   NOT NULL, -- the test
    serial_number  TEXT    NOT NULL, -- this and what follows as the test said when the defect was registered
    part_number    TEXT    NOT NULL,
    revision       TEXT    NOT NULL,
    station_name   TEXT    NOT NULL,
    test_process   INTEGER NOT NULL,
    repair_process INTEGER NOT NULL REFERENCES process (code), -- whose catalogue has the code
    category       TEXT    NOT NULL,
    code           TEXT    NOT NULL,
    component_ref  TEXT    NOT NULL,
    description    TEXT    NOT NULL,
    failure_mode   TEXT    NOT NULL,
    at_ns          BIGINT  NOT NULL,
    account        TEXT    NOT NULL
);
CREATE INDEX defect_by_report ON defect (report_id);
CREATE INDEX defect_by_time ON defect (at_ns, id);
