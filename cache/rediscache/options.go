package rediscache

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/redis/rueidis"
)

// An Option changes a default of [New]. Of two that say the same thing the last one holds.
type Option func(*settings) error

type settings struct {
	redis  rueidis.ClientOption
	prefix string
}

const (
	defaultTimeout = 500 * time.Millisecond
	defaultMemory  = 32 << 20
	pingEvery      = time.Second // on an idle connection, so that a dead one is noticed
)

func defaultSettings(address string) settings {
	return settings{prefix: "gowats:", redis: rueidis.ClientOption{
		InitAddress:       []string{address},
		ForceSingleClient: true, // else there is no client before there is a server
		PipelineMultiplex: -1,   // one connection, hence one bound of memory
		DisableRetry:      true,
		CacheSizeEachConn: defaultMemory,
		Dialer:            net.Dialer{Timeout: defaultTimeout, KeepAlive: pingEvery},
		ConnWriteTimeout:  defaultTimeout,
		ClientName:        "gowats",
	}}
}

// WithPassword signs in, with the user "" as Redis's default one. Default: no sign-in.
func WithPassword(user, password string) Option {
	return func(s *settings) error {
		if password == "" {
			return errors.New("WithPassword: the password is empty")
		}
		s.redis.Username = user
		s.redis.Password = password
		return nil
	}
}

// WithTLS protects the connection. The zero configuration trusts the certificates the system trusts. Default: plain.
func WithTLS(config *tls.Config) Option {
	return func(s *settings) error {
		if config == nil {
			return errors.New("WithTLS: the configuration is nil")
		}
		s.redis.TLSConfig = config
		return nil
	}
}

// WithDatabase takes another of the server's databases. Default 0.
func WithDatabase(number int) Option {
	return func(s *settings) error {
		if number < 0 {
			return fmt.Errorf("WithDatabase: %d is below zero", number)
		}
		s.redis.SelectDB = number
		return nil
	}
}

// WithPrefix begins all keys in Redis with prefix, to keep them from those of other programs. Default "gowats:".
func WithPrefix(prefix string) Option {
	return func(s *settings) error {
		if prefix == "" {
			return errors.New("WithPrefix: the prefix is empty")
		}
		s.prefix = prefix
		return nil
	}
}

// WithTimeout limits how long connecting, and how long an answer may take. Default 500 ms.
func WithTimeout(d time.Duration) Option {
	return func(s *settings) error {
		if d <= 0 {
			return fmt.Errorf("WithTimeout: %v is not above zero", d)
		}
		s.redis.Dialer.Timeout = d
		s.redis.ConnWriteTimeout = d
		return nil
	}
}

// WithLocalMemory sets how many bytes of copies are held in memory; the least used go first. Default 32 MiB. With 0 there are no copies: every call asks
// Redis, and an invalidation holds for this process at the moment it returns in another.
func WithLocalMemory(bytes int) Option {
	return func(s *settings) error {
		if bytes < 0 {
			return fmt.Errorf("WithLocalMemory: %d is below zero", bytes)
		}
		s.redis.CacheSizeEachConn = bytes
		s.redis.DisableCache = bytes == 0
		return nil
	}
}
