package queue

import "golang.org/x/sys/windows"

// errQuota says that the volume has no room: Windows has a word of its own, and ENOSPC is none of its.
const errQuota = windows.ERROR_DISK_FULL
