//go:build !windows

package negotiate

func systemMechanism() (mechanism, error) { return nil, ErrUnsupported }
