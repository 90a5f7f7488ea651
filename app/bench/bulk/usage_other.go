//go:build !unix

package main

import (
	"os"
	"time"
)

func usedCPU() time.Duration { return 0 }

func peakMemory(*os.ProcessState) int64 { return 0 }
