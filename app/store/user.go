package store

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gowats/gowats/report"
)

// User is an account.
type User struct {
	ID           report.ID // given by the store
	Number       int       // from 1, given by the store: by it clients are told apart
	Name         string
	PasswordHash string // as package auth writes it; "" when the account has none
	Role         string // admin, write or read
	Disabled     bool   // neither password nor token is taken
	ExternalID   string // in the directory that provisions the account
	Attributes   string // what else that directory says, as JSON; "" for nothing
	CreatedAt    time.Time
	ModifiedAt   time.Time // zero: never
}

const userColumns = `a.id, a.number, a.name, a.password_hash, a.role, a.disabled, a.external_id, a.attributes, a.created_ns, a.modified_ns`

// userTarget receives a row of userColumns.
type userTarget struct {
	id                []byte
	disabled          int
	created, modified int64
}

func (t *userTarget) fields(u *User) []any {
	return []any{&t.id, &u.Number, &u.Name, &u.PasswordHash, &u.Role, &t.disabled, &u.ExternalID, &u.Attributes, &t.created, &t.modified}
}

func (t *userTarget) finish(u *User) {
	u.ID, u.Disabled, u.CreatedAt = idOf(t.id), t.disabled == 1, time.Unix(0, t.created).UTC()
	if t.modified != 0 {
		u.ModifiedAt = time.Unix(0, t.modified).UTC()
	}
}

// CreateUser stores u. It returns [ErrExists] when the name is taken, compared without regard to case.
func (s *Store) CreateUser(ctx context.Context, u User) error {
	u.ID = report.NewID()
	err := s.queue.do(ctx, 0, func(ctx context.Context, w *writer) error {
		added, err := w.exec(ctx, `INSERT INTO account (id, number, name_key, name, password_hash, role, disabled, external_id, attributes, created_ns)
			VALUES ($1, (SELECT COALESCE(max(number), 0) + 1 FROM account), $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (name_key) DO NOTHING`,
			u.ID[:], nameKey(u.Name), u.Name, u.PasswordHash, u.Role, flag(u.Disabled), u.ExternalID, u.Attributes, u.CreatedAt.UnixNano())
		switch {
		case err != nil:
			return err
		case added == 0:
			return ErrExists
		}
		return w.accountsChanged(ctx)
	})
	if err != nil {
		return fmt.Errorf("create user %q: %w", u.Name, err)
	}
	return nil
}

func nameKey(name string) string { return strings.ToLower(name) }

// User returns the account of that name, compared without regard to case, or [ErrNotFound].
func (s *Store) User(ctx context.Context, name string) (User, error) {
	u, err := s.user(ctx, `SELECT `+userColumns+` FROM account a WHERE a.name_key = $1`, nameKey(name))
	if err != nil {
		return User{}, fmt.Errorf("look up user %q: %w", name, err)
	}
	return u, nil
}

// UserByID returns the account of that ID, or an error that matches [ErrNotFound].
func (s *Store) UserByID(ctx context.Context, id report.ID) (User, error) {
	u, err := s.user(ctx, `SELECT `+userColumns+` FROM account a WHERE a.id = $1`, id[:])
	switch {
	case errors.Is(err, ErrNotFound):
		return User{}, missing("there is no user %s", id)
	case err != nil:
		return User{}, fmt.Errorf("look up user %s: %w", id, err)
	}
	return u, nil
}

func (s *Store) user(ctx context.Context, statement string, arg any) (u User, err error) {
	var t userTarget
	if err := s.reads.QueryRowContext(ctx, statement, arg).Scan(t.fields(&u)...); err != nil {
		return User{}, err
	}
	t.finish(&u)
	return u, nil
}

// UserFilter restricts a list of accounts to those that have exactly this. Names are compared without regard to case. The zero UserFilter is all.
type UserFilter struct {
	ID         report.ID
	Name       string
	ExternalID string
	Role       string
	Disabled   report.Optional[bool]
}

