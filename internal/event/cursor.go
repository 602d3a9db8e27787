package event

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
)

// ErrCursor is in the error of Query.From for text that no Query.Cursor made for such a query.
var ErrCursor = errors.New("no cursor of this query")

// cursorVersion is the first byte of a cursor.
const cursorVersion = 1

// Cursor returns text that stands for "go on behind this event" in q's order, for Query.From. It stays good while events are
// appended, and when the log's beginning is archived: it is a place, not a count. The text is for URLs and shells, and
// has no meaning to anybody else.
func (q Query) Cursor(last Seq) string {
	raw := binary.AppendUvarint([]byte{cursorVersion}, uint64(last))
	return base64.RawURLEncoding.EncodeToString(append(raw, q.digest()...))
}

// From returns q from where the cursor stands. A cursor of a query that selects something else, or in the other order, is refused: it
// would pass events over without a word. Limit and After and Before of the query may differ.
func (q Query) From(cursor string) (Query, error) {
	refused := func() (Query, error) { return Query{}, fmt.Errorf("cursor %q: %w", cursor, ErrCursor) }
	raw, err := base64.RawURLEncoding.Strict().DecodeString(cursor)
	if err != nil || len(raw) < 2 || raw[0] != cursorVersion {
		return refused()
	}
	last, n := binary.Uvarint(raw[1:])
	if n <= 0 || last == 0 || q.Cursor(Seq(last)) != cursor {
		return refused()
	}
	if q.Newest {
		if q.Before == 0 || Seq(last) < q.Before {
			q.Before = Seq(last)
		}
	} else {
		q.After = max(q.After, Seq(last))
	}
	return q, nil
}

// digest stands for what q selects and in which order.
func (q Query) digest() []byte {
	h := sha256.New()
	types := slices.Clone(q.Types)
	slices.Sort(types)
	fmt.Fprintf(h, "%q %q %q %q %q %q %v", types, q.Stream, q.Subject, q.Correlation, q.Actor, q.Severities(), q.Newest)
	return h.Sum(nil)[:4]
}
