-- Units, the orders and batches they are made in, and the serial numbers they get.

-- +goose Up
CREATE TABLE unit_phase (
    phase       INTEGER PRIMARY KEY, -- one bit
    code        TEXT    NOT NULL UNIQUE,
    name        TEXT    NOT NULL UNIQUE,
    description TEXT    NOT NULL
);

INSERT INTO unit_phase (phase, code, name, description) VALUES
    (1,    'Unknown',           'Unknown',           'Nothing is known of where the unit is'),
    (2,    'Under_Production',  'Under production',  'The unit is being made or tested'),
    (4,    'Production_Repair', 'Production repair', 'The unit is being repaired before it is delivered'),
    (8,    'Service_Repair',    'Service repair',    'The unit came back and is being repaired'),
    (16,   'Finalized',         'Finalized',         'The unit is complete and may be built into another'),
    (32,   'Scrapped',          'Scrapped',          'The unit is given up'),
    (64,   'Extended_Test',     'Extended test',     'The unit is in a test beside production'),
    (128,  'Customization',     'Customization',     'The unit is being fitted to a customer'),
    (256,  'Repaired',          'Repaired',          'The unit has been repaired'),
    (512,  'Missing',           'Missing',           'The unit is looked for'),
    (1024, 'In_Storage',        'In storage',        'The unit is on stock'),
    (2048, 'Shipped',           'Shipped',           'The unit is delivered');

CREATE TABLE production_order (
    id           INTEGER PRIMARY KEY,
    order_number TEXT    NOT NULL UNIQUE,
    description  TEXT    NOT NULL,
    customer     TEXT    NOT NULL,
    status       TEXT    NOT NULL CHECK (status IN ('Planned', 'Started', 'Completed')),
    planned_ns   BIGINT  NOT NULL, -- start as planned
    due_ns       BIGINT,
    created_ns   BIGINT  NOT NULL,
    started_ns   BIGINT,
    completed_ns BIGINT,
    row_version  INTEGER NOT NULL DEFAULT 1
);
CREATE INDEX production_order_by_planned ON production_order (planned_ns, order_number);

CREATE TABLE production_order_item (
    production_order INTEGER NOT NULL REFERENCES production_order (id),
    position         INTEGER NOT NULL, -- from 1
    part_number      TEXT    NOT NULL,
    revision         TEXT    NOT NULL, -- '': any
    quantity         INTEGER NOT NULL,
    PRIMARY KEY (production_order, position)
);

CREATE TABLE production_batch (
    batch_number     TEXT   PRIMARY KEY,
    batch_size       INTEGER,
    production_order INTEGER REFERENCES production_order (id),
    created_ns       BIGINT NOT NULL
);
CREATE INDEX production_batch_by_order ON production_batch (production_order) WHERE production_order IS NOT NULL;

CREATE TABLE unit (
    id               INTEGER PRIMARY KEY,
    serial_number    TEXT    NOT NULL,
    part_number      TEXT    NOT NULL,
    revision         TEXT    NOT NULL,
    batch_number     TEXT    NOT NULL DEFAULT '',
    location         TEXT    NOT NULL DEFAULT '',
    phase            INTEGER NOT NULL DEFAULT 2 REFERENCES unit_phase (phase),
    process_code     INTEGER,          -- of the latest report, or as it was set since
    process_ns       BIGINT  NOT NULL, -- when that was
    parent           INTEGER REFERENCES unit (id),
    production_order INTEGER REFERENCES production_order (id),
    serial_ns        BIGINT,           -- when the serial number was assigned
    first_seen_ns    BIGINT,           -- start of the earliest report
    tags             TEXT    NOT NULL DEFAULT '', -- JSON list
    xml_data         TEXT    NOT NULL DEFAULT '',
    created_ns       BIGINT  NOT NULL,
    row_version      INTEGER NOT NULL DEFAULT 1,
    UNIQUE (serial_number, part_number)
);
CREATE INDEX unit_by_parent ON unit (parent) WHERE parent IS NOT NULL;
CREATE INDEX unit_by_batch ON unit (batch_number, part_number) WHERE batch_number <> '';
CREATE INDEX unit_by_order ON unit (production_order) WHERE production_order IS NOT NULL;

INSERT INTO unit (serial_number, part_number, revision, batch_number, process_code, process_ns, first_seen_ns, created_ns)
SELECT serial_number, part_number, revision, batch_number, process_code, start_ns, first_ns, received_ns
FROM (SELECT serial_number, part_number, revision, batch_number, process_code, start_ns, received_ns,
        MIN(start_ns) OVER (PARTITION BY serial_number, part_number) AS first_ns,
        ROW_NUMBER() OVER (PARTITION BY serial_number, part_number ORDER BY start_ns DESC, seq DESC) AS newest
    FROM report WHERE superseded = 0) AS seen
