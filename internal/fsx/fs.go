package fsx

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"
)

// FS is a disk to work on. The zero FS is the disk of the operating system, at no cost; the functions of this package work on that.
// It is safe for concurrent use if its Hook is.
type FS struct {
	// Hook, for tests, is called in place of every step. It carries the step out by calling do, once or not at all, and returns the error
	// that the step is to have.
	Hook func(s *Step, do func() error) error
}

// Op names what a step does.
type Op string

// The steps.
const (
	OpMkdir   Op = "mkdir"    // makes the folder Path
	OpCreate  Op = "create"   // makes the empty file Path, which was not there
	OpWrite   Op = "write"    // appends Data to the file Path; a hook may cut Data first
	OpSync    Op = "sync"     // makes the content of the file Path durable
	OpRename  Op = "rename"   // Path gets the name To, in place of what has it
	OpLink    Op = "link"     // Path gets the name To, which nothing has: a rename that never overwrites
	OpSyncDir Op = "sync dir" // makes the names in the folder Path durable
	OpRemove  Op = "remove"   // removes the file or empty folder Path
	OpChtimes Op = "chtimes"  // sets the time of the last change of Path
	OpLock    Op = "lock"     // takes the lock whose file is Path
	OpRead    Op = "read"     // reads the file Path
	OpReadDir Op = "readdir"  // reads the names in the folder Path
	OpStat    Op = "stat"     // looks at Path
	OpFree    Op = "free"     // asks for the room on the volume of Path
	OpCommit  Op = "commit"   // makes a change of the database Path durable, whole or not at all
)

// Step is one step of an FS.
type Step struct {
	Op   Op
	Path string // for OpCreate of a temporary file it has its random part only once that is made
	To   string // OpRename and OpLink: the new name
	Data []byte // OpWrite: what is to be written
}

// run carries s out by do, through the hook if there is one.
func (f FS) run(s Step, do func(*Step) error) error {
	if f.Hook == nil {
		return do(&s)
	}
	return f.Hook(&s, func() error { return do(&s) })
}

// WriteNew makes the file path, which must not be there, with this content, as last changed at the time at, durably but for its name: see [FS.SyncDir].
// After an error there is no such file, unless there was one before, which is fs.ErrExist.
func (f FS) WriteNew(path string, data []byte, perm fs.FileMode, at time.Time) (err error) {
	file, err := f.create(Step{Op: OpCreate, Path: path}, func(s *Step) (*os.File, error) {
		return os.OpenFile(s.Path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, perm)
	})
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, f.Remove(path))
		}
	}()
	_, err = fileWriter{f, file}.Write(data)
	if err == nil {
		err = f.Chtimes(path, at)
	}
	if err == nil {
		err = f.sync(file)
	}
	return errors.Join(err, file.Close())
}

func (f FS) create(s Step, open func(*Step) (*os.File, error)) (file *os.File, err error) {
	err = f.run(s, func(s *Step) error {
		file, err = open(s)
		if err == nil {
			s.Path = file.Name()
		}
		return err
	})
	if err != nil && file != nil {
		_ = file.Close() // the hook's error counts
	}
	return file, err
}

func (f FS) sync(file *os.File) error {
	return f.run(Step{Op: OpSync, Path: file.Name()}, func(*Step) error { return file.Sync() })
}

// fileWriter writes to a file by steps.
type fileWriter struct {
	fs   FS
	file *os.File
}

func (w fileWriter) Write(data []byte) (n int, err error) {
	err = w.fs.run(Step{Op: OpWrite, Path: w.file.Name(), Data: data}, func(s *Step) error {
		n, err = w.file.Write(s.Data)
		return err
	})
	if err == nil && n < len(data) {
		err = io.ErrShortWrite
	}
	return n, err
}

// Rename gives the file path the name to, in place of a file that has it. It is durable once the folders are synced: see [FS.SyncDir].
func (f FS) Rename(path, to string) error {
	return f.run(Step{Op: OpRename, Path: path, To: to}, func(s *Step) error { return rename(s.Path, s.To) })
}

