package negotiate

import "net/http"

// Step answers a challenge, nil at first.
type Step func(scheme, service string, challenge []byte) (token []byte, err error)

// NewWith is New with a mechanism of the test's own. Count gets 1 when a sign-in begins and -1 when it ends.
func NewWith(address string, base *http.Transport, step Step, count func(int64) int64) (*Transport, error) {
	return newTransport(address, base, fake{step, count})
}

type fake struct {
	answer Step
	count  func(int64) int64
}

func (f fake) begin(scheme, service string) (exchange, error) {
	f.count(1)
	return &fakeExchange{fake: f, scheme: scheme, service: service}, nil
}

type fakeExchange struct {
	fake
	scheme, service string
}

func (x *fakeExchange) step(challenge []byte) ([]byte, error) {
	return x.answer(x.scheme, x.service, challenge)
}

func (x *fakeExchange) end() { x.count(-1) }

// Lanes is how many requests are under way at once.
const Lanes = lanes
