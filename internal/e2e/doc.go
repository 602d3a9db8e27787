// Package e2e runs the real binary against real gNMI servers and a real Redis, as txtar scripts in testdata.
//
// Beside testscript's own verbs, and the program itself as `tenter`, the scripts have
//
//	fabric NAME                                       a fabric of testdata in place of the example
//	lab start [--fault LINE]... [TOPOLOGY]            the simulated fabric, in the directory sim
//	until DURATION stdout|stderr PATTERN COMMAND...   again and again until it prints that
//	end INT|TERM|KILL DURATION STATE-DIR              signal the process of a state directory, and see it go in time
//	capture NAME PATTERN                              a variable from the last output
//	signal STOP|CONT|KILL|TERM STATE-DIR              to the process that holds the directory
//	redis start|kill|cli ARG...                       a real server, in $TENTER_BUS_REDIS; answers are in redis.out
//	receiver address|start                            a chat server, in $RECEIVER_URL; what it gets is in received.txt
//	webhook STATUS URL SECRET                         a signed push webhook of a git server
//	tamper STATEMENT                                  SQL past Tenter, in the store of sim/state
//	caused                                            each event names an earlier one that it follows from, but for those that begin something
//	absent WORD PATH...                               no file below the paths holds the word
package e2e
