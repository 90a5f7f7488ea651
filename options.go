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
	spool      spooling
	timeout    time.Duration
	retry      RetryPolicy
	transport  http.RoundTripper // nil: our own, by connection
	connection connection
	turns      chan struct{} // see exchanger
	plain      bool          // bodies are never compressed
	signatures signatures
	userAgent  string
	log        *slog.Logger
	metrics    Metrics
	breaker    BreakerPolicy
	noBreaker  bool
	limit      RateLimit // zero: none
	limitSet   bool
	cache      Cache // nil: one of the client's own
	ttls       map[Domain]time.Duration
	onUpdate   []func(Domain)
	snapshots  *snapshots
	errorMode  ErrorMode
}

// limitFree returns what ends the default limit: a gowats server has none to keep.
func (s *settings) limitFree(server *peer) func() bool {
	if s.limitSet {
		return nil
	}
	return server.gowats.Load
}

// breakerPolicy returns nil when there is to be no breaker.
func (s *settings) breakerPolicy() *BreakerPolicy {
	if s.noBreaker {
		return nil
	}
	p := s.breaker.withDefaults(s.retry.MaxAttempts)
	return &p
}

func defaultSettings() settings {
	return settings{
		timeout:   30 * time.Second,
		retry:     RetryPolicy{}.withDefaults(),
		userAgent: "gowats-sdk",
		log:       slog.New(slog.DiscardHandler),
		limit:     RateLimit{PerMinute: 500}.withDefaults(),
		ttls:      map[Domain]time.Duration{DomainReference: referenceTTL},
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
//
// For files, which are sent or received as a stream, it limits the time in which not a byte moves. After the last byte of a file that was sent the
// server has a second more for each 8 MiB, since it looks into the file before it answers.
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
// transport with HTTP/2, TLS 1.2 and above, the proxy of the environment (HTTPS_PROXY, HTTP_PROXY, NO_PROXY), and 128 connections.
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

// WithMetrics tells m what happens to every call. Default: nobody is told; [Client.Stats] counts anyway.
func WithMetrics(m Metrics) Option {
	return func(s *settings) error {
		if m == nil {
			return errors.New("WithMetrics: the metrics are nil")
		}
		s.metrics = m
		return nil
	}
}

// WithBreaker sets when requests are no longer sent because the server is down. Default: see [BreakerPolicy].
func WithBreaker(policy BreakerPolicy) Option {
	return func(s *settings) error {
		if err := policy.check(); err != nil {
			return err
		}
		s.breaker, s.noBreaker = policy, false
		return nil
	}
}

// WithoutBreaker sends every request, however many failed before.
func WithoutBreaker() Option {
	return func(s *settings) error {
		s.noBreaker = true
		return nil
	}
}

// WithRateLimit holds every server to limit. Default: 500 a minute, 50 at once, until the server turns out to be a gowats server (by its header
// Gowats-Server), which needs none.
//
// Each attempt counts, for each client by itself. A request waits for its turn, or fails at once with [ErrRateLimited] when the deadline of its context comes before that.
// Submits of reports keep a fifth of the burst to themselves. An answer 429 stops all requests for the time in its header Retry-After, or else
// halves the rate, which then recovers in steps.
func WithRateLimit(limit RateLimit) Option {
	return func(s *settings) error {
		if err := limit.check(); err != nil {
			return err
		}
		s.limit, s.limitSet = limit.withDefaults(), true
		return nil
	}
}

// WithoutRateLimit sends requests as they come. The time in Retry-After of an answer 429 is still waited for.
func WithoutRateLimit() Option {
	return func(s *settings) error {
		s.limit, s.limitSet = RateLimit{}, true
		return nil
	}
}

// WithCache keeps answers in cache, which clients may share. Default: a [MemoryCache] of the client's own. What is kept, and how long, says [WithCacheTTL].
//
// Answers are kept apart by server, credential and query. Clients that differ in their certificates only must not share a cache.
func WithCache(cache Cache) Option {
	return func(s *settings) error {
		if cache == nil {
			return errors.New("WithCache: the cache is nil")
		}
		s.cache = cache
		return nil
	}
}

// WithCacheTTL keeps answers about domain for ttl; 0: not at all. Default: reference data for an hour, all else not at all.
//
// That the server knows of nothing is kept for at most 10 s. A write of this client, or of another one by the same cache, makes what was kept of its
// domain old at once; what others write is seen after ttl. Never kept are versions, states, checks and serial numbers, and answers above 4 MiB.
func WithCacheTTL(domain Domain, ttl time.Duration) Option {
	return func(s *settings) error {
		const longest = 30 * 24 * time.Hour
		switch {
		case !domain.isKnown():
			return fmt.Errorf("WithCacheTTL: there is no domain %q", domain)
		case ttl < 0, ttl > longest:
			return fmt.Errorf("WithCacheTTL: %v is not in 0–%v", ttl, longest)
		}
		s.ttls[domain] = ttl
		return nil
	}
}

// WithCachedDomains keeps answers about domains for the time that suits them as a rule: product 24 h, process, software and manual inspection 1 h, asset
// 5 min. Of the others [WithCacheTTL] has to say a time. Default: none.
func WithCachedDomains(domains ...Domain) Option {
	return func(s *settings) error {
		for _, d := range domains {
			ttl := usualTTL(d)
			if ttl == 0 {
				return fmt.Errorf("WithCachedDomains: there is no usual time for %q: say one by WithCacheTTL", d)
			}
			s.ttls[d] = ttl
		}
		return nil
	}
}

// WithOnUpdate has hook called after every call of this client that changed something in a domain, in the goroutine of the call, from several at
// once. It can be given several times. Default: none.
func WithOnUpdate(hook func(Domain)) Option {
	return func(s *settings) error {
		if hook == nil {
			return errors.New("WithOnUpdate: the hook is nil")
		}
		s.onUpdate = append(s.onUpdate, hook)
		return nil
	}
}

// WithSnapshot keeps the last answers about reference data in files in dir, which is made when it is not there. While the server cannot be asked,
// calls such as [ProcessService.List] are answered from there, with a warning to the logger and a count in [Stats]. Default: none.
//
// The files hold what the server said, readable by this user only, and no credential.
func WithSnapshot(dir string) Option {
	return func(s *settings) error {
		if dir == "" {
			return errors.New("WithSnapshot: the folder is not named")
		}
		s.snapshots = &snapshots{dir}
		return nil
	}
}

// WithErrorMode says how a single thing that is not there is told. Default: [Strict].
func WithErrorMode(mode ErrorMode) Option {
	return func(s *settings) error {
		if mode > Lenient {
			return fmt.Errorf("WithErrorMode: there is no mode %d", mode)
		}
		s.errorMode = mode
		return nil
	}
}
