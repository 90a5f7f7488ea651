package odata

// Key is one entry of an $orderby.
type Key struct {
	Member     *Member
	Descending bool
}

// SQL returns k as ORDER BY takes it. A missing value comes before all others, in both databases.
func (k Key) SQL() string {
	sql := k.Member.SQL
	if k.Descending {
		sql += " DESC"
	}
	if !k.Member.Nullable {
		return sql
	}
	if k.Descending {
		return sql + " NULLS LAST"
	}
	return sql + " NULLS FIRST"
}

// ParseOrderBy reads an $orderby: members, each with an optional asc or desc, between commas. It fails with an [*Error].
func ParseOrderBy(text string, schema Schema) ([]Key, error) {
	p, err := newParser(text, schema)
	if err != nil {
		return nil, err
	}
	var keys []Key
	for {
		key, err := p.key()
		if err != nil {
			return nil, err
		}
		if keys = append(keys, key); len(keys) > maxKeys {
			return nil, p.fail(p.token.pos, "more than %d members", maxKeys)
		}
		if p.token.kind == endToken {
			return keys, nil
		}
		if !p.token.isSign(",") {
			return nil, p.unexpected(`asc, desc, "," or the end`)
		}
		if err := p.advance(); err != nil {
			return nil, err
		}
	}
}

func (p *parser) key() (Key, error) {
	if p.token.kind != wordToken {
		return Key{}, p.unexpected("a member")
	}
	m, ok := p.schema.find(p.token.text)
	if !ok {
		return Key{}, p.fail(p.token.pos, "%s", p.schema.unknown(p.token.text))
	}
	if m.Type == List {
		return Key{}, p.fail(p.token.pos, "%s is a list, which has no order", m.Name)
	}
	if err := p.advance(); err != nil {
		return Key{}, err
	}
	k := Key{Member: m, Descending: p.token.is("desc")}
	if k.Descending || p.token.is("asc") {
		return k, p.advance()
	}
	return k, nil
}