// RenameNew is [FS.Rename] to a name that nothing has. It returns fs.ErrExist when the name is taken, also by another process at the same time.
// Where the volume cannot do this in one step, a crash may leave the file with both names.
func (f FS) RenameNew(path, to string) error {
	return f.run(Step{Op: OpLink, Path: path, To: to}, func(s *Step) error { return renameNew(s.Path, s.To) })
}

// linkNew is renameNew for volumes that know no such rename.
func linkNew(path, to string) error {
	err := os.Link(path, to)
	switch {
	case err == nil:
		return os.Remove(path)
	case errors.Is(err, fs.ErrExist), errors.Is(err, fs.ErrNotExist):
		return err
	}
	// No links either, as on FAT. Two processes could now take the same name at the same instant.
	if _, err := os.Lstat(to); err == nil {
		return &os.LinkError{Op: "rename", Old: path, New: to, Err: fs.ErrExist}
	}
	return os.Rename(path, to)
}

// Remove removes a file or an empty folder.
func (f FS) Remove(path string) error {
	return f.run(Step{Op: OpRemove, Path: path}, func(s *Step) error { return os.Remove(s.Path) })
}

// SyncDir makes the names in the folder dir durable: files made, renamed or removed in it before the call are so after a crash.
// It does nothing on Windows: NTFS keeps its names in a journal, and folders cannot be flushed.
func (f FS) SyncDir(dir string) error {
	return f.run(Step{Op: OpSyncDir, Path: dir}, func(s *Step) error { return syncDir(s.Path) })
}

// Commit carries out a change of the database path by do, which is whole and durable when it returns nil. The disk beneath is the database's own
// affair: what a hook sees is the change as one step.
func (f FS) Commit(path string, do func() error) error {
	return f.run(Step{Op: OpCommit, Path: path}, func(*Step) error { return do() })
}

// Mkdir makes the folder dir. It returns fs.ErrExist when it is there.
func (f FS) Mkdir(dir string, perm fs.FileMode) error {
	return f.run(Step{Op: OpMkdir, Path: dir}, func(s *Step) error { return os.Mkdir(s.Path, perm) })
}

// Chtimes sets when the file was last changed.
func (f FS) Chtimes(path string, at time.Time) error {
	return f.run(Step{Op: OpChtimes, Path: path}, func(s *Step) error { return os.Chtimes(s.Path, time.Time{}, at) })
}

// ErrTooLarge is returned by [FS.ReadFile] for a file above the limit.
var ErrTooLarge = errors.New("file too large")

// ReadFile reads a file of at most limit bytes.
func (f FS) ReadFile(path string, limit int64) (data []byte, err error) {
	err = f.run(Step{Op: OpRead, Path: path}, func(s *Step) error {
		data, err = readFile(s.Path, limit)
		return err
	})
	return data, err
}

func readFile(path string, limit int64) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close() // only read: there is nothing to lose
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if info.Size() > limit {
		return nil, fmt.Errorf("read %s: %w: %d bytes, the most is %d", path, ErrTooLarge, info.Size(), limit)
	}
	data := make([]byte, info.Size())
	n, err := io.ReadFull(file, data)
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		err = nil // shortened meanwhile
	}
	return data[:n], err
}

// ReadDir returns what the folder dir holds, in order of name.
func (f FS) ReadDir(dir string) (entries []fs.DirEntry, err error) {
	err = f.run(Step{Op: OpReadDir, Path: dir}, func(s *Step) error {
		entries, err = os.ReadDir(s.Path)
		return err
	})
	return entries, err
}

// Lstat describes a file without following a link.
func (f FS) Lstat(path string) (info fs.FileInfo, err error) {
	err = f.run(Step{Op: OpStat, Path: path}, func(s *Step) error {
		info, err = os.Lstat(s.Path)
		return err
	})
	return info, err
}

// Free returns how many bytes a user without privileges can still write to the volume that holds path.
func (f FS) Free(path string) (bytes int64, err error) {
	err = f.run(Step{Op: OpFree, Path: path}, func(s *Step) error {
		bytes, err = free(s.Path)
		return err
	})
	return bytes, err
}
