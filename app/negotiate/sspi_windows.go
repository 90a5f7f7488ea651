package negotiate

import (
	"fmt"

	"github.com/alexbrainman/sspi"
	"github.com/alexbrainman/sspi/negotiate"
	"github.com/alexbrainman/sspi/ntlm"
)

func systemMechanism() (mechanism, error) { return windows{}, nil }

// windows signs in by SSPI, as the user whose session or service the process runs in.
type windows struct{}

func (windows) begin(scheme, service string) (exchange, error) {
	if scheme == "NTLM" {
		cred, err := ntlm.AcquireCurrentUserCredentials()
		if err != nil {
			return nil, fmt.Errorf("take the user's credentials: %w", err)
		}
		return &ntlmExchange{cred: cred}, nil
	}
	cred, err := negotiate.AcquireCurrentUserCredentials()
	if err != nil {
		return nil, fmt.Errorf("take the user's credentials: %w", err)
	}
	return &negotiateExchange{cred: cred, service: service}, nil
}

type negotiateExchange struct {
	cred    *sspi.Credentials
	service string
	context *negotiate.ClientContext
	done    bool
}

func (x *negotiateExchange) step(challenge []byte) (token []byte, err error) {
	switch {
	case x.done:
		return nil, nil
	case x.context == nil:
		// Mutual: the server proves itself too, if it can (Kerberos).
		x.context, token, err = negotiate.NewClientContextWithFlags(x.cred, x.service, sspi.ISC_REQ_CONNECTION|sspi.ISC_REQ_MUTUAL_AUTH)
	default:
		x.done, token, err = x.context.Update(challenge)
	}
	return token, err
}

func (x *negotiateExchange) end() {
	_, _ = x.context.Release(), x.cred.Release() // nothing to be done about it
}

type ntlmExchange struct {
	cred    *sspi.Credentials
	context *ntlm.ClientContext
	done    bool
}

func (x *ntlmExchange) step(challenge []byte) (token []byte, err error) {
	switch {
	case x.done:
		return nil, nil
	case x.context == nil:
		x.context, token, err = ntlm.NewClientContext(x.cred)
	default:
		x.done = true
		token, err = x.context.Update(challenge)
	}
	return token, err
}

func (x *ntlmExchange) end() {
	_, _ = x.context.Release(), x.cred.Release() // nothing to be done about it
}
