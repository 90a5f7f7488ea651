//go:build unix

package queue

import "syscall"

// errQuota says that the user may write no more, though others could.
const errQuota = syscall.EDQUOT