func (f UserFilter) where() (condition string, args []any) {
	condition = `1 = 1`
	add := func(column string, value any) {
		args = append(args, value)
		condition += fmt.Sprintf(` AND a.%s = $%d`, column, len(args))
	}
	if !f.ID.IsZero() {
		add("id", f.ID[:])
	}
	if f.Name != "" {
		add("name_key", nameKey(f.Name))
	}
	if f.ExternalID != "" {
		add("external_id", f.ExternalID)
	}
	if f.Role != "" {
		add("role", f.Role)
	}
	if f.Disabled.Present {
		add("disabled", flag(f.Disabled.Value))
	}
	return condition, args
}

// Users returns accounts by number: at most so many, after skipping some; and how many there are in all.
func (s *Store) Users(ctx context.Context, f UserFilter, skip, most int) (users []User, total int, err error) {
	where, args := f.where()
	if err := s.reads.QueryRowContext(ctx, `SELECT count(*) FROM account a WHERE `+where, args...).Scan(&total); err != nil {
		return nil, 0, fmt.Errorf("count users: %w", err)
	}
	n := len(args)
	rows, err := s.reads.QueryContext(ctx, `SELECT `+userColumns+` FROM account a WHERE `+where+
		fmt.Sprintf(` ORDER BY a.number LIMIT $%d OFFSET $%d`, n+1, n+2), append(args, most, skip)...)
	if err != nil {
		return nil, 0, fmt.Errorf("list users: %w", err)
	}
	users, err = collect(rows, func(u *User) error {
		var t userTarget
		err := rows.Scan(t.fields(u)...)
		t.finish(u)
		return err
	})
	if err != nil {
		return nil, 0, fmt.Errorf("list users: %w", err)
	}
	return users, total, nil
}

// ChangeUser changes an account by change, which gets it as it is stored; ID, number and times stay. Change may be called again, and its error ends it
// all; it must not wait. The last administrator who can sign in stays one: that would be [ErrConflict], as is a name that is taken. It returns the account
// before and after.
func (s *Store) ChangeUser(ctx context.Context, id report.ID, change func(*User) error) (old, u User, err error) {
	err = s.queue.do(ctx, 0, func(ctx context.Context, w *writer) error {
		if old, err = w.findUser(ctx, id); err != nil {
			return err
		}
		u = old
		if err := change(&u); err != nil {
			return err
		}
		u.ID, u.Number, u.CreatedAt, u.ModifiedAt = old.ID, old.Number, old.CreatedAt, s.now().UTC()
		if old.isAdmin() && !u.isAdmin() {
			if err := w.checkAdmins(ctx, old); err != nil {
				return err
			}
		}
		return w.updateUser(ctx, old, u)
	})
	if err != nil {
		return User{}, User{}, fmt.Errorf("change user %s: %w", id, err)
	}
	return old, u, nil
}

func (w *writer) findUser(ctx context.Context, id report.ID) (u User, err error) {
	var t userTarget
	found, err := w.get(ctx, t.fields(&u), `SELECT `+userColumns+` FROM account a WHERE a.id = $1`, id[:])
	if err == nil && !found {
		err = missing("there is no user %s", id)
	}
	t.finish(&u)
	return u, err
}

const adminRole = "admin"

func (u User) isAdmin() bool { return u.Role == adminRole && !u.Disabled }

// checkAdmins refuses to do without an administrator who is the last one.
func (w *writer) checkAdmins(ctx context.Context, u User) error {
	var others int
	_, err := w.get(ctx, []any{&others}, `SELECT count(*) FROM account WHERE role = 'admin' AND disabled = 0 AND id <> $1`, u.ID[:])
	if err == nil && others == 0 {
		err = conflict("%s is the last administrator who can sign in: make another one first", u.Name)
	}
	return err
}

