package secret

import (
	"errors"
	"fmt"
	"os"
	"strings"
)

// reachable tells whether there is a session bus, without which there is no Secret Service. The keyring library would start a bus of
// its own by dbus-launch, which nobody would ever stop.
func reachable() error {
	if address := os.Getenv("DBUS_SESSION_BUS_ADDRESS"); address != "" && address != "autolaunch:" {
		return nil
	}
	for _, name := range [...]string{"bus", "dbus-session"} {
		if _, err := os.Stat(fmt.Sprintf("/run/user/%d/%s", os.Getuid(), name)); err == nil {
			return nil
		}
	}
	return errors.New("there is no session bus (DBUS_SESSION_BUS_ADDRESS is not set), hence no Secret Service")
}

// machineID is unique to an installation of the operating system. Source: man 5 machine-id; it is hashed with a key, as that page asks.
func machineID() string {
	for _, path := range [...]string{"/etc/machine-id", "/var/lib/dbus/machine-id"} {
		if id, err := os.ReadFile(path); err == nil && len(id) > 0 {
			return strings.TrimSpace(string(id))
		}
	}
	return ""
}
