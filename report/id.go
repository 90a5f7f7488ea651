package report

import (
	"crypto/rand"
	"crypto/sha1" // UUID version 5 is defined over SHA-1; it is no security measure here.
	"encoding/hex"
	"fmt"
)

// ID is the identifier of a report, a GUID. The zero ID means "none". IDs compare with ==.
type ID [16]byte

// namespace is the UUID namespace of IDs made from content.
var namespace = ID{0x5d, 0x0c, 0x57, 0x4e, 0x0e, 0x6f, 0x4d, 0x52, 0x9a, 0x0b, 0x7b, 0x6a, 0x30, 0x1e, 0x2c, 0x11}

// NewID returns a random ID (UUID version 4).
func NewID() ID {
	var id ID
	_, _ = rand.Read(id[:]) // never fails: crypto/rand ends the program instead
	return id.stamp(4)
}

// DeriveID returns the ID that belongs to name (UUID version 5): the same name gives the same ID on every machine.
func DeriveID(name []byte) ID {
	h := sha1.New()
	h.Write(namespace[:])
	h.Write(name)
	var id ID
	copy(id[:], h.Sum(nil))
	return id.stamp(5)
}

func (id ID) stamp(version byte) ID {
	id[6] = id[6]&0x0f | version<<4
	id[8] = id[8]&0x3f | 0x80
	return id
}

// ParseID reads a GUID in the form 8-4-4-4-12, in either case, with or without braces.
func ParseID(text string) (ID, error) {
	s := text
	if len(s) == 38 && s[0] == '{' && s[37] == '}' {
		s = s[1:37]
	}
	var id ID
	if len(s) != 36 || s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-' {
		return ID{}, fmt.Errorf("%q is not a GUID", text)
	}
	for i, at := range [...]int{0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34} {
		hi, lo := nibble(s[at]), nibble(s[at+1])
		if hi > 15 || lo > 15 {
			return ID{}, fmt.Errorf("%q is not a GUID", text)
		}
		id[i] = hi<<4 | lo
	}
	return id, nil
}

func nibble(c byte) byte {
	switch {
	case '0' <= c && c <= '9':
		return c - '0'
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10
	}
	return 0xff
}

// IsZero reports whether id is the zero ID, "none".
func (id ID) IsZero() bool { return id == ID{} }

// String returns the lower-case form 8-4-4-4-12.
func (id ID) String() string { return string(id.append(make([]byte, 0, 36))) }

func (id ID) append(dst []byte) []byte {
	for i, part := range [...][]byte{id[:4], id[4:6], id[6:8], id[8:10], id[10:]} {
		if i > 0 {
			dst = append(dst, '-')
		}
		dst = hex.AppendEncode(dst, part)
	}
	return dst
}

// MarshalText returns the form of String; the zero ID gives "".
func (id ID) MarshalText() ([]byte, error) {
	if id.IsZero() {
		return nil, nil
	}
	return id.append(nil), nil
}

// UnmarshalText reads what ParseID reads; "" gives the zero ID.
func (id *ID) UnmarshalText(text []byte) (err error) {
	if len(text) == 0 {
		*id = ID{}
		return nil
	}
	*id, err = ParseID(string(text))
	return err
}
