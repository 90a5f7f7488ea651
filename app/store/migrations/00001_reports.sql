-- Types are such that SQLite and PostgreSQL both take them. Times are nanoseconds since 1970 UTC; texts are '' when absent.

-- +goose Up
CREATE TABLE process (
    code        INTEGER PRIMARY KEY,
    name        TEXT    NOT NULL,
    description TEXT    NOT NULL DEFAULT '',
    kind        TEXT    NOT NULL CHECK (kind IN ('test', 'repair', 'wip')),
    position    INTEGER NOT NULL DEFAULT 0, -- order in production; 0: none
    state       INTEGER NOT NULL DEFAULT 1  -- 1: active
);

INSERT INTO process (code, name, kind, position) VALUES
    (10,  'SW Debug',            'test',   0),
    (20,  'Programming',         'test',   3),
    (30,  'Functional test',     'test',   5),
    (31,  'ICT',                 'test',   2),
    (50,  'PCBA test',           'test',   4),
    (60,  'Final function test', 'test',   8),
    (90,  'Burn In test',        'test',   6),
    (100, 'Function test',       'test',   7),
    (210, 'Visual inspection',   'test',   1),
    (500, 'Repair',              'repair', 0),
    (510, 'RMA repair',          'repair', 0);

-- What a new repair operation starts with.
CREATE TABLE fail_code_default (
    category TEXT    NOT NULL,
    code     TEXT    NOT NULL,
    position INTEGER NOT NULL,
    PRIMARY KEY (category, code)
);

INSERT INTO fail_code_default (category, code, position) VALUES
    ('Component',      'Burned Component',     1),
    ('Component',      'Missing Component',    2),
    ('Component',      'Wrong Component',      3),
    ('Component',      'Solder Defect',        4),
    ('Component',      'Defective Component',  5),
    ('Assembly',       'Assembly Error',       6),
    ('Assembly',       'Loose Connection',     7),
    ('Assembly',       'Cable Defect',         8),
    ('Assembly',       'Mechanical Damage',    9),
    ('Process',        'Programming Error',    10),
    ('Process',        'Contamination',        11),
    ('Process',        'Operator Error',       12),
    ('Process',        'Test Equipment Error', 13),
    ('No Fault Found', 'No Fault Found',       14);

CREATE TABLE fail_code (
    process_code INTEGER NOT NULL REFERENCES process (code),
    category     TEXT    NOT NULL,
    code         TEXT    NOT NULL,
    position     INTEGER NOT NULL,
    selectable   INTEGER NOT NULL DEFAULT 1,
    PRIMARY KEY (process_code, category, code)
);

INSERT INTO fail_code (process_code, category, code, position)
SELECT process.code, d.category, d.code, d.position FROM process CROSS JOIN fail_code_default d WHERE process.kind = 'repair';

CREATE TABLE report (
    seq               INTEGER PRIMARY KEY,
    id                BYTEA   NOT NULL,
    superseded        INTEGER NOT NULL DEFAULT 0, -- 1: there is a newer version of it, or of its test run
    report_type       TEXT    NOT NULL CHECK (report_type IN ('T', 'R')),
    serial_number     TEXT    NOT NULL,
    part_number       TEXT    NOT NULL,
    revision          TEXT    NOT NULL,
    process_code      INTEGER NOT NULL REFERENCES process (code),
    test_process_code INTEGER REFERENCES process (code), -- repair: the operation in which the unit failed
    start_ns          BIGINT  NOT NULL,
    result            TEXT    NOT NULL,
    run               INTEGER, -- from 1 by (start_ns, id) in unit and process; NULL for repairs and superseded ones
    station_name      TEXT    NOT NULL,
    location          TEXT    NOT NULL,
    purpose           TEXT    NOT NULL,
    operator          TEXT    NOT NULL,
    comment           TEXT    NOT NULL,
    batch_number      TEXT    NOT NULL,
    sequence_file     TEXT    NOT NULL,
    sequence_version  TEXT    NOT NULL,
    fixture_id        TEXT    NOT NULL,
    execution_time    DOUBLE PRECISION, -- seconds
    socket_index      INTEGER,
    error_code        INTEGER,
    error_message     TEXT    NOT NULL,
    failure_step      TEXT    NOT NULL,
    failure_path      TEXT    NOT NULL,
    referenced_uut    BYTEA,
    content_hash      BYTEA   NOT NULL, -- SHA-256 of the canonical encoding
    content_size      INTEGER NOT NULL, -- bytes of it
    receive_count     INTEGER NOT NULL DEFAULT 1,
    received_ns       BIGINT  NOT NULL,
    received_from     TEXT    NOT NULL, -- user
    lineage           TEXT    NOT NULL,
    warnings          TEXT    NOT NULL  -- JSON list, '' when there are none
);

CREATE TABLE report_body (
    seq  INTEGER PRIMARY KEY REFERENCES report (seq),
    body BYTEA NOT NULL -- canonical encoding, zstd
);

-- Versions of a report.
CREATE INDEX report_by_id ON report (id);
-- Runs and history of a unit.
CREATE INDEX report_by_unit ON report (serial_number, part_number, process_code, start_ns, id);
-- Lists, newest first: of all, of a part, of repairs.
CREATE INDEX report_by_start ON report (start_ns, id, report_type) WHERE superseded = 0;
CREATE INDEX report_by_part ON report (part_number, start_ns, id) WHERE superseded = 0;
CREATE INDEX report_repairs ON report (start_ns, id) WHERE report_type = 'R' AND superseded = 0;
-- Yield: with all that it groups and filters by, so that it reads nothing else.
CREATE INDEX report_first_runs ON report (start_ns, process_code, part_number, result, station_name, revision) WHERE run = 1;
-- Repairs of a tested unit.
CREATE INDEX report_by_reference ON report (referenced_uut) WHERE referenced_uut IS NOT NULL;
