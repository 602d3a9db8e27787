package store_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/store"
	"github.com/tenter-net/tenter/internal/store/archive"
	"github.com/tenter-net/tenter/internal/store/storetest"
	"github.com/tenter-net/tenter/internal/view"
)

// archiving opens a store at the place with an archive of its own.
func archiving(t testing.TB, at storetest.Place, dir string) *store.Store {
	t.Helper()
	return at.Open(t, store.Options{Fabric: "dc1", Worker: "w1", Archive: dir})
}

func archived(t *testing.T, s *store.Store, before time.Time) store.Archived {
	t.Helper()
	done, err := s.ArchiveLog(t.Context(), store.ArchiveOptions{Before: before})
	if err != nil {
		t.Fatal(err)
	}
	return done
}

// TestReadersCrossIntoTheArchive asks the same before and after the log's beginning was moved to files, a part at a time.
func TestReadersCrossIntoTheArchive(t *testing.T) {
	storetest.Both(t, func(t *testing.T, at storetest.Place) {
		dir := t.TempDir()
		s := archiving(t, at, dir)
		history(t, s)
		all, err := s.Events(t.Context(), event.Query{Limit: 1000})
		if err != nil {
			t.Fatal(err)
		}
		for minutes := 7; minutes <= 60; minutes += 23 {
			if done := archived(t, s, noon.Add(time.Duration(minutes)*time.Minute)); len(done.Files) != 1 || len(done.Held) > 0 {
				t.Fatalf("%d minutes: %+v", minutes, done)
			}
			fresh := archiving(t, at, dir) // with nothing at hand from its own writing
			for name, q := range historyQueries {
				for _, newest := range []bool{false, true} {
					q.Newest, q.Limit = newest, 7
					if q.Before == 0 {
						q.Before = 61 // before what archiving itself tells
					}
					var want []event.Event
					for i := range all {
						e := all[i]
						if newest {
							e = all[len(all)-1-i]
						}
						if q.Selects(e) && len(want) < q.Limit {
							want = append(want, e)
						}
					}
					got, err := fresh.Events(t.Context(), q)
					if err != nil {
						t.Fatal(err)
					}
					if diff := cmp.Diff(want, got, asText); diff != "" {
						t.Errorf("%d minutes, %s, newest %v: -want +got:\n%s", minutes, name, newest, diff)
					}
				}
			}
			got, err := fresh.EventsAt(t.Context(), []event.Seq{59, 3, 8, 7, 40, 3, 1 << 40})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]event.Event{all[2], all[6], all[7], all[39], all[58]}, got, asText); diff != "" {
				t.Errorf("%d minutes: EventsAt: -want +got:\n%s", minutes, diff)
			}
			seq, hash, err := s.Head(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			v, err := fresh.VerifyLog(t.Context(), store.Mark{Seq: 5, Hash: all[4].Hash}, store.Mark{Seq: seq, Hash: hash})
			if err != nil || v.Seq != seq || v.Archived == 0 || v.Marks != 2 {
				t.Errorf("%d minutes: VerifyLog() = %+v, %v", minutes, v, err)
			}
		}
		told, err := s.Events(t.Context(), event.Query{Types: []event.Type{event.TypeLogArchived}})
		if err != nil || len(told) != 3 {
			t.Fatalf("%d told, %v", len(told), err)
		}
		if d, err := event.Decode[event.LogArchived](told[1]); err != nil || d != (event.LogArchived{File: archive.Name("dc1", 8, 30), First: 8, Last: 30}) {
			t.Errorf("%+v, %v", d, err)
		}
	})
}

