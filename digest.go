package wats

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"hash"
	"io"
	"net/http"
)

// digestHeader tells the SHA-256 of a body as it is on the wire, compressed if it is (RFC 9530).
const digestHeader = "Content-Digest"

const digestName = "sha-256"

func formatDigest(sum []byte) string {
	return field{name: digestName, item: item{bare: bare{kind: fieldBytes, text: string(sum)}}}.String()
}

// parseDigest returns the SHA-256 that the header of a message tells.
func parseDigest(h http.Header) ([]byte, error) {
	members, err := parseFields(h.Values(digestHeader))
	if err != nil {
		return nil, failf(http.StatusBadRequest, "Content-Digest %w", err)
	}
	for _, m := range members {
		if m.name == digestName && !m.isList && m.kind == fieldBytes && len(m.text) == sha256.Size {
			return []byte(m.text), nil
		}
	}
	return nil, failf(http.StatusBadRequest, "Content-Digest with a sha-256 is missing")
}

// checkDigest compares the body's digest with what was told.
func checkDigest(sum, told []byte) error {
	if subtle.ConstantTimeCompare(sum, told) != 1 {
		return failf(http.StatusBadRequest, "the body does not match its Content-Digest")
	}
	return nil
}

// digestReader passes a body on. In place of io.EOF it gives an error if the body was not the one of the digest.
type digestReader struct {
	io.Closer
	src  io.Reader
	sum  hash.Hash
	told []byte
}

func (d *digestReader) Read(p []byte) (int, error) {
	n, err := d.src.Read(p)
	_, _ = d.sum.Write(p[:n]) // a hash never fails
	if errors.Is(err, io.EOF) {
		if wrong := checkDigest(d.sum.Sum(nil), d.told); wrong != nil {
			err = wrong
		}
	}
	return n, err
}