func (w *writer) updateUser(ctx context.Context, old, u User) error {
	if nameKey(u.Name) == nameKey(old.Name) {
		if _, err := w.exec(ctx, `UPDATE account SET name = $1, password_hash = $2, role = $3, disabled = $4, external_id = $5, attributes = $6, modified_ns = $7
			WHERE id = $8`, u.Name, u.PasswordHash, u.Role, flag(u.Disabled), u.ExternalID, u.Attributes, u.ModifiedAt.UnixNano(), u.ID[:]); err != nil {
			return err
		}
		return w.accountsChanged(ctx)
	}
	var taken int
	if _, err := w.get(ctx, []any{&taken}, `SELECT count(*) FROM account WHERE name_key = $1`, nameKey(u.Name)); err != nil {
		return err
	}
	if taken > 0 {
		return conflict("there is a user %q already", u.Name)
	}
	// Tokens refer to the name, so that it cannot be changed where it is: the old row makes room for a new one.
	if _, err := w.exec(ctx, `UPDATE account SET id = NULL, number = NULL WHERE id = $1`, u.ID[:]); err != nil {
		return err
	}
	if _, err := w.exec(ctx, `INSERT INTO account (id, number, name_key, name, password_hash, role, disabled, external_id, attributes, created_ns, modified_ns)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`, u.ID[:], u.Number, nameKey(u.Name), u.Name, u.PasswordHash, u.Role, flag(u.Disabled),
		u.ExternalID, u.Attributes, u.CreatedAt.UnixNano(), u.ModifiedAt.UnixNano()); err != nil {
		return err
	}
	for _, statement := range [...]string{
		`UPDATE token SET account = $1 WHERE account = $2`, `UPDATE package_download SET account = $1 WHERE account = $2`,
		`UPDATE software_upload SET account = $1 WHERE account = $2`,
	} {
		if _, err := w.exec(ctx, statement, nameKey(u.Name), nameKey(old.Name)); err != nil {
			return err
		}
	}
	if _, err := w.exec(ctx, `DELETE FROM account WHERE name_key = $1`, nameKey(old.Name)); err != nil {
		return err
	}
	return w.accountsChanged(ctx)
}

// DeleteUser removes an account with its tokens, and returns it as it was. The last administrator who can sign in stays.
func (s *Store) DeleteUser(ctx context.Context, id report.ID) (u User, err error) {
	err = s.queue.do(ctx, 0, func(ctx context.Context, w *writer) error {
		if u, err = w.findUser(ctx, id); err != nil {
			return err
		}
		if u.isAdmin() {
			if err := w.checkAdmins(ctx, u); err != nil {
				return err
			}
		}
		if _, err := w.exec(ctx, `DELETE FROM token WHERE account = $1`, nameKey(u.Name)); err != nil {
			return err
		}
		if _, err := w.exec(ctx, `DELETE FROM account WHERE id = $1`, id[:]); err != nil {
			return err
		}
		return w.accountsChanged(ctx)
	})
	if err != nil {
		return User{}, fmt.Errorf("delete user %s: %w", id, err)
	}
	return u, nil
}

// accountsChanged lets all processes notice a change of accounts or tokens.
func (w *writer) accountsChanged(ctx context.Context) error {
	_, err := w.exec(ctx, `UPDATE account_change SET counter = counter + 1`)
	return err
}

// AccountChanges returns a number that is another one after each change of an account or a token, by whichever process.
func (s *Store) AccountChanges(ctx context.Context) (n int64, err error) {
	if err := s.reads.QueryRowContext(ctx, `SELECT counter FROM account_change`).Scan(&n); err != nil {
		return 0, fmt.Errorf("look for changes of accounts: %w", err)
	}
	return n, nil
}

// completeUsers gives ID and number to accounts of an older database.
func (s *Store) completeUsers(ctx context.Context) error {
	return s.queue.do(ctx, 0, func(ctx context.Context, w *writer) error {
		var keys []string
		var key string
		if err := w.each(ctx, `SELECT name_key FROM account WHERE id IS NULL ORDER BY created_ns, name_key`, nil, []any{&key}, func() { keys = append(keys, key) }); err != nil {
			return err
		}
		for _, key := range keys {
			id := report.NewID()
			if _, err := w.exec(ctx, `UPDATE account SET id = $1, number = (SELECT COALESCE(max(number), 0) + 1 FROM account) WHERE name_key = $2`, id[:], key); err != nil {
				return err
			}
		}
		return nil
	})
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
	Scope     string // "": all that the user may
	CreatedAt time.Time
	ExpiresAt time.Time // zero: never
}

