package store

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// User is an account.
type User struct {
	Name         string
	PasswordHash string // as package auth writes it; "" when the account has none
	Role         string // admin, write or read
	CreatedAt    time.Time
}

// CreateUser stores u. It returns [ErrExists] when the name is taken, compared without regard to case.
func (s *Store) CreateUser(ctx context.Context, u User) error {
	err := s.queue.do(ctx, 0, func(ctx context.Context, w *writer) error {
		added, err := w.exec(ctx, `INSERT INTO account (name_key, name, password_hash, role, created_ns) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (name_key) DO NOTHING`, nameKey(u.Name), u.Name, u.PasswordHash, u.Role, u.CreatedAt.UnixNano())
		if err == nil && added == 0 {
			err = ErrExists
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("create user %q: %w", u.Name, err)
	}
	return nil
}

func nameKey(name string) string { return strings.ToLower(name) }

// User returns the account of that name, compared without regard to case, or [ErrNotFound].
func (s *Store) User(ctx context.Context, name string) (User, error) {
	u, err := s.user(ctx, `SELECT name, password_hash, role, created_ns FROM account WHERE name_key = $1`, nameKey(name))
	if err != nil {
		return User{}, fmt.Errorf("look up user %q: %w", name, err)
	}
	return u, nil
}

func (s *Store) user(ctx context.Context, statement string, arg any) (u User, err error) {
	var created int64
	err = s.reads.QueryRowContext(ctx, statement, arg).Scan(&u.Name, &u.PasswordHash, &u.Role, &created)
	if err != nil {
		return User{}, err
	}
	u.CreatedAt = time.Unix(0, created).UTC()
	return u, nil
}

// CountUsers returns how many accounts there are.
func (s *Store) CountUsers(ctx context.Context) (n int, err error) {
	if err := s.reads.QueryRowContext(ctx, `SELECT count(*) FROM account`).Scan(&n); err != nil {
		return 0, fmt.Errorf("count users: %w", err)
	}
	return n, nil
}

// Token is an API token. Its secret is never stored, only the hash.
type Token struct {
	Hash      [32]byte // SHA-256 of the secret
	User      string
	Name      string // what it is for
	CreatedAt time.Time
}

// CreateToken stores t. It returns [ErrNotFound] when there is no such user, [ErrExists] when the hash is there already.
func (s *Store) CreateToken(ctx context.Context, t Token) error {
	err := s.queue.do(ctx, 0, func(ctx context.Context, w *writer) error {
		var key string
		found, err := w.get(ctx, []any{&key}, `SELECT name_key FROM account WHERE name_key = $1`, nameKey(t.User))
		if err == nil && !found {
			err = ErrNotFound
		}
		if err != nil {
			return err
		}
		added, err := w.exec(ctx, `INSERT INTO token (hash, account, name, created_ns) VALUES ($1, $2, $3, $4) ON CONFLICT (hash) DO NOTHING`,
			t.Hash[:], key, t.Name, t.CreatedAt.UnixNano())
		if err == nil && added == 0 {
			err = ErrExists
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("create token %q of user %q: %w", t.Name, t.User, err)
	}
	return nil
}

// UserByToken returns the owner of the token with that hash, or [ErrNotFound].
func (s *Store) UserByToken(ctx context.Context, hash [32]byte) (User, error) {
	u, err := s.user(ctx, `SELECT a.name, a.password_hash, a.role, a.created_ns FROM token t JOIN account a ON a.name_key = t.account
		WHERE t.hash = $1`, hash[:])
	if err != nil {
		return User{}, fmt.Errorf("look up token: %w", err)
	}
	return u, nil
}
