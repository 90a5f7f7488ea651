package fsx

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

func renameNew(path, to string) error {
	err := unix.RenamexNp(path, to, unix.RENAME_EXCL)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, unix.ENOTSUP), errors.Is(err, unix.EINVAL): // a file system that does not know the flag
		return linkNew(path, to)
	}
	return &os.LinkError{Op: "rename", Old: path, New: to, Err: err}
}
