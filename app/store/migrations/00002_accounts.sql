-- +goose Up
CREATE TABLE account (
    name_key      TEXT   PRIMARY KEY, -- name in lower case
    name          TEXT   NOT NULL,
    password_hash TEXT   NOT NULL,
    role          TEXT   NOT NULL,
    created_ns    BIGINT NOT NULL
);

CREATE TABLE token (
    hash       BYTEA  PRIMARY KEY, -- SHA-256 of the secret
    account    TEXT   NOT NULL REFERENCES account (name_key),
    name       TEXT   NOT NULL,
    created_ns BIGINT NOT NULL
);
