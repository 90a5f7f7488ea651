//go:build freebsd || dragonfly

package fsx

func renameNew(path, to string) error { return linkNew(path, to) }
