package auth

import (
	"context"
	"crypto/sha256"
	"sync"
	"time"
)

const (
	sessionIdle = 12 * time.Hour // without use
	maxSessions = 10_000
)

// sessions holds the browser sessions of this process, by the hash of their secret.
type sessions struct {
	now func() time.Time

	mu     sync.Mutex
	byHash map[[sha256.Size]byte]session
}

type session struct {
	id      Identity
	lastUse time.Time
}

func newSessions(now func() time.Time) *sessions {
	return &sessions{now: now, byHash: map[[sha256.Size]byte]session{}}
}

// StartSession returns the secret of a new browser session of id; it ends after 12 hours without use, and with the process.
// Of more than 10,000 sessions the one that was not used for longest ends. It returns [ErrDenied] when the account was disabled or removed since id was
// found out.
func (a *Service) StartSession(ctx context.Context, id Identity) (string, error) {
	secret := a.sessions.add(id)
	// After it is there: who changes the account later finds it.
	_, may, err := a.current(ctx, id.User)
	if err == nil && !may {
		err = ErrDenied
	}
	if err != nil {
		a.sessions.end(secret)
		return "", err
	}
	return secret, nil
}

func (s *sessions) add(id Identity) (secret string) {
	secret = newSecret()
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.byHash) >= maxSessions {
		s.makeRoom()
	}
	s.byHash[sha256.Sum256([]byte(secret))] = session{id, s.now()}
	return secret
}

// Session returns the identity of a session secret, or [ErrDenied], or the store's error. A session ends when its account is disabled or removed, and
// has the role that the account has now.
func (a *Service) Session(ctx context.Context, secret string) (Identity, error) {
	if err := a.notice(ctx, false); err != nil {
		return Identity{}, err
	}
	return a.sessions.find(secret)
}

func (s *sessions) find(secret string) (Identity, error) {
	key := sha256.Sum256([]byte(secret))
	s.mu.Lock()
	defer s.mu.Unlock()
	found, ok := s.byHash[key]
	if !ok {
		return Identity{}, ErrDenied
	}
	now := s.now()
	if now.Sub(found.lastUse) >= sessionIdle {
		delete(s.byHash, key)
		return Identity{}, ErrDenied
	}
	found.lastUse = now
	s.byHash[key] = found
	return found.id, nil
}

// EndSession forgets a session. It may be called twice.
func (a *Service) EndSession(secret string) { a.sessions.end(secret) }

func (s *sessions) end(secret string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.byHash, sha256.Sum256([]byte(secret)))
}

// makeRoom ends all sessions that are out of time, or else the one that was not used for longest.
func (s *sessions) makeRoom() {
	now := s.now()
	var oldest [sha256.Size]byte
	var oldestUse time.Time
	for key, candidate := range s.byHash {
		if now.Sub(candidate.lastUse) >= sessionIdle {
			delete(s.byHash, key)
		} else if oldestUse.IsZero() || candidate.lastUse.Before(oldestUse) {
			oldest, oldestUse = key, candidate.lastUse
		}
	}
	if len(s.byHash) >= maxSessions {
		delete(s.byHash, oldest)
	}
}

// recheck holds the sessions to what lookup says of their users now: false ends them.
func (s *sessions) recheck(lookup func(user string) (Identity, bool, error)) error {
	s.mu.Lock()
	users := map[string]bool{}
	for _, open := range s.byHash {
		users[open.id.User] = true
	}
	s.mu.Unlock()
	for user := range users {
		id, may, err := lookup(user)
		if err != nil {
			return err
		}
		s.mu.Lock()
		for key, open := range s.byHash {
			switch {
			case open.id.User != user:
			case may:
				open.id = id
				s.byHash[key] = open
			default:
				delete(s.byHash, key)
			}
		}
		s.mu.Unlock()
	}
	return nil
}

// rename lets the sessions of a user go on under another name.
func (s *sessions) rename(user, to string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for key, open := range s.byHash {
		if open.id.User == user {
			open.id.User = to
			s.byHash[key] = open
		}
	}
}
