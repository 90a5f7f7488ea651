package service

import (
	"context"
	"net"
	"os"
	"strconv"
	"time"
)

// notifier talks to systemd (sd_notify(3)). The zero notifier is silent.
type notifier struct {
	socket string
	every  time.Duration // between two signs of life; 0: none is wanted
}

func newNotifier() notifier {
	n := notifier{socket: os.Getenv("NOTIFY_SOCKET")}
	micros, err := strconv.ParseInt(os.Getenv("WATCHDOG_USEC"), 10, 64)
	if pid := os.Getenv("WATCHDOG_PID"); err == nil && micros > 0 && (pid == "" || pid == strconv.Itoa(os.Getpid())) {
		n.every = time.Duration(micros) * time.Microsecond / 3
	}
	return n
}

// watch says that the service is ready and, until ctx ends, that it lives; then that it is stopping.
func (n notifier) watch(ctx context.Context, alive func() bool) {
	n.tell("READY=1")
	defer n.tell("STOPPING=1")
	if n.every == 0 {
		<-ctx.Done()
		return
	}
	tick := time.NewTicker(n.every)
	defer tick.Stop()
	for {
		if alive() {
			n.tell("WATCHDOG=1")
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// tell sends one message. A message that cannot be sent is one that systemd misses, and acts upon.
func (n notifier) tell(message string) {
	if n.socket == "" {
		return
	}
	address := n.socket
	if address[0] == '@' { // of the abstract namespace
		address = "\x00" + address[1:]
	}
	conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: address, Net: "unixgram"})
	if err != nil {
		return
	}
	_, _ = conn.Write([]byte(message)) // see above
	_ = conn.Close()
}
