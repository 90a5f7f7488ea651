package fsx

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

func renameNew(path, to string) error {
	err := unix.Renameat2(unix.AT_FDCWD, path, unix.AT_FDCWD, to, unix.RENAME_NOREPLACE)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, unix.EINVAL), errors.Is(err, unix.ENOSYS): // a file system or a kernel that does not know the flag
		return linkNew(path, to)
	}
	return &os.LinkError{Op: "rename", Old: path, New: to, Err: err}
}
