package sim

import (
	"context"
	"fmt"
	"testing"

	gpb "github.com/openconfig/gnmi/proto/gnmi"
)

// From the call of Set to the notification at a subscriber, on one device with some configuration.
func BenchmarkSetToNotification(b *testing.B) {
	f := start(b, Options{})
	c, ctx := f.raw("leaf1")
	req := &gpb.SetRequest{}
	for i := range 100 {
		req.Update = append(req.Update, gupdate(fmt.Sprintf("/interfaces/interface[name=Ethernet%d]/config", i+1), `{"mtu":9000,"enabled":true,"description":"x"}`))
	}
	mustSet(b, c, ctx, req)
	w := subscribe(b, c, ctx, onChange("/interfaces/interface/config"))
	w.synced()
	n := 0
	for b.Loop() {
		n++
		if _, err := c.Set(context.WithoutCancel(ctx), updates(port49+"/config/description", fmt.Sprintf("%q", fmt.Sprint(n)))); err != nil {
			b.Fatal(err)
		}
		w.next()
	}
}
