// Package gnmi is the session with one device over gNMI (specification 0.10).
//
// A Session owns one connection. Its Sets are serialised; everything else may run beside them. It speaks to devices that
// lack Capabilities, Get or Subscribe ONCE, and takes the encodings that they have. All that a device says is handed
// on in canonical form. Every method honours its context and returns only after what it started has ended; nothing
// reconnects behind the caller's back: a broken call is a *fault.Error that says what happened and what to do next.
package gnmi
