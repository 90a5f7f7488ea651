package fsx

import (
	"errors"
	"os"
	"syscall"
)

// SyncDir does nothing on Windows: NTFS keeps its names in a journal, and folders cannot be flushed.
func SyncDir(string) error { return nil }

// The error codes of Windows that the standard library does not name.
// Source: learn.microsoft.com, System Error Codes (0-499).
const (
	errorNotSameDevice    syscall.Errno = 17
	errorSharingViolation syscall.Errno = 32
)

func betweenVolumes(err error) bool { return errors.Is(err, errorNotSameDevice) }

// openLocked opens the file so that nobody else can open it meanwhile.
func openLocked(path string) (*os.File, error) {
	name, err := syscall.UTF16PtrFromString(path)
	if err != nil {
		return nil, err
	}
	const notShared = 0
	h, err := syscall.CreateFile(name, syscall.GENERIC_READ|syscall.GENERIC_WRITE, notShared, nil, syscall.OPEN_ALWAYS, syscall.FILE_ATTRIBUTE_NORMAL, 0)
	switch {
	case errors.Is(err, errorSharingViolation):
		return nil, ErrLocked
	case err != nil:
		return nil, err
	}
	return os.NewFile(uintptr(h), path), nil
}
