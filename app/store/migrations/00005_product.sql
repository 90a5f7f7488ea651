-- Products and what belongs to them. Tags are JSON lists, '' when there are none.

-- +goose Up
CREATE TABLE product_category (
    id          BYTEA PRIMARY KEY,
    name        TEXT  NOT NULL UNIQUE,
    description TEXT  NOT NULL
);

CREATE TABLE product (
    id          BYTEA   PRIMARY KEY,
    part_number TEXT    NOT NULL UNIQUE,
    name        TEXT    NOT NULL,
    description TEXT    NOT NULL DEFAULT '',
    non_serial  INTEGER NOT NULL DEFAULT 0,
    state       INTEGER NOT NULL DEFAULT 1, -- 1: in use
    category    BYTEA   REFERENCES product_category (id),
    tags        TEXT    NOT NULL DEFAULT '',
    xml_data    TEXT    NOT NULL DEFAULT '',
    row_version INTEGER NOT NULL DEFAULT 1
);
CREATE INDEX product_by_category ON product (category) WHERE category IS NOT NULL;

CREATE TABLE product_revision (
    id              BYTEA   PRIMARY KEY,
    product         BYTEA   NOT NULL REFERENCES product (id),
    revision        TEXT    NOT NULL,
    name            TEXT    NOT NULL DEFAULT '',
    description     TEXT    NOT NULL DEFAULT '',
    state           INTEGER NOT NULL DEFAULT 1,
    tags            TEXT    NOT NULL DEFAULT '',
    xml_data        TEXT    NOT NULL DEFAULT '',
    bom_description TEXT    NOT NULL DEFAULT '',
    row_version     INTEGER NOT NULL DEFAULT 1,
    UNIQUE (product, revision)
);

CREATE TABLE bom_item (
    id              BYTEA   PRIMARY KEY,
    revision        BYTEA   NOT NULL REFERENCES product_revision (id),
    position        INTEGER NOT NULL, -- in the list, from 0
    component_ref   TEXT    NOT NULL,
    part_number     TEXT    NOT NULL,
    part_revision   TEXT    NOT NULL,
    description     TEXT    NOT NULL,
    quantity        INTEGER NOT NULL,
    manufacturer    TEXT    NOT NULL,
    manufacturer_pn TEXT    NOT NULL,
    vendor          TEXT    NOT NULL,
    vendor_pn       TEXT    NOT NULL,
    UNIQUE (revision, position)
);
CREATE INDEX bom_item_by_vendor ON bom_item (vendor) WHERE vendor <> '';

-- Box build templates: which revisions a unit of the parent is built from.
CREATE TABLE product_relation (
    seq           INTEGER PRIMARY KEY,
    id            BYTEA   NOT NULL UNIQUE,
    parent        BYTEA   NOT NULL REFERENCES product_revision (id),
    child         BYTEA   NOT NULL REFERENCES product_revision (id),
    quantity      INTEGER NOT NULL,
    item_number   TEXT    NOT NULL,
    revision_mask TEXT    NOT NULL, -- '': exactly the child
    UNIQUE (parent, child, item_number)
);
CREATE INDEX product_relation_by_child ON product_relation (child);

CREATE TABLE product_group (
    id      INTEGER PRIMARY KEY,
    name    TEXT NOT NULL UNIQUE,
    filters TEXT NOT NULL DEFAULT '' -- JSON list of patterns, '' when there are none
);

CREATE TABLE vendor (
    id    TEXT PRIMARY KEY,
    name  TEXT NOT NULL UNIQUE,
    extra TEXT NOT NULL DEFAULT '' -- JSON object of the members that only clients know
);

-- Where stations stand, as reports tell it.
CREATE TABLE level (
    id   INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
);
INSERT INTO level (name) SELECT DISTINCT location FROM report WHERE location <> '' ORDER BY location;
