//go:build !windows

package negotiate

func thisSystem() (system, error) { return nil, ErrUnsupported }
