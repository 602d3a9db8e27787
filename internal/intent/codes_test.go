package intent

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Every code has its line in the registry, and is given by some test: by a bad document, or by one named here.
func TestCodes(t *testing.T) {
	if !slices.IsSortedFunc(codes, func(a, b codeInfo) int { return strings.Compare(string(a.code), string(b.code)) }) {
		t.Error("codes are not sorted, so about() cannot find them")
	}
	source, err := os.ReadFile("codes.go")
	if err != nil {
		t.Fatal(err)
	}
	declared := regexp.MustCompile(`(?m)^\tCode\w+ +Code = "(T\d{4})"$`).FindAllStringSubmatch(string(source), -1)
	if len(declared) != len(codes) {
		t.Errorf("%d codes are declared, %d are explained", len(declared), len(codes))
	}
	var given strings.Builder
	archives, err := filepath.Glob("testdata/bad/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range archives {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		given.Write(b)
	}
	elsewhere := []Code{
		CodeNotUTF8, CodeTooLarge, CodeUnreadable, // TestUnreadableFiles
		CodeRenumber,                  // TestSizingIsFixed
		CodeLinkEnds, CodeSegmentEnds, // fabric: TestProofsFail
	}
	for _, d := range declared {
		code := Code(d[1])
		if code.about() == "" {
			t.Errorf("%s is not explained", code)
		}
		if !strings.Contains(given.String(), "["+string(code)+"]") && !slices.Contains(elsewhere, code) {
			t.Errorf("no bad document gives %s: %s", code, code.about())
		}
	}
}
