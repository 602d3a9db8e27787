package event

import (
	"slices"
	"time"
)

// A Query selects events of the log. Its zero value selects the oldest 100.
type Query struct {
	After       Seq    // only later ones, exclusive
	Before      Seq    // only earlier ones, exclusive, when not 0
	Types       []Type // patterns as in Type.Matches; any of them, all types when empty
	Stream      string
	Subject     string
	Correlation string
	Actor       string
	Severity    string    // the lowest: warning, error, critical; all when empty, info or not known
	Since       time.Time // inclusive, when not zero
	Until       time.Time // exclusive, when not zero
	Limit       int       // 100 when 0
	Newest      bool      // newest first
}

// rising are the severities in their order, from least to most.
var rising = []string{SeverityInfo, SeverityWarning, SeverityError, SeverityCritical}

// Severities returns the severities that q selects, nil for all.
func (q Query) Severities() []string {
	if at := slices.Index(rising, q.Severity); at > 0 {
		return rising[at:]
	}
	return nil
}

// Selects reports whether q selects the event. Limit and order are not its business.
func (q Query) Selects(e Event) bool {
	switch {
	case e.Seq <= q.After, q.Before != 0 && e.Seq >= q.Before,
		q.Stream != "" && e.Stream != q.Stream,
		q.Subject != "" && e.Subject != q.Subject,
		q.Correlation != "" && e.Correlation != q.Correlation,
		q.Actor != "" && e.Actor != q.Actor,
		!q.Since.IsZero() && e.Time.Before(q.Since),
		!q.Until.IsZero() && !e.Time.Before(q.Until):
		return false
	}
	if s := q.Severities(); s != nil && !slices.Contains(s, e.Severity) {
		return false
	}
	return len(q.Types) == 0 || slices.ContainsFunc(q.Types, func(t Type) bool { return e.Type.Matches(string(t)) })
}