func TestArchiveIsOfFullFiles(t *testing.T) {
	s := archiving(t, storetest.SQLite(t), t.TempDir())
	var drafts []event.Draft
	for i := range archive.MaxEvents*2 + 100 {
		d := synced("leaf1")
		d.Time = noon.Add(time.Duration(i) * time.Second)
		drafts = append(drafts, d)
	}
	appendAll(t, s, drafts...)
	late := noon.Add(24 * time.Hour)
	done, err := s.ArchiveLog(t.Context(), store.ArchiveOptions{Before: late, Patience: 48 * time.Hour})
	if err != nil || len(done.Files) != 2 || done.Events != archive.MaxEvents*2 {
		t.Fatalf("%d files, %d events, %v", len(done.Files), done.Events, err)
	}
	if done, err = s.ArchiveLog(t.Context(), store.ArchiveOptions{Before: late, Patience: time.Hour}); err != nil || len(done.Files) != 1 || done.Events != 100 {
		t.Fatalf("%d files, %d events, %v", len(done.Files), done.Events, err)
	}
	// Through all of it in pages, as read models are built anew.
	next := event.Seq(1)
	for {
		list, err := s.Events(t.Context(), event.Query{After: next - 1, Limit: 700})
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range list {
			if e.Seq != next {
				t.Fatalf("event %d after %d", e.Seq, next-1)
			}
			next++
		}
		if len(list) == 0 {
			break
		}
	}
	if seq, _, err := s.Head(t.Context()); err != nil || next != seq+1 {
		t.Errorf("read to %d of %d, %v", next-1, seq, err)
	}
}

// TestArchiveWaitsForGroups leaves what a group has not handled, and says which that is. What it gave up on does not count.
func TestArchiveWaitsForGroups(t *testing.T) {
	storetest.Both(t, func(t *testing.T, at storetest.Place) {
		s := archiving(t, at, t.TempDir())
		for _, g := range []string{"quick", "slow"} {
			if err := s.JoinGroup(t.Context(), view.Group{Name: g, Streams: []string{event.StreamDevice}}); err != nil {
				t.Fatal(err)
			}
		}
		history(t, s) // 4, 6, 10, 12, 16, 18, … are of devices
		list, err := s.Events(t.Context(), event.Query{Types: []event.Type{"device"}})
		if err != nil {
			t.Fatal(err)
		}
		nothing := func(group string, e event.Event) {
			if _, err := s.Deliver(t.Context(), group, e, noEffect); err != nil {
				t.Error(err)
			}
		}
		for i, e := range list {
			nothing("quick", e)
			if i == 0 {
				f := view.Failure{Group: "slow", Event: e, Reason: "broken", Retry: func(int) (time.Duration, bool) { return 0, false }}
				if dead, err := s.FailDelivery(t.Context(), f); err != nil || !dead {
					t.Fatalf("%v, %v", dead, err)
				}
			}
			if i == 1 {
				nothing("slow", e)
			}
		}
		done := archived(t, s, noon.Add(time.Hour))
		want := []view.Laggard{{Group: "slow", Oldest: 10, Since: noon.Add(9 * time.Minute), Events: 18}}
		if diff := cmp.Diff(want, done.Held); diff != "" || done.Events != 9 {
			t.Errorf("%d events; held, -want +got:\n%s", done.Events, diff)
		}
		if done = archived(t, s, noon.Add(9*time.Minute)); done.Events != 0 || len(done.Held) != 0 {
			t.Errorf("nobody keeps what is too young: %+v", done)
		}
		for _, e := range list[2:] {
			nothing("slow", e)
		}
		if done = archived(t, s, noon.Add(time.Hour)); done.Events != 51 || len(done.Held) != 0 {
			t.Errorf("%+v", done)
		}
		// What was given up is tried again from the archive, and a new group is owed all of the past.
		if n, err := s.ResolveDead(t.Context(), view.DeadResolution{Group: "slow", Seq: 4}); err != nil || n != 1 {
			t.Fatalf("%v, %v", n, err)
		}
		if e, err := s.EventsAt(t.Context(), []event.Seq{4}); err != nil || len(e) != 1 {
			t.Errorf("%v, %v", e, err)
		}
		if err := s.JoinGroup(t.Context(), view.Group{Name: "late", Streams: []string{event.StreamDevice}, Past: true}); err != nil {
			t.Fatal(err)
		}
		groups, err := s.Groups(t.Context())
		if err != nil || len(groups) != 3 || groups[0].Name != "late" || groups[0].Pending != 20 || groups[0].Oldest != 4 {
			t.Errorf("%+v, %v", groups, err)
		}
	})
}

