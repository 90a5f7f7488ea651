package auth

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"sync"
	"time"
)

const (
	rememberFor   = 5 * time.Minute
	maxRemembered = 4096 // credentials
)

// memory holds credentials that were found right, by a keyed hash: neither a secret nor anything to try guesses on
// outside this process can be read from it.
type memory struct {
	secret []byte // of this process
	now    func() time.Time

	mu      sync.Mutex
	entries map[memoryKey]memoryEntry
	cleared uint64 // how often
}

type memoryKey [sha256.Size]byte

type memoryEntry struct {
	id    Identity
	until time.Time
}

func newMemory(now func() time.Time) *memory {
	return &memory{secret: randomBytes(sha256.Size), now: now, entries: map[memoryKey]memoryEntry{}}
}

// key returns the keyed hash of a credential. Each part is preceded by its length, so that no two credentials run together.
func (m *memory) key(kind, name, secret string) (key memoryKey) {
	var message []byte
	for _, part := range [...]string{kind, name, secret} {
		message = binary.BigEndian.AppendUint64(message, uint64(len(part)))
		message = append(message, part...)
	}
	h := hmac.New(sha256.New, m.secret)
	h.Write(message)
	h.Sum(key[:0])
	return key
}

func (m *memory) get(key memoryKey) (Identity, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	e, ok := m.entries[key]
	if !ok || !m.now().Before(e.until) {
		return Identity{}, false
	}
	return e.id, true
}

// generation is another number after each clear.
func (m *memory) generation() uint64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.cleared
}

// put remembers a credential that was found right in a generation, unless that has passed, at most until expires (zero: does not expire).
func (m *memory) put(key memoryKey, id Identity, generation uint64, expires time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.cleared != generation {
		return
	}
	if len(m.entries) >= maxRemembered {
		m.makeRoom()
	}
	until := m.now().Add(rememberFor)
	if !expires.IsZero() && expires.Before(until) {
		until = expires
	}
	m.entries[key] = memoryEntry{id, until}
}

// clear forgets all.
func (m *memory) clear() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.cleared++
	clear(m.entries)
}

// makeRoom forgets what has expired; if nothing has, any one entry: its owner pays for one more check.
func (m *memory) makeRoom() {
	now := m.now()
	for key, e := range m.entries {
		if !now.Before(e.until) {
			delete(m.entries, key)
		}
	}
	for key := range m.entries {
		if len(m.entries) < maxRemembered {
			return
		}
		delete(m.entries, key)
	}
}
