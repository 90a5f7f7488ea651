-- Packages of software: versions of a name, each with its files in blobs.

-- +goose Up
CREATE INDEX blob_dropped ON blob (id) WHERE state = 3;

CREATE TABLE virtual_folder (
    id          BYTEA PRIMARY KEY,
    path_key    TEXT  NOT NULL UNIQUE, -- path in lower case
    path        TEXT  NOT NULL,        -- from the top, with slashes, ending with its name
    description TEXT  NOT NULL
);

CREATE TABLE package (
    id              BYTEA   PRIMARY KEY,
    name_key        TEXT    NOT NULL, -- name in lower case
    name            TEXT    NOT NULL,
    version         INTEGER NOT NULL, -- from 1 within the name
    status          TEXT    NOT NULL CHECK (status IN ('Draft', 'Pending', 'Released', 'Revoked')),
    description     TEXT    NOT NULL,
    install_on_root INTEGER NOT NULL,
    root_directory  TEXT    NOT NULL,
    priority        INTEGER NOT NULL,
    tags            TEXT    NOT NULL, -- JSON list, '' when there are none; package_tag has them for searching
    virtual_folder  BYTEA REFERENCES virtual_folder (id),
    created_ns      BIGINT  NOT NULL,
    created_by      TEXT    NOT NULL,
    modified_ns     BIGINT  NOT NULL,
    modified_by     TEXT    NOT NULL,
    file_count      INTEGER NOT NULL DEFAULT 0,
    row_version     INTEGER NOT NULL DEFAULT 1, -- counts changes of anything
    content_version INTEGER NOT NULL DEFAULT 0, -- counts changes of files and folders
    archive         BIGINT,                     -- blob: all files as one zip; NULL: none, or to be made anew
    UNIQUE (name_key, version)
);
CREATE INDEX package_by_virtual_folder ON package (virtual_folder) WHERE virtual_folder IS NOT NULL;

CREATE TABLE package_tag (
    package  BYTEA   NOT NULL REFERENCES package (id),
    position INTEGER NOT NULL,
    name     TEXT    NOT NULL, -- the key
    name_key TEXT    NOT NULL, -- in lower case
    value    TEXT    NOT NULL,
    PRIMARY KEY (package, position)
);
CREATE INDEX package_tag_by_pair ON package_tag (name_key, value);

CREATE TABLE package_folder (
    id       BYTEA PRIMARY KEY,
    package  BYTEA NOT NULL REFERENCES package (id),
    path_key TEXT  NOT NULL, -- path in lower case
    path     TEXT  NOT NULL, -- in the package, with slashes
    UNIQUE (package, path_key)
);

-- A file is a part of a blob: of the archive that it came in, or all of one.
CREATE TABLE package_file (
    id          BYTEA   PRIMARY KEY,
    package     BYTEA   NOT NULL REFERENCES package (id),
    path_key    TEXT    NOT NULL, -- path in lower case
    path        TEXT    NOT NULL, -- in the package, with slashes
    size        BIGINT  NOT NULL, -- bytes
    crc32       BIGINT  NOT NULL,
    md5         BYTEA   NOT NULL,
    sha1        BYTEA   NOT NULL,
    sha256      BYTEA   NOT NULL,
    created_ns  BIGINT  NOT NULL,
    modified_ns BIGINT  NOT NULL, -- of the file, as its archive tells
    attributes  TEXT    NOT NULL,
    blob        BIGINT  NOT NULL REFERENCES blob (id),
    position    BIGINT  NOT NULL, -- in the blob
    packed      BIGINT  NOT NULL, -- bytes there
    method      INTEGER NOT NULL, -- 0: as it is, 8: deflated
    UNIQUE (package, path_key)
);

CREATE TABLE package_download (
    id        INTEGER PRIMARY KEY,
    package   BYTEA   NOT NULL, -- which may be gone
    name      TEXT    NOT NULL,
    version   INTEGER NOT NULL,
    account   TEXT    NOT NULL, -- name in lower case
    user_name TEXT    NOT NULL,
    size      BIGINT  NOT NULL, -- bytes, as the client told
    at_ns     BIGINT  NOT NULL
);
CREATE INDEX package_download_by_account ON package_download (account, id);

-- Uploads that can be resumed. A done one is remembered for a while, so that a lost answer can be asked for again.
CREATE TABLE software_upload (
    id         BYTEA  PRIMARY KEY,
    account    TEXT   NOT NULL, -- who began it: name in lower case
    size       BIGINT NOT NULL, -- bytes in the end
    blob       BIGINT,          -- NULL once it is done
    package    BYTEA,           -- that it became
    touched_ns BIGINT NOT NULL
);
CREATE INDEX software_upload_by_time ON software_upload (touched_ns);
