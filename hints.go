package wats

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"syscall"
	"time"

	"github.com/gowats/gowats/report"
)

// The catalogue of hints: what a person can do about a failure, each a clause that stands after a colon or alone.
const (
	hintNotWATS     = "check that the address is that of a WATS server, not of a proxy or a sign-in page"
	hintRedirect    = "the server redirects to %s: if that is right, use it as the address"
	hintToken       = "check that the token is right and still valid"
	hintPermission  = "the user of this token lacks the permission: ask the administrator of the server"
	hintSize        = "leave out or shrink attachments and charts"
	hintRate        = "try again later, and send less at a time"
	hintRateAfter   = "try again in %v"
	hintServer      = "the fault is at the server: try again later, then ask its administrator"
	hintUnsupported = "this server does not offer the operation: check its version"
	hintExtension   = "only gowats servers offer it"
	hintReport      = "correct what is named, then submit again: the same report would be refused again"
	hintConflict    = "somebody else changed it meanwhile: read it again, then repeat the change"

	hintSlow      = "the network or the server is slow: try again later, or allow more time"
	hintPlainHTTP = "the server speaks http there: use http:// in its address, or its https port"
	hintTrust     = "no trusted connection: check the server's certificate and this machine's clock and root certificates"
	hintPin       = "compare the pins with the server's certificate; somebody may stand between, or its key was changed"
	hintSignature = "check that the address is that of the server itself, its key, and both clocks"
	hintHostName  = "the host name is not known here: check the address and the network's name server"
	hintListen    = "nothing listens there: check that the server runs, and the port"
	hintNetwork   = "check that the server runs and that the network reaches it"

	hintBreaker      = "it is tried again by itself"
	hintBreakerAfter = "it is tried again in %v"
	hintQueued       = "it is sent by itself when the server can be reached"
	hintPath         = "check that the folder is there and that this user may read and write it"
)

// Hint says what a person can do about err, as a clause; "" when the text of err has to do. It knows the errors of this package wherever they are in
// the chain of err, violations of a report, and files that are missing or not permitted.
func Hint(err error) string {
	if e, ok := errors.AsType[interface {
		error
		Hint() string
	}](err); ok {
		return e.Hint()
	}
	if _, ok := errors.AsType[*report.InvalidError](err); ok {
		return hintReport
	}
	switch {
	case errors.Is(err, ErrRateLimited):
		return hintRate
	case errors.Is(err, ErrTooLarge):
		return hintSize
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, fs.ErrPermission):
		return hintPath
	}
	return ""
}

// IsTemporary reports whether the call that failed with err may succeed later without anyone doing anything about it: the server is down, overloaded
// or cannot be reached. What the caller ended, and what the server refused, is not temporary.
func IsTemporary(err error) bool {
	if isTemporary(err) {
		return true
	}
	if _, answered := errors.AsType[*APIError](err); answered {
		return false
	}
	return errors.Is(err, ErrCircuitOpen) || errors.Is(err, ErrRateLimited)
}

// Hint says what to do about e, as a clause for a person; "" when Message has to do.
func (e *APIError) Hint() string {
	switch {
	case e.kind == ErrUnsupported: //nolint:errorlint // kind is one of the values themselves
		return hintExtension
	case e.kind != nil, e.cause != nil && !e.notJSON:
		return ""
	case e.notJSON:
		return hintNotWATS
	case e.location != "":
		return fmt.Sprintf(hintRedirect, e.location)
	}
	switch e.sentinel() {
	case ErrUnauthorized: //nolint:errorlint // sentinel returns the values themselves
		return hintToken
	case ErrForbidden:
		return hintPermission
	case ErrConflict:
		if e.Message != "" {
			return "" // it says who or what is in the way
		}
		return hintConflict
	case ErrTooLarge:
		return hintSize
	case ErrRateLimited:
		if e.RetryAfter > 0 {
			return fmt.Sprintf(hintRateAfter, e.RetryAfter.Round(time.Second))
		}
		return hintRate
	case ErrServer:
		return hintServer
	case ErrUnsupported:
		return hintUnsupported
	}
	return ""
}

// Hint says what to do about e, as a clause for a person; "" when the caller ended the call.
func (e *TransportError) Hint() string {
	_, tryEnded := errors.AsType[*attemptTimeout](e.Err)
	dns, isDNS := errors.AsType[*net.DNSError](e.Err)
	switch {
	case tryEnded:
		return hintSlow
	case e.endedByCaller():
		return ""
	case errors.Is(e.Err, http.ErrSchemeMismatch):
		return hintPlainHTTP
	case errors.Is(e.Err, errPin):
		return hintPin
	case e.isUnsigned():
		return hintSignature
	case e.isTLS():
		return hintTrust
	case isDNS && dns.IsNotFound:
		return hintHostName
	case errors.Is(e.Err, syscall.ECONNREFUSED), errors.Is(e.Err, wsaConnRefused):
		return hintListen
	}
	return hintNetwork
}

// wsaConnRefused is ECONNREFUSED on Windows, whose constant of that name is another. No other system has the number.
const wsaConnRefused = syscall.Errno(10061)

// Hint says when the server is asked again, as a clause for a person.
func (e *CircuitOpenError) Hint() string {
	if e.RetryAfter > 0 {
		return fmt.Sprintf(hintBreakerAfter, e.RetryAfter.Round(time.Second))
	}
	return hintBreaker
}

// isTLS reports whether the two sides cannot agree on a protected connection, which no repetition mends.
func (e *TransportError) isTLS() bool {
	_, noTLS := errors.AsType[tls.RecordHeaderError](e.Err)
	op, isOp := errors.AsType[*net.OpError](e.Err)
	refused := isOp && op.Op == "remote error" // a TLS alert of the other side
	return e.isUntrusted() || noTLS || refused || errors.Is(e.Err, http.ErrSchemeMismatch)
}

// isUntrusted reports whether the other side is not the right one, or cannot show it.
func (e *TransportError) isUntrusted() bool {
	_, untrusted := errors.AsType[*tls.CertificateVerificationError](e.Err)
	return untrusted || errors.Is(e.Err, errPin) || e.isUnsigned()
}

// isUnsigned reports whether an answer came whose signature is not good.
func (e *TransportError) isUnsigned() bool {
	_, unsigned := errors.AsType[*signatureError](e.Err)
	return unsigned
}

// endedByCaller reports whether the context of the call ended.
func (e *TransportError) endedByCaller() bool {
	return errors.Is(e.Err, context.Canceled) || errors.Is(e.Err, context.DeadlineExceeded)
}
