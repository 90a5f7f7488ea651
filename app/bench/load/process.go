package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

const unknown = -1 // of a CPU time or a size

// cpuOf returns the CPU time that a process has used, in steps of 10 ms; unknown where there is no /proc.
// Source: proc_pid_stat(5), fields utime and stime.
func cpuOf(pid int) time.Duration {
	const tick = 10 * time.Millisecond // USER_HZ is 100 on every Linux that Go runs on
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return unknown
	}
	_, after, _ := strings.Cut(string(data), ") ") // the name before it may hold blanks
	fields := strings.Fields(after)
	const utime, stime = 14 - 3, 15 - 3 // the fields are counted from 1, and two came before
	if len(fields) <= stime {
		return unknown
	}
	user, userErr := strconv.Atoi(fields[utime])
	system, systemErr := strconv.Atoi(fields[stime])
	if userErr != nil || systemErr != nil {
		return unknown
	}
	return time.Duration(user+system) * tick
}

func since(before, after time.Duration) time.Duration {
	if before < 0 || after < 0 {
		return unknown
	}
	return after - before
}

// peakMemoryOf returns the most memory that a process has had at once, in bytes; unknown where there is no /proc.
// Source: proc_pid_status(5), VmHWM.
func peakMemoryOf(pid int) int64 {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return unknown
	}
	for line := range strings.Lines(string(data)) {
		if rest, found := strings.CutPrefix(line, "VmHWM:"); found {
			kilobytes, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
			if err != nil {
				return unknown
			}
			return kilobytes << 10
		}
	}
	return unknown
}
