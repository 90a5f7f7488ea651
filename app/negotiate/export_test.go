package negotiate

import "net/http"

// Step answers a challenge, nil at first. When done, the system has nothing more to say.
type Step func(scheme, service string, challenge []byte) (done bool, token []byte, err error)

// NewWith is New with a system of the test's own. Count gets 1 when there is a context to release and -1 when it is.
func NewWith(address string, base *http.Transport, step Step, count func(int64) int64) (*Transport, error) {
	return newTransport(address, base, fakeSystem{step, count})
}

type fakeSystem struct {
	answer Step
	count  func(int64) int64
}

func (f fakeSystem) start(scheme, service string) (securityContext, []byte, error) {
	_, token, err := f.answer(scheme, service, nil)
	if err != nil {
		return nil, nil, err
	}
	f.count(1)
	return &fakeContext{f, scheme, service}, token, nil
}

type fakeContext struct {
	fakeSystem
	scheme, service string
}

func (c *fakeContext) update(challenge []byte) (bool, []byte, error) {
	return c.answer(c.scheme, c.service, challenge)
}

func (c *fakeContext) release() { c.count(-1) }

// Lanes is how many requests are under way at once.
const Lanes = lanes
