package timetable_test

import (
	"fmt"
	"time"

	"github.com/tenter-net/tenter/internal/timetable"
)

func Example() {
	nights, err := timetable.Parse("30 2 * * *", "Europe/Berlin")
	if err != nil {
		fmt.Println(err)
		return
	}
	next := time.Date(2026, time.March, 28, 0, 0, 0, 0, nights.Zone())
	for range 3 {
		next = nights.Next(next)
		fmt.Println(next.Format(time.RFC1123Z)) // on the 29th there is no 02:30
	}
	// Output:
	// Sat, 28 Mar 2026 02:30:00 +0100
	// Sun, 29 Mar 2026 03:00:00 +0200
	// Mon, 30 Mar 2026 02:30:00 +0200
}