WHERE newest = 1;

-- What was changed in a unit: all of its history, and those that nobody has acknowledged. NULL is what was not changed.
CREATE TABLE unit_change (
    id           INTEGER PRIMARY KEY,
    unit         INTEGER NOT NULL REFERENCES unit (id),
    at_ns        BIGINT  NOT NULL,
    phase        INTEGER,
    process_code INTEGER,
    left_process INTEGER NOT NULL DEFAULT 0, -- 1: is in no operation any more
    revision     TEXT,
    location     TEXT,
    parent       TEXT, -- serial number, '' when taken out
    parent_part  TEXT,
    comment      TEXT    NOT NULL,
    account      TEXT    NOT NULL,
    pending      INTEGER NOT NULL DEFAULT 1
);
CREATE INDEX unit_change_by_unit ON unit_change (unit, id);
CREATE INDEX unit_change_pending ON unit_change (id) WHERE pending = 1;

-- Which operations a unit must have passed. Texts may hold % for any text; one of group and part number is ''.
CREATE TABLE verification_rule (
    id            INTEGER PRIMARY KEY,
    product_group TEXT    NOT NULL,
    part_number   TEXT    NOT NULL,
    revision      TEXT    NOT NULL, -- '': any
    UNIQUE (product_group, part_number, revision)
);

CREATE TABLE verification_rule_process (
    rule         INTEGER NOT NULL REFERENCES verification_rule (id),
    process_code INTEGER NOT NULL REFERENCES process (code),
    position     INTEGER NOT NULL, -- order in production
    PRIMARY KEY (rule, process_code)
);

CREATE TABLE serial_type (
    id          INTEGER PRIMARY KEY,
    name_key    TEXT    NOT NULL UNIQUE, -- name in lower case
    name        TEXT    NOT NULL,
    description TEXT    NOT NULL,
    format      TEXT    NOT NULL,
    pattern     TEXT    NOT NULL,
    identifier  INTEGER NOT NULL -- 0 serial number, 1 MAC address, 2 IMEI
);

CREATE TABLE serial_reservation (
    id          BYTEA   PRIMARY KEY, -- the client's
    type        INTEGER NOT NULL REFERENCES serial_type (id),
    station     TEXT    NOT NULL,
    quantity    INTEGER NOT NULL,
    reserved_ns BIGINT  NOT NULL,
    account     TEXT    NOT NULL,
    canceled    INTEGER NOT NULL DEFAULT 0
);

-- A number is its prefix and its last digits, whose value is counted up: width digits, with zeros in front. Ranges never overlap each other
-- nor what is taken.
CREATE TABLE serial_range (
    id          INTEGER PRIMARY KEY,
    type        INTEGER NOT NULL REFERENCES serial_type (id),
    prefix      TEXT    NOT NULL,
    width       INTEGER NOT NULL,
    lowest      BIGINT  NOT NULL,
    highest     BIGINT  NOT NULL,
    reservation BYTEA   REFERENCES serial_reservation (id) -- NULL: free
);
CREATE INDEX serial_range_by_number ON serial_range (type, prefix, width, lowest);
CREATE INDEX serial_range_free ON serial_range (type, prefix, width, lowest) WHERE reservation IS NULL;
CREATE INDEX serial_range_reserved ON serial_range (reservation) WHERE reservation IS NOT NULL;

-- What one request took.
CREATE TABLE serial_take (
    id          INTEGER PRIMARY KEY,
    type        INTEGER NOT NULL REFERENCES serial_type (id),
    quantity    INTEGER NOT NULL,
    taken_ns    BIGINT  NOT NULL,
    ref_serial  TEXT    NOT NULL, -- what for
    ref_part    TEXT    NOT NULL,
    station     TEXT    NOT NULL,
    account     TEXT    NOT NULL,
    reservation BYTEA REFERENCES serial_reservation (id) -- NULL: taken at once
);
CREATE INDEX serial_take_by_reference ON serial_take (ref_serial, ref_part) WHERE ref_serial <> '' OR ref_part <> '';

CREATE TABLE serial_taken (
    type   INTEGER NOT NULL,
    prefix TEXT    NOT NULL,
    width  INTEGER NOT NULL,
    value  BIGINT  NOT NULL,
    take   INTEGER NOT NULL REFERENCES serial_take (id),
    PRIMARY KEY (type, prefix, width, value) -- so that none is ever taken twice
);
CREATE INDEX serial_taken_by_take ON serial_taken (take);
