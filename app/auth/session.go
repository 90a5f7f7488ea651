package auth

import (
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
// Of more than 10,000 sessions the one that was not used for longest ends.
func (a *Service) StartSession(id Identity) string {
	secret := newSecret()
	s := a.sessions
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.byHash) >= maxSessions {
		s.makeRoom()
	}
	s.byHash[sha256.Sum256([]byte(secret))] = session{id, s.now()}
	return secret
}

// Session returns the identity of a session secret, or [ErrDenied]. The identity is as it was when the session began.
func (a *Service) Session(secret string) (Identity, error) {
	key := sha256.Sum256([]byte(secret))
	s := a.sessions
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
func (a *Service) EndSession(secret string) {
	s := a.sessions
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
