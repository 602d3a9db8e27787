package store

import (
	"fmt"
	"strings"
)

// rowsOf says what rows are inserted, and what becomes of those that are there.
type rowsOf struct {
	table, columns string
	conflict       string // an ON CONFLICT clause
}

func (r rowsOf) width() int { return 1 + strings.Count(r.columns, ",") }

// insert writes many rows with few statements.
func (t *transaction) insert(r rowsOf, values []any) error {
	for len(values) > 0 {
		query, args, taken := t.s.engine.insertion(r, values)
		if err := t.put(query, args...); err != nil {
			return fmt.Errorf("%s: %w", r.table, err)
		}
		values = values[taken:]
	}
	return nil
}

// insertion inserts 64 rows at a time, then halves of that, so that few texts are prepared.
func (e *sqliteDB) insertion(r rowsOf, values []any) (string, []any, int) {
	width, n := r.width(), 64
	for n*width > len(values) {
		n /= 2
	}
	row := "(" + strings.Repeat("?, ", width-1) + "?)"
	return "INSERT INTO " + r.table + " (" + r.columns + ") VALUES " + strings.Repeat(row+", ", n-1) + row + r.conflict, values[:n*width], n * width
}

// The most that goes with one statement to PostgreSQL.
const (
	mostRows  = 256
	mostBytes = 16 << 20 // of one column, past which no row is begun
)

// insertion inserts by columns, each of which is one argument: the statement is the same for any number of rows, and is
// neither read nor planned anew, and each row is a fifth of what it costs with an argument for each value.
func (e *postgres) insertion(r rowsOf, values []any) (string, []any, int) {
	columns := make([]column, r.width())
	n, bytes := 0, 0
	for ; n*len(columns) < len(values) && n < mostRows && bytes < mostBytes; n++ {
		for i := range columns {
			bytes += columns[i].add(values[n*len(columns)+i])
		}
	}
	arrays, args := make([]string, len(columns)), make([]any, len(columns))
	for i, c := range columns {
		arrays[i], args[i] = c.array()
	}
	return "INSERT INTO " + r.table + " (" + r.columns + ") SELECT * FROM unnest(" + strings.Join(arrays, ", ") + ")" + r.conflict,
		args, n * len(columns)
}

// A column is the values of one; they are of one kind.
type column struct {
	numbers []int64
	texts   []string
	bytes   [][]byte
}

// add returns how many bytes the value has.
func (c *column) add(value any) int {
	switch v := value.(type) {
	case int64:
		c.numbers = append(c.numbers, v)
	case int:
		c.numbers = append(c.numbers, int64(v))
	case string:
		c.texts = append(c.texts, v)
		return len(v)
	case []byte:
		c.bytes = append(c.bytes, v)
		return len(v)
	default:
		panic(fmt.Sprintf("store: a column of %T", value))
	}
	return 8
}

// array returns how the column is said in the statement, and as its argument.
func (c *column) array() (text string, arg any) {
	switch {
	case c.texts != nil:
		return "?::text[]", c.texts
	case c.bytes != nil:
		return "?::bytea[]", c.bytes
	}
	return "?::bigint[]", c.numbers
}
