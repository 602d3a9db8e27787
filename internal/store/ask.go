package store

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/view"
)

const askColumns = "id, device, verb, body, asker, asked, answered, answer, error"

func scanAsk(row scanner) (a view.Ask, err error) {
	var body, answer []byte
	err = row.Scan(&a.ID, &a.Device, &a.Verb, &body, &a.Asker, timeOf{&a.Asked}, timeOf{&a.Answered}, &answer, &a.Error)
	a.Body, a.Answer = body, answer
	return a, err
}

// AddAsk asks. What is asked under the same name already, and not answered, is the new asker's from now on.
func (s *Store) AddAsk(tx event.Tx, a view.Ask) error {
	t, err := s.own(tx)
	if err != nil {
		return err
	}
	if _, err := t.exec("INSERT INTO ask (id, device, verb, body, asker, asked) VALUES (?, ?, ?, ?, ?, "+clock+")"+
		" ON CONFLICT (id) DO UPDATE SET body = excluded.body, asker = excluded.asker,"+
		" asked = CASE WHEN ask.answered > 0 THEN excluded.asked ELSE ask.asked END, answered = 0, answer = NULL, error = ''", a.ID, string(a.Device), a.Verb, nonNil(a.Body), a.Asker); err != nil {
		return fmt.Errorf("ask %q: %w", a.ID, err)
	}
	return nil
}

// OpenAsks returns what is asked and not answered, oldest first.
func (s *Store) OpenAsks(ctx context.Context) ([]view.Ask, error) {
	list, err := collect(s.reader(ctx), scanAsk, "SELECT "+askColumns+" FROM ask WHERE answered = 0 ORDER BY asked, id")
	if err != nil {
		return nil, fmt.Errorf("store: asks: %w", err)
	}
	return list, nil
}

// AnsweredAsks returns those of the asks that are answered.
func (s *Store) AnsweredAsks(ctx context.Context, asker string) ([]view.Ask, error) {
	list, err := collect(s.reader(ctx), scanAsk, "SELECT "+askColumns+" FROM ask WHERE answered > 0 AND asker = ? ORDER BY answered, id", asker)
	if err != nil {
		return nil, fmt.Errorf("store: asks: %w", err)
	}
	return list, nil
}

// AnswerAsk answers an open ask with what was found, or with why not. It reports whether anybody still wants to know.
func (s *Store) AnswerAsk(ctx context.Context, a view.Ask) (ok bool, err error) {
	err = s.do(ctx, func(t *transaction) error {
		n, err := t.exec("UPDATE ask SET answered = "+clock+", answer = ?, error = ? WHERE id = ? AND asked = ? AND answered = 0",
			nonNil(a.Answer), a.Error, a.ID, toDB(a.Asked))
		ok = n > 0
		return err
	})
	if err != nil {
		return false, fmt.Errorf("ask %q: %w", a.ID, err)
	}
	return ok, nil
}

// DropAsks forgets asks, and all that are older than the age: their askers have died.
func (s *Store) DropAsks(ctx context.Context, age time.Duration, ids ...string) error {
	err := s.do(ctx, func(t *transaction) error {
		for _, id := range ids {
			if _, err := t.exec("DELETE FROM ask WHERE id = ?", id); err != nil {
				return err
			}
		}
		_, err := t.exec("DELETE FROM ask WHERE asked < "+clock+" - ?", int64(age))
		return err
	})
	if err != nil {
		return fmt.Errorf("ask %s: %w", strings.Join(ids, ", "), err)
	}
	return nil
}
