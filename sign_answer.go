package wats

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// SignAnswers signs the answers to requests that ask for it, as those of a client with [WithVerifier] do: status, Content-Digest, and the request that is
// answered. Such an answer is held back until it is whole; one above 64 MiB becomes a failure of status 500. Other answers pass as they are.
//
// It stands before [VerifyRequests], so that refusals are signed too. Authority is that of [VerifyOptions]. The error is about keyID and key.
func SignAnswers(keyID string, key Key, authority string) (func(http.Handler) http.Handler, error) {
	s, err := newSigner(keyID, key)
	if err != nil {
		return nil, fmt.Errorf("SignAnswers: %w", err)
	}
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get(acceptHeader) == "" {
				next.ServeHTTP(w, r)
				return
			}
			request := serverMessage(r, authority) // as it came, whatever next does to it
			request.header = http.Header{signatureHeader: r.Header.Values(signatureHeader)}
			held := &heldAnswer{ResponseWriter: w}
			next.ServeHTTP(held, r)
			held.send(s, request)
		})
	}, nil
}

const maxHeld = 64 << 20

// heldAnswer keeps an answer.
type heldAnswer struct {
	http.ResponseWriter
	status int
	body   bytes.Buffer
	over   bool // more came than is held
}

var errHeld = errors.New("the answer is too large to be signed")

func (h *heldAnswer) WriteHeader(status int) {
	switch {
	case status < http.StatusOK: // an interim answer, which nobody signs
		h.ResponseWriter.WriteHeader(status)
	case h.status == 0:
		h.status = status
	}
}

func (h *heldAnswer) Write(p []byte) (int, error) {
	h.WriteHeader(http.StatusOK)
	if h.over = h.over || h.body.Len()+len(p) > maxHeld; h.over {
		return 0, errHeld
	}
	return h.body.Write(p)
}

// FlushError does nothing: that of the writer beneath would send the header before it is signed.
func (h *heldAnswer) FlushError() error { return nil }

// Unwrap is for http.ResponseController.
func (h *heldAnswer) Unwrap() http.ResponseWriter { return h.ResponseWriter }

func (h *heldAnswer) send(s *signer, request *message) {
	h.WriteHeader(http.StatusOK)
	if h.over {
		h.status, h.over = http.StatusInternalServerError, false
		h.body.Reset()
		clear(h.Header())
		answerMessage(h, h.status, errHeld)
	}
	sent := h.body.Bytes()
	if request.method == http.MethodHead || h.status == http.StatusNoContent || h.status == http.StatusNotModified {
		sent = nil // and so is what the client gets
	}
	sum := sha256.Sum256(sent)
	h.Header().Set(digestHeader, formatDigest(sum[:]))
	m := &message{status: h.status, header: h.Header(), request: request}
	if err := s.sign(m, answerItems(request), time.Now()); err != nil {
		answerMessage(h.ResponseWriter, http.StatusInternalServerError, err)
		return
	}
	h.ResponseWriter.WriteHeader(h.status)
	_, _ = h.ResponseWriter.Write(sent) // the client has gone
}
