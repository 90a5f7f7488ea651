package fsx

import (
	"errors"
	"os"
	"syscall"

	"golang.org/x/sys/windows"
)

func syncDir(string) error { return nil }

// rename returns when the new name is on the disk: there is no folder to sync afterwards.
func rename(path, to string) error {
	return moveFile(path, to, windows.MOVEFILE_REPLACE_EXISTING|windows.MOVEFILE_WRITE_THROUGH)
}

func renameNew(path, to string) error { return moveFile(path, to, windows.MOVEFILE_WRITE_THROUGH) }

func moveFile(path, to string, flags uint32) error {
	from, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return err
	}
	target, err := windows.UTF16PtrFromString(to)
	if err != nil {
		return err
	}
	if err := windows.MoveFileEx(from, target, flags); err != nil {
		return &os.LinkError{Op: "rename", Old: path, New: to, Err: err}
	}
	return nil
}

func free(path string) (int64, error) {
	name, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return 0, err
	}
	var available uint64
	if err := windows.GetDiskFreeSpaceEx(name, &available, nil, nil); err != nil {
		return 0, &os.PathError{Op: "free", Path: path, Err: err}
	}
	return int64(min(available, 1<<62)), nil
}

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