// ID names a token without telling its secret.
func (t Token) ID() string { return hex.EncodeToString(t.Hash[:8]) }

// CreateToken stores t. It returns [ErrNotFound] when there is no such user, [ErrExists] when the hash is there already.
func (s *Store) CreateToken(ctx context.Context, t Token) error {
	var expires int64
	if !t.ExpiresAt.IsZero() {
		expires = t.ExpiresAt.UnixNano()
	}
	err := s.queue.do(ctx, 0, func(ctx context.Context, w *writer) error {
		var key string
		found, err := w.get(ctx, []any{&key}, `SELECT name_key FROM account WHERE name_key = $1`, nameKey(t.User))
		if err == nil && !found {
			err = ErrNotFound
		}
		if err != nil {
			return err
		}
		added, err := w.exec(ctx, `INSERT INTO token (hash, account, name, created_ns, expires_ns, scope) VALUES ($1, $2, $3, $4, $5, $6)
			ON CONFLICT (hash) DO NOTHING`, t.Hash[:], key, t.Name, t.CreatedAt.UnixNano(), expires, t.Scope)
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

const tokenColumns = `t.hash, t.name, t.scope, t.created_ns, t.expires_ns`

// tokenTarget receives a row of tokenColumns.
type tokenTarget struct {
	hash             []byte
	created, expires int64
}

func (t *tokenTarget) fields(token *Token) []any {
	return []any{&t.hash, &token.Name, &token.Scope, &t.created, &t.expires}
}

func (t *tokenTarget) finish(token *Token) {
	copy(token.Hash[:], t.hash)
	token.CreatedAt = time.Unix(0, t.created).UTC()
	if t.expires != 0 {
		token.ExpiresAt = time.Unix(0, t.expires).UTC()
	}
}

// UserByToken returns the token with that hash and its owner, or [ErrNotFound].
func (s *Store) UserByToken(ctx context.Context, hash [32]byte) (u User, token Token, err error) {
	var ut userTarget
	var tt tokenTarget
	err = s.reads.QueryRowContext(ctx, `SELECT `+userColumns+`, `+tokenColumns+` FROM token t JOIN account a ON a.name_key = t.account
		WHERE t.hash = $1`, hash[:]).Scan(append(ut.fields(&u), tt.fields(&token)...)...)
	if err != nil {
		return User{}, Token{}, fmt.Errorf("look up token: %w", err)
	}
	ut.finish(&u)
	tt.finish(&token)
	token.User = u.Name
	return u, token, nil
}

// Tokens returns the tokens of a user, oldest first; of all users for "".
func (s *Store) Tokens(ctx context.Context, user string) ([]Token, error) {
	rows, err := s.reads.QueryContext(ctx, `SELECT a.name, `+tokenColumns+` FROM token t JOIN account a ON a.name_key = t.account
		WHERE (a.name_key = $1 OR $1 = '') ORDER BY t.created_ns, t.hash`, nameKey(user))
	if err != nil {
		return nil, fmt.Errorf("list tokens: %w", err)
	}
	all, err := collect(rows, func(token *Token) error {
		var t tokenTarget
		err := rows.Scan(append([]any{&token.User}, t.fields(token)...)...)
		t.finish(token)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list tokens: %w", err)
	}
	return all, nil
}

// DeleteToken withdraws the token of that ID; a user's own, or anybody's for "".
func (s *Store) DeleteToken(ctx context.Context, id, user string) error {
	all, err := s.Tokens(ctx, user)
	if err != nil {
		return err
	}
	at := slices.IndexFunc(all, func(t Token) bool { return t.ID() == id })
	if at < 0 {
		return missing("there is no token %.40q", id)
	}
	err = s.queue.do(ctx, 0, func(ctx context.Context, w *writer) error {
		if _, err := w.exec(ctx, `DELETE FROM token WHERE hash = $1`, all[at].Hash[:]); err != nil {
			return err
		}
		return w.accountsChanged(ctx)
	})
	if err != nil {
		return fmt.Errorf("withdraw token %s: %w", id, err)
	}
	return nil
}
