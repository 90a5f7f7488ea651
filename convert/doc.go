// Package convert reads and writes the files of testers: it finds out which format a file is in, and turns it into reports and back.
//
// Readers stream: memory is bounded by one unit, and the units before an error are not lost with it.
package convert
