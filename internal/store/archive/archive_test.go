package archive_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/store/archive"
)

// log returns sealed events as the store links them, from the first.
func log(t testing.TB, n int) []event.Event {
	t.Helper()
	hash := event.NoEvents()
	var list []event.Event
	for i := range n {
		e, err := event.Draft{
			ID: event.ID(fmt.Sprint("id", i)), Type: event.TypeDeviceSynced, Time: time.Date(2026, 1, 2, 3, 4, i, 0, time.UTC), Source: "w1",
			Subject: "leaf1", Data: event.Device{Device: "leaf1", Reason: "<é & \u2028>"},
		}.Seal()
		if err != nil {
			t.Fatal(err)
		}
		e.Seq, e.Predecessor = event.Seq(i+1), event.Seq(i)
		e.Hash = e.Link(hash)
		list, hash = append(list, e), e.Hash
	}
	return list
}

func file(dir string, list []event.Event) archive.File {
	end := list[len(list)-1]
	return archive.File{Dir: dir, Name: archive.Name("dc1", 1, end.Seq), First: 1, Last: end.Seq, Base: event.NoEvents(), Hash: end.Hash}
}

func TestWhatIsReadIsWhatWasWritten(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "made", "as needed")
	list := log(t, 200)
	f := file(dir, list)
	for range 2 { // the second time it is there already
		if err := archive.Write(f, list); err != nil {
			t.Fatal(err)
		}
	}
	got, err := archive.Read(f)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(list, got, cmp.Comparer(bytes.Equal)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	info, err := os.Stat(f.Path())
	if err != nil || info.Mode().Perm() != 0o600 || info.Size() > 50_000 {
		t.Errorf("%v of %d bytes, %v", info.Mode(), info.Size(), err)
	}
}

func TestFilesAreTheirsWhoAskForThem(t *testing.T) {
	dir := t.TempDir()
	list := log(t, 20)
	f := file(dir, list)
	if err := archive.Write(f, list); err != nil {
		t.Fatal(err)
	}
	shorter, other := f, f
	shorter.Last--
	other.Hash = event.NoEvents()
	base := f
	base.Base = list[0].Hash
	gone := f
	gone.Name = archive.Name("dc2", 1, 20)
	for want, f := range map[string]archive.File{
		"there is more in it than events 1 to 19": shorter, "another hash comes out": other, "event 1: its hash does not follow": base,
		"which is not there; next: put it back": gone,
	} {
		if list, err := archive.Read(f); err == nil || list != nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%d events, %v; want %q", len(list), err, want)
		}
	}
	if _, err := archive.Read(gone); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	if err := archive.Write(other, list); err == nil || !strings.Contains(err.Error(), "next: move it away") {
		t.Errorf("Write over another log's file: %v", err)
	}
}

func TestEnvelopesOfSeveralLinesAreRefused(t *testing.T) {
	for _, envelope := range []string{"{\n}", "", "{", "{}\r"} {
		if line, err := archive.AppendLine(nil, event.Event{Seq: 1, Envelope: []byte(envelope)}); err == nil {
			t.Errorf("%q: %s", envelope, line)
		}
	}
}

func FuzzParseLine(f *testing.F) {
	for _, e := range log(f, 3) {
		line, err := archive.AppendLine(nil, e)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(line)
		f.Add(bytes.Replace(line, []byte(`"seq":`), []byte(`"seq":-`), 1))
		f.Add(line[:len(line)/2])
	}
	f.Add([]byte(`{"seq":1,"hash":"zz","envelope":null}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		e, err := archive.ParseLine(line)
		if err != nil {
			return
		}
		again, err := archive.AppendLine(nil, e)
		if err != nil {
			return // of several lines, which nothing that was sealed is
		}
		if got, err := archive.ParseLine(again); err != nil || !bytes.Equal(got.Envelope, e.Envelope) || got.Seq != e.Seq || !bytes.Equal(got.Hash, e.Hash) {
			t.Errorf("%q is read back as %+v, %v", again, got, err)
		}
	})
}

func Example() {
	e := event.Event{Seq: 1, Hash: []byte{0xab}, Envelope: []byte(`{"specversion":"1.0"}`)}
	line, err := archive.AppendLine(nil, e)
	if err != nil {
		panic(err)
	}
	fmt.Print(archive.Name("dc1", 1, 5000), "\n", string(line))
	// Output:
	// dc1-000000000001-000000005000.jsonl.gz
	// {"seq":1,"predecessor":0,"hash":"ab","envelope":{"specversion":"1.0"}}
}
