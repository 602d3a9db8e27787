package intent

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/robfig/cron/v3"
)

// What an intent may say, the scheduler's own parser must understand.
func TestCronIsWhatTheSchedulerReads(t *testing.T) {
	rnd := rand.New(rand.NewPCG(9, 10))
	accepted := 0
	for range 20_000 {
		var fields []string
		for _, f := range cronFields {
			fields = append(fields, randomField(rnd, f))
		}
		text := strings.Join(fields, " ")
		var c Cron
		if c.UnmarshalText([]byte(text)) != nil {
			continue
		}
		accepted++
		if _, err := cron.ParseStandard(string(c)); err != nil {
			t.Fatalf("%q: %v", text, err)
		}
	}
	if accepted < 1000 {
		t.Errorf("only %d expressions were tried", accepted)
	}
}

func randomField(rnd *rand.Rand, f cronField) string {
	number := func() string {
		if len(f.names) > 0 && rnd.IntN(3) == 0 {
			return f.names[rnd.IntN(len(f.names))]
		}
		return fmt.Sprint(f.min + rnd.IntN(f.max-f.min+2)) // at times one too many
	}
	switch rnd.IntN(5) {
	case 0:
		return "*"
	case 1:
		return "*/" + fmt.Sprint(rnd.IntN(6))
	case 2:
		return number() + "-" + number()
	case 3:
		return number() + "," + number() + "-" + number() + "/2"
	}
	return number()
}

func TestCronRefuses(t *testing.T) {
	for _, text := range []string{"", "* * * *", "* * * * * *", "@daily", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * * 13 * ", "* * * * 7", "+1 * * * *", "1-  * * * *", "*/0 * * * *", "5-1 * * * *", "1,,2 * * * *", "TZ=UTC * * * *"} {
		var c Cron
		if err := c.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q is accepted", text)
		}
	}
}
