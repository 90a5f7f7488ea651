-- One row: the process that wrote last. What another one has in memory of the database may then be old.

-- +goose Up
CREATE TABLE last_writer (
    writer TEXT NOT NULL
);
INSERT INTO last_writer (writer) VALUES ('');
