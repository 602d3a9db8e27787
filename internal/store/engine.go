package store

import (
	"context"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/tenter-net/tenter/internal/event"
)

// An engine is a database of one kind. Queries are written once, for all of them: with ? for arguments, and with these
// words for what differs (see dialect): {now}, {lock}, {free}.
type engine interface {
	// open connects and brings the schema up to date.
	open(ctx context.Context) error
	// read runs a query beside the writing.
	read(ctx context.Context, query string, args []any) (rows, error)
	// moment calls fn with a querier that sees the database as it is at one moment, whatever is written meanwhile.
	moment(ctx context.Context, fn func(querier) error) error
	writer() writer
	// watch tells s.grown what other processes wrote, until the store is closed.
	watch()
	// explain makes an error of the database one that says what to do, where that can be told.
	explain(err error) error
	// again reports whether the error only says that another transaction was in the way, or that the connection was lost
	// before the commit: the same work may succeed now.
	again(err error) bool
	// patience is how long a Do's function may make no use of its transaction.
	patience() time.Duration
	// aheads reports whether the writer's takeAll is worth it.
	aheads() bool
	// insertion returns the statement that inserts the first of the values, of which there are some, and how many those are. The
	// values are those of whole rows, one row after the other.
	insertion(r rowsOf, values []any) (query string, args []any, taken int)
	close() error
}

// A writer is the connection that writes, and the transaction on it. One goroutine at a time uses it.
type writer interface {
	// begin begins a transaction; it returns early when the request's context ends.
	begin(r *request) error
	// save sets the savepoint before a member's statement, which writes or only reads, and reports whether it did.
	save(writes bool) (bool, error)
	// release ends the savepoint. Its error is that of one of the member's statements.
	release() error
	// undo goes back to the savepoint, if there is one, and releases it. Its error means that the whole transaction is lost.
	undo(saved bool, cause error) error
	// exec returns how many rows the statement changed.
	exec(query string, args []any) (int64, error)
	query(query string, args []any) (rows, error)
	// takeAll runs what the requests begin with and returns how many rows each changed.
	takeAll(list []*request) ([]int64, error)
	// put is exec for a statement of which only success counts; it may be run as late as by release, and, after none, with the
	// commit.
	put(query string, args []any) error
	// commit commits. After an error nothing was committed, unless it is a *LostError. The end's place is 0 when nothing was
	// appended.
	commit(end tip) error
	// committed is called when this process knows of the commit.
	committed(end event.Seq)
	// rollback undoes the whole transaction.
	rollback(cause error)
}

// rows are what a query returns, one at a time. They must be closed before the next statement.
type rows interface {
	Next() bool
	Scan(dest ...any) error
	Err() error
	Close() error
}

// A dialect is how the words in a query are said to one kind of database.
type dialect struct {
	now      string // {now}: nanoseconds since 1970 by the database's clock, not the transaction's beginning
	lock     string // {lock}: ends a query, and keeps its rows from being changed before the transaction ends
	free     string // {free}: {lock}, passing over rows that others have locked
	numbered bool   // arguments are $1, $2 and so on instead of ?

	texts sync.Map // a query as written, as the database takes it. Queries are constants: their number is bounded.
}

// clock is the database's: for all that share the database it is the same.
const clock = "{now}"

// text returns the query as the database takes it.
func (d *dialect) text(query string) string {
	if text, ok := d.texts.Load(query); ok {
		return text.(string)
	}
	text := strings.NewReplacer("{now}", d.now, "{lock}", d.lock, "{free}", d.free).Replace(query)
	if d.numbered {
		text = numbered(text)
	}
	d.texts.Store(query, text)
	return text
}

// numbered puts $1, $2 and so on for each ? that is not within quotes.
func numbered(query string) string {
	var b strings.Builder
	n, quote := 0, byte(0)
	for i := range len(query) {
		c := query[i]
		switch {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '\'' || c == '"':
			quote = c
		case c == '?':
			n++
			b.WriteByte('$')
			b.WriteString(strconv.Itoa(n))
			continue
		}
		b.WriteByte(c)
	}
	return b.String()
}
