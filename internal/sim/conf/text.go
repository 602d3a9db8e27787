package conf

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

var (
	stepText = regexp.MustCompile(`^/([^/\[\]]+)((?:\[[^=\[\]]+=(?:[^\]\\]|\\.)*\])*)`)
	keyText  = regexp.MustCompile(`\[([^=]+)=((?:[^\]\\]|\\.)*)\]`)
	unescape = strings.NewReplacer(`\\`, `\`, `\]`, `]`)
)

// ParsePath reads a path in gNMI's textual form, as String writes it.
func ParsePath(text string) (Path, error) {
	var p Path
	for rest := text; rest != ""; {
		m := stepText.FindStringSubmatch(rest)
		if m == nil {
			return nil, fmt.Errorf("%q is no path: %q", text, rest)
		}
		step := Step{Name: m[1]}
		for _, k := range keyText.FindAllStringSubmatch(m[2], -1) {
			step.Keys = append(step.Keys, Key{k[1], unescape.Replace(k[2])})
		}
		slices.SortFunc(step.Keys, func(a, b Key) int { return strings.Compare(a.Name, b.Name) })
		p, rest = append(p, step), rest[len(m[0]):]
	}
	return p, nil
}