func TestArchiveIsMadeByOneAtATime(t *testing.T) {
	storetest.Both(t, func(t *testing.T, at storetest.Place) {
		dir := t.TempDir()
		a := archiving(t, at, dir)
		b := at.Open(t, store.Options{Fabric: "dc1", Worker: "w2", Archive: dir})
		history(t, a)
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() {
				s := a
				if i%2 == 1 {
					s = b
				}
				_, err := s.ArchiveLog(t.Context(), store.ArchiveOptions{Before: noon.Add(time.Hour)})
				if err != nil && !errors.Is(err, store.ErrArchiving) {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		files, err := os.ReadDir(dir)
		if err != nil || len(files) != 1 {
			t.Errorf("%v, %v", files, err)
		}
		if v, err := b.VerifyLog(t.Context()); err != nil || v.Archived != 60 {
			t.Errorf("%+v, %v", v, err)
		}
	})
}

// TestArchiveGoesOnWhereAKillLeftIt has the file that a process made before it was killed, and one that it had begun.
func TestArchiveGoesOnWhereAKillLeftIt(t *testing.T) {
	dir := t.TempDir()
	s := archiving(t, storetest.SQLite(t), dir)
	history(t, s)
	all, err := s.Events(t.Context(), event.Query{Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	f := archive.File{Dir: dir, Name: archive.Name("dc1", 1, 60), First: 1, Last: 60, Base: event.NoEvents(), Hash: all[59].Hash}
	if err := archive.Write(f, all); err != nil {
		t.Fatal(err)
	}
	before, err := os.Stat(f.Path())
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{f.Name + ".tmp-1", "other-000000000001-000000000002.jsonl.gz.tmp-1", "dc1-notes.txt"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("half"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if done := archived(t, s, noon.Add(time.Hour)); done.Events != 60 {
		t.Errorf("%+v", done)
	}
	after, err := os.Stat(f.Path())
	if err != nil || !os.SameFile(before, after) {
		t.Errorf("the file was made anew, %v", err)
	}
	names, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(names) != 3 {
		t.Errorf("%q, %v: what was begun is to go, and no more", names, err)
	}
	if v, err := s.VerifyLog(t.Context()); err != nil || v.Archived != 60 {
		t.Errorf("%+v, %v", v, err)
	}
}

func TestDamagedArchiveIsNamed(t *testing.T) {
	for name, c := range map[string]struct {
		damage func(file string) error
		want   string
		sound  int // the last sound event; -1 when it depends on the compression
	}{
		"missing":     {os.Remove, "events 1 to 60 are archived in FILE, which is not there; next: put it back", 0},
		"empty":       {func(f string) error { return os.Truncate(f, 0) }, "archive FILE: its beginning is damaged", 0},
		"cut off":     {func(f string) error { return cutFile(f, 100) }, "archive FILE: it is cut off ", -1},
		"its end":     {func(f string) error { return cutFile(f, 4) }, "archive FILE: it is cut off ", -1},
		"rubbish":     {func(f string) error { return os.WriteFile(f, []byte("hello"), 0o600) }, "archive FILE: its beginning is damaged", 0},
		"edited":      {rewrite("leaf2", "leaf7"), "archive FILE: event 4: its hash does not follow", 3},
		"reordered":   {swapLines(10, 11), "archive FILE: event 12 is where event 11 should be", 10},
		"a line less": {swapLines(10, -1), "archive FILE: event 12 is where event 11 should be", 10},
		"a line more": {swapLines(59, 60), "archive FILE: there is more in it than events 1 to 60", 60},
	} {
		t.Run(name, func(t *testing.T) {
			dir, at := t.TempDir(), storetest.SQLite(t)
			s := archiving(t, at, dir)
			history(t, s)
			archived(t, s, noon.Add(time.Hour))
			file := filepath.Join(dir, archive.Name("dc1", 1, 60))
			if err := c.damage(file); err != nil {
				t.Fatal(err)
			}
			s = archiving(t, at, dir)
			want := strings.ReplaceAll(c.want, "FILE", file)
			_, err := s.Events(t.Context(), event.Query{})
			var bad *archive.Error
			if !errors.As(err, &bad) || !strings.Contains(err.Error(), want) {
				t.Errorf("Events() = %v, want %q", err, want)
			}
			if list, err := s.Events(t.Context(), event.Query{After: 60}); err != nil || len(list) != 1 {
				t.Errorf("what is not in the file is still to be read: %d events, %v", len(list), err)
			}
			v, err := s.VerifyLog(t.Context())
			if err == nil || !strings.Contains(err.Error(), want) || c.sound >= 0 && int(v.Seq) != c.sound {
				t.Errorf("VerifyLog() = %d, %v; want %d, %q", v.Seq, err, c.sound, want)
			}
		})
	}
}

// TestArchiveNeverOverwrites finds another log's file where its own is to be.
func TestArchiveNeverOverwrites(t *testing.T) {
	dir := t.TempDir()
	one, two := archiving(t, storetest.SQLite(t), dir), archiving(t, storetest.SQLite(t), dir)
	for _, s := range []*store.Store{one, two} {
		history(t, s)
	}
	archived(t, one, noon.Add(time.Hour))
	_, err := two.ArchiveLog(t.Context(), store.ArchiveOptions{Before: noon.Add(time.Hour)})
	if err == nil || !strings.Contains(err.Error(), "nothing was taken out of the log; next: move it away") {
		t.Error(err)
	}
	if err := os.Rename(filepath.Join(dir, archive.Name("dc1", 1, 60)), filepath.Join(dir, archive.Name("dc1", 1, 9000))); err != nil {
		t.Fatal(err)
	}
	if _, err := two.ArchiveLog(t.Context(), store.ArchiveOptions{Before: noon.Add(time.Hour)}); err == nil || !strings.Contains(err.Error(), "it holds other events") {
		t.Error(err)
	}
	if err := os.Rename(filepath.Join(dir, archive.Name("dc1", 1, 9000)), filepath.Join(dir, archive.Name("dc1", 1, 60))); err != nil {
		t.Fatal(err)
	}
	for i, s := range []*store.Store{one, two} {
		if _, err := s.VerifyLog(t.Context()); err != nil {
			t.Errorf("%d: %v", i+1, err)
		}
	}
}

// TestUnsoundLogIsNotArchived keeps what was tampered with where it was found.
func TestUnsoundLogIsNotArchived(t *testing.T) {
	at := storetest.SQLite(t)
	s := archiving(t, at, t.TempDir())
	history(t, s)
	at.Exec(t, "DELETE FROM event WHERE seq = 30")
	_, err := s.ArchiveLog(t.Context(), store.ArchiveOptions{Before: noon.Add(time.Hour)})
	if want := "event 30: missing; nothing more is archived (next: tenter audit verify)"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("%v, want %q", err, want)
	}
}

// TestRowsThatAreArchivedMustBeTheSame finds a row that somebody put where one was taken away.
func TestRowsThatAreArchivedMustBeTheSame(t *testing.T) {
	at := storetest.SQLite(t)
	s := archiving(t, at, t.TempDir())
	history(t, s)
	archived(t, s, noon.Add(time.Hour))
	at.Exec(t, "INSERT INTO event SELECT 5, id, type, stream, predecessor, time, subject, correlation, hash, envelope, actor, severity FROM event WHERE seq = 61")
	_, err := s.VerifyLog(t.Context())
	if err == nil || !strings.Contains(err.Error(), "event 5: its row differs from the archive's") {
		t.Error(err)
	}
	if list, err := s.Events(t.Context(), event.Query{After: 3, Limit: 2}); err != nil || fmt.Sprint(places(list)) != "[4 5]" || list[1].Actor != "alice" {
		t.Errorf("readers are to have what is in the archive: %v, %v", list, err)
	}
}
