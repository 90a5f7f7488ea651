package wats

import (
	"context"
	"sync"
)

// flights lets equal calls that are under way at the same time share one request.
type flights struct {
	mu    sync.Mutex
	byKey map[string]*flight
}

type flight struct {
	cancel  context.CancelFunc
	waiting int
	done    chan struct{} // closed when ans and err are there
	ans     *answer
	err     error
}

// do returns what fetch returns, which runs once for all who ask for the same key meanwhile. The context of fetch holds the values of the first
// caller's. It ends when all who wait have left; one who leaves does not disturb the others. The answer belongs to several.
func (f *flights) do(ctx context.Context, key string, fetch func(context.Context) (*answer, error)) (ans *answer, shared bool, err error) {
	f.mu.Lock()
	one, shared := f.byKey[key]
	if !shared {
		one = f.start(ctx, key, fetch)
	}
	one.waiting++
	f.mu.Unlock()
	select {
	case <-one.done:
		return one.ans, shared, one.err
	case <-ctx.Done():
		f.leave(key, one)
		return nil, shared, ctx.Err()
	}
}

// start begins a flight. The goroutine ends with fetch.
func (f *flights) start(ctx context.Context, key string, fetch func(context.Context) (*answer, error)) *flight {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	one := &flight{cancel: cancel, done: make(chan struct{})}
	if f.byKey == nil {
		f.byKey = map[string]*flight{}
	}
	f.byKey[key] = one
	go func() {
		defer cancel()
		one.ans, one.err = fetch(ctx)
		f.mu.Lock()
		f.forget(key, one)
		f.mu.Unlock()
		close(one.done)
	}()
	return one
}

// leave ends the flight with the last one who waits for it.
func (f *flights) leave(key string, one *flight) {
	f.mu.Lock()
	defer f.mu.Unlock()
	one.waiting--
	if one.waiting == 0 {
		f.forget(key, one)
		one.cancel()
	}
}

func (f *flights) forget(key string, one *flight) {
	if f.byKey[key] == one {
		delete(f.byKey, key)
	}
}
