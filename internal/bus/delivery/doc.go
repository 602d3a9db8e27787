// Package delivery is what both ways of distributing events have in common: a group's subscription, lanes that keep the
// order per subject while other subjects go on, and what becomes of an event whose handler fails.
//
// The store has the last word on every delivery: what it says is settled is passed over, and what a handler does is
// committed together with the end of its delivery. So delivering an event once too often does no harm, and
// losing one is found by the delivery that is still owed.
package delivery
