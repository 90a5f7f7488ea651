package wats

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"
)

// An Option changes a default of [NewClient]. Of two that say the same thing the last one holds.
type Option func(*settings) error

type settings struct {
	token      Token       // when there is no source
	source     TokenSource // of tokens
	station    station
	timeout    time.Duration
	retry      RetryPolicy
	transport  http.RoundTripper // nil: our own, by connection
	connection connection
	plain      bool // bodies are never compressed
	signatures signatures
	userAgent  string
	log        *slog.Logger
}

func defaultSettings() settings {
	return settings{
		timeout:   30 * time.Second,
		retry:     RetryPolicy{}.withDefaults(),
		userAgent: "gowats-sdk",
		log:       slog.New(slog.DiscardHandler),
	}
}

// WithStation fills the station name, location and purpose of reports that leave them blank, when they are submitted.
// The name must not be blank; each has at most 100 characters. Default: none is filled.
func WithStation(name, location, purpose string) Option {
	return func(s *settings) error {
		if strings.TrimSpace(name) == "" {
			return errors.New("WithStation: the name is blank")
		}
		for _, text := range [...]string{name, location, purpose} {
			if n := utf8.RuneCountInString(text); n > maxStationText {
				return fmt.Errorf("WithStation: %.20q… has %d characters, the most is %d", text, n, maxStationText)
			}
		}
		s.station = station{name, location, purpose}
		return nil
	}
}

// WithTimeout limits each try of a request, from connecting to the last byte of the answer. Default 30 s.
// How long a call may take with all its tries is said by its context.
func WithTimeout(d time.Duration) Option {
	return func(s *settings) error {
		if d <= 0 {
			return fmt.Errorf("WithTimeout: %v is not above zero", d)
		}
		s.timeout = d
		return nil
	}
}

// WithRetry sets when and how often a request is repeated. Default: 3 attempts, see [RetryPolicy].
func WithRetry(policy RetryPolicy) Option {
	return func(s *settings) error {
		if err := policy.check(); err != nil {
			return err
		}
		s.retry = policy.withDefaults()
		return nil
	}
}

// WithTransport carries the requests by rt, those of bulk calls too: it should keep as many idle connections as these use. Default: a
// transport with HTTP/2, TLS 1.2 and above, the proxy of the environment (HTTPS_PROXY, HTTP_PROXY, NO_PROXY), and 64 idle connections kept.
// It excludes the options of that one: [WithCA], [WithClientCertificate], [WithPins], [WithMinTLS], [WithMaxConnections], [WithProxy] and [WithoutProxy].
func WithTransport(rt http.RoundTripper) Option {
	return func(s *settings) error {
		if rt == nil {
			return errors.New("WithTransport: the transport is nil")
		}
		s.transport = rt
		return nil
	}
}

// WithUserAgent sets the header User-Agent, such as "ict-runner/2.1". Default "gowats-sdk".
func WithUserAgent(product string) Option {
	return func(s *settings) error {
		if product == "" || !isVisible(strings.ReplaceAll(product, " ", "")) {
			return fmt.Errorf("WithUserAgent: %q is not one line of visible ASCII", product)
		}
		s.userAgent = product
		return nil
	}
}

// WithLogger logs repeated requests as warnings and every try at level debug. Default: silent.
func WithLogger(log *slog.Logger) Option {
	return func(s *settings) error {
		if log == nil {
			return errors.New("WithLogger: the logger is nil")
		}
		s.log = log
		return nil
	}
}
