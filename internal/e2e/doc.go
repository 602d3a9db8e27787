// Package e2e runs the real binary against real gNMI servers and a real Redis, as txtar scripts in testdata.
//
// Beside testscript's own verbs the scripts have: `until DURATION [stdout|stderr|exit] PATTERN COMMAND…`, `redis
// start|stop|kill|flush|dump`, `receiver start`, and the program itself as `tenter`.
package e2e
