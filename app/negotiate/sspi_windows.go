package negotiate

import (
	"fmt"

	"github.com/alexbrainman/sspi"
	"github.com/alexbrainman/sspi/negotiate"
	"github.com/alexbrainman/sspi/ntlm"
)

func thisSystem() (system, error) { return windows{}, nil }

// windows signs in by SSPI, as the user whose session or service the process runs in. It holds calls of SSPI and nothing else: what they are
// called for, and when, stands in exchange.
type windows struct{}

func (windows) start(scheme, service string) (securityContext, []byte, error) {
	if scheme == "NTLM" {
		cred, err := ntlm.AcquireCurrentUserCredentials()
		if err != nil {
			return nil, nil, fmt.Errorf("take the user's credentials: %w", err)
		}
		context, token, err := ntlm.NewClientContext(cred)
		if err != nil {
			_ = cred.Release() // nothing to be done about it
			return nil, nil, err
		}
		return ntlmContext{cred, context}, token, nil
	}
	cred, err := negotiate.AcquireCurrentUserCredentials()
	if err != nil {
		return nil, nil, fmt.Errorf("take the user's credentials: %w", err)
	}
	// Mutual: the server proves itself too, if it can (Kerberos).
	context, token, err := negotiate.NewClientContextWithFlags(cred, service, sspi.ISC_REQ_CONNECTION|sspi.ISC_REQ_MUTUAL_AUTH)
	if err != nil {
		_ = cred.Release() // nothing to be done about it
		return nil, nil, err
	}
	return negotiateContext{cred, context}, token, nil
}

type negotiateContext struct {
	cred *sspi.Credentials
	*negotiate.ClientContext
}

func (c negotiateContext) update(challenge []byte) (done bool, token []byte, err error) {
	return c.ClientContext.Update(challenge)
}

func (c negotiateContext) release() {
	_, _ = c.ClientContext.Release(), c.cred.Release() // nothing to be done about it
}

type ntlmContext struct {
	cred *sspi.Credentials
	*ntlm.ClientContext
}

func (c ntlmContext) update(challenge []byte) (done bool, token []byte, err error) {
	token, err = c.ClientContext.Update(challenge)
	return true, token, err
}

func (c ntlmContext) release() {
	_, _ = c.ClientContext.Release(), c.cred.Release() // nothing to be done about it
}
