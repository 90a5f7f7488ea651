//go:build !linux && !windows

package secret

// reachable: the Keychain is part of macOS; elsewhere the keyring itself says that it is not there.
func reachable() error { return nil }

// machineID: none that is safe to rely on.
func machineID() string { return "" }
